//! Lists of names, and lists in which an entry may be a choice.
//!
//! A name that is listed twice is doubtful; an empty list is refused, because it could be taken for
//! "nowhere" and for "anywhere".

use super::Section;
use super::section::checked;
use crate::findings::Findings;
use crate::place::{At, quoted};
use crate::value::{Node, in_quotes};
use model::desired::AnyOf;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;
use toml::de::DeValue;

const NAMES: &str = "a list of names in quotes";

impl<'a> Section<'a> {
    /// A list of names, without those that are wrong.
    pub(crate) fn names<T>(&self, key: &str, findings: &mut Findings<'_>) -> Vec<At<T>>
    where
        T: FromStr<Err: Display>,
    {
        let Some(items) = self.list(key, NAMES, findings) else { return Vec::new() };
        self.checked_names(key, items, NAMES, findings)
    }

    /// A list of names or of lists of names: all of it, and of each entry any one. A choice of one is
    /// none.
    pub(crate) fn choices<T>(&self, key: &str, findings: &mut Findings<'_>) -> Vec<AnyOf<At<T>>>
    where
        T: FromStr<Err: Display>,
    {
        let expected = "a list of names in quotes, or of lists of names of which any one will do";
        let mut choices = Vec::new();
        let mut alone = BTreeSet::new();
        for item in self.list(key, expected, findings).unwrap_or_default() {
            if let DeValue::Array(items) = item.get_ref() {
                self.not_empty(key, item, findings);
                let mut any = self.checked_names(key, items, NAMES, findings);
                match any.len() {
                    0 => {}
                    1 => choices.extend(any.pop().map(AnyOf::One)),
                    _ => choices.push(AnyOf::Any(any)),
                }
            } else if let Some(text) = self.text_in(key, item, expected, &mut alone, findings) {
                choices.extend(checked(&text, findings).map(AnyOf::One));
            }
        }
        choices
    }

    /// A list of lists of names.
    pub(crate) fn lists<T>(&self, key: &str, findings: &mut Findings<'_>) -> Vec<Vec<At<T>>>
    where
        T: FromStr<Err: Display>,
    {
        let expected = "a list of lists of names, such as [[\"a\", \"b\"]]";
        let mut lists = Vec::new();
        for item in self.list(key, expected, findings).unwrap_or_default() {
            match item.get_ref() {
                DeValue::Array(items) => {
                    self.not_empty(key, item, findings);
                    lists.push(self.checked_names(key, items, NAMES, findings));
                }
                other => {
                    let instead = other.as_str().map(|one| format!("[\"{}\"]", quoted(one)));
                    self.wrong_type(key, expected, item, instead, findings);
                }
            }
        }
        lists
    }

    /// The items of a list that has some.
    pub(super) fn list(
        &self,
        key: &str,
        expected: &str,
        findings: &mut Findings<'_>,
    ) -> Option<&'a [Node<'a>]> {
        let value = self.get(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            let instead = value.get_ref().as_str().map(|one| format!("[\"{}\"]", quoted(one)));
            self.wrong_type(key, expected, value, instead, findings);
            return None;
        };
        self.not_empty(key, value, findings);
        Some(items)
    }

    fn not_empty(&self, key: &str, value: &Node<'_>, findings: &mut Findings<'_>) {
        if value.get_ref().as_array().is_some_and(|items| items.is_empty()) {
            let message = format!("`{key}` of {} is an empty list: leave the key out instead", self.what);
            findings.error(&value.span(), message);
        }
    }

    fn checked_names<T>(
        &self,
        key: &str,
        items: &'a [Node<'a>],
        expected: &str,
        findings: &mut Findings<'_>,
    ) -> Vec<At<T>>
    where
        T: FromStr<Err: Display>,
    {
        let mut names = Vec::new();
        let mut seen = BTreeSet::new();
        for item in items {
            if let Some(text) = self.text_in(key, item, expected, &mut seen, findings) {
                names.extend(checked(&text, findings));
            }
        }
        names
    }

    /// The text of an item that was not seen before.
    pub(super) fn text_in(
        &self,
        key: &str,
        item: &'a Node<'a>,
        expected: &str,
        seen: &mut BTreeSet<&'a str>,
        findings: &mut Findings<'_>,
    ) -> Option<At<&'a str>> {
        let Some(text) = item.get_ref().as_str() else {
            self.wrong_type(key, expected, item, in_quotes(item.get_ref()), findings);
            return None;
        };
        if !seen.insert(text) {
            findings.warning(&item.span(), format!("`{}` is listed twice in `{key}`", quoted(text)));
            return None;
        }
        Some(At { value: text, span: item.span() })
    }
}
