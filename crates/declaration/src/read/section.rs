//! A table of the file, with a name for messages.

use crate::findings::Findings;
use crate::place::{At, Span, quoted};
use crate::value::{Node, in_quotes, kind_of};
use std::fmt::Display;
use std::str::FromStr;
use toml::de::{DeTable, DeValue};

/// A table and where it begins.
pub(crate) struct Section<'a> {
    table: &'a DeTable<'a>,
    /// Its header.
    pub(crate) span: Span,
    /// How messages call it: "group `web`".
    pub(crate) what: String,
}

impl<'a> Section<'a> {
    pub(crate) fn new(table: &'a DeTable<'a>, span: Span, what: String) -> Self {
        Self { table, span, what }
    }

    /// The same, called by its kind and the name it gives itself, if it does.
    pub(crate) fn named(table: &'a DeTable<'a>, span: Span, kind: &str) -> Self {
        let name = table.get("name").and_then(|name| name.get_ref().as_str());
        let what = name.map_or(format!("this {kind}"), |name| format!("{kind} `{}`", quoted(name)));
        Self { table, span, what }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Node<'a>> {
        self.table.get(key)
    }

    /// Every key with its value, in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(At<&'a str>, &'a Node<'a>)> {
        let mut all: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| (At { value: key.get_ref().as_ref(), span: key.span() }, value))
            .collect();
        all.sort_by_key(|(key, _)| key.span.start);
        all
    }

    /// Reports every key that is not among `known`.
    pub(crate) fn only_keys(&self, known: &[&str], findings: &mut Findings<'_>) {
        self.only_keys_of(&self.what, known, "", findings);
    }

    /// As [`Self::only_keys`], with another name for the section and a hint at the end.
    pub(crate) fn only_keys_of(&self, what: &str, known: &[&str], hint: &str, findings: &mut Findings<'_>) {
        for (key, _) in self.entries() {
            if !known.contains(&key.value) {
                let (given, known_list) = (quoted(key.value), known.join(", "));
                let message = format!("unknown key `{given}` in {what}; expected one of: {known_list}{hint}");
                findings.error_near(&key.span, message, key.value, known.iter().copied());
            }
        }
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: &str, findings: &mut Findings<'_>) -> Option<At<&'a str>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(At { value: text.as_ref(), span: value.span() }),
            other => {
                self.wrong_type(key, "a text in quotes", value, in_quotes(other), findings);
                None
            }
        }
    }

    /// The text of a key as a type that checks it; the type's own message says what is expected.
    pub(crate) fn parsed<T>(&self, key: &str, findings: &mut Findings<'_>) -> Option<At<T>>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(key, findings)?;
        checked(&text, findings)
    }

    /// As [`Self::parsed`], of a key that must be there.
    pub(crate) fn required<T>(&self, key: &str, example: &str, findings: &mut Findings<'_>) -> Option<At<T>>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.required_text(key, example, findings)?;
        checked(&text, findings)
    }

    /// The text of a key that must be there.
    pub(crate) fn required_text(
        &self,
        key: &str,
        example: &str,
        findings: &mut Findings<'_>,
    ) -> Option<At<&'a str>> {
        if self.get(key).is_none() {
            findings.error(&self.span, format!("{} lacks `{key}`: expected {example}", self.what));
        }
        self.text(key, findings)
    }

    /// One of some words, each standing for a value.
    pub(crate) fn one_of<T: Copy>(
        &self,
        key: &str,
        words: &[(&'static str, T)],
        findings: &mut Findings<'_>,
    ) -> Option<T> {
        let text = self.text(key, findings)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(*value);
        }
        let valid: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let message = format!(
            "`{key}` of {} cannot be `{}`; expected one of: {}",
            self.what,
            quoted(text.value),
            valid.join(", ")
        );
        findings.error_near(&text.span, message, text.value, words.iter().map(|(word, _)| *word));
        None
    }

    /// The table of a key, written `[header]`.
    pub(crate) fn table(
        &self,
        key: &str,
        header: &str,
        findings: &mut Findings<'_>,
    ) -> Option<(&'a DeTable<'a>, Span)> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some((table, value.span())),
            other => {
                let instead = other.is_array().then(|| format!("[{header}]"));
                let expected = format!("one section, written `[{header}]`");
                self.wrong_type(key, &expected, value, instead, findings);
                None
            }
        }
    }

    /// The tables of a key, written `[[header]]`, each as often as wanted.
    pub(crate) fn tables(
        &self,
        key: &str,
        header: &str,
        findings: &mut Findings<'_>,
    ) -> Vec<(&'a DeTable<'a>, Span)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let expected = format!("sections, each written `[[{header}]]` with two brackets");
        let DeValue::Array(items) = value.get_ref() else {
            let instead = value.get_ref().is_table().then(|| format!("[[{header}]]"));
            self.wrong_type(key, &expected, value, instead, findings);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => tables.push((table, item.span())),
                _ => self.wrong_type(key, &expected, item, None, findings),
            }
        }
        tables
    }

    pub(super) fn wrong_type(
        &self,
        key: &str,
        expected: &str,
        found: &Node<'_>,
        instead: Option<String>,
        findings: &mut Findings<'_>,
    ) {
        let message =
            format!("`{key}` of {} must be {expected}, not {}", self.what, kind_of(found.get_ref()));
        findings.error_with(&found.span(), message, instead);
    }
}

pub(super) fn checked<T: FromStr<Err: Display>>(
    text: &At<&str>,
    findings: &mut Findings<'_>,
) -> Option<At<T>> {
    match text.value.parse() {
        Ok(value) => Some(At { value, span: text.span.clone() }),
        Err(error) => {
            findings.error_with(&text.span, error.to_string(), tidied::<T>(text.value));
            None
        }
    }
}

/// What a text would be in lower case and with dashes for what names may not have, if that is valid.
fn tidied<T: FromStr>(text: &str) -> Option<String> {
    // `db:primray` has another slip than a character that names do not have.
    if text.contains(':') {
        return None;
    }
    let dashed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let candidate: String = text.chars().map(dashed).collect();
    let candidate = candidate.trim_matches('-').to_owned();
    candidate.parse::<T>().is_ok().then_some(candidate)
}
