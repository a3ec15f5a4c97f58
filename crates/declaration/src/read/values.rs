//! Values that are no names: flags, counts, spans of time, limits, and small tables of the
//! administrator's own words.

use super::Section;
use super::section::checked;
use crate::findings::Findings;
use crate::place::{At, quoted};
use crate::types::Kind;
use crate::value::{Node, kind_of};
use model::desired::{Limit, Value, parse_duration};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The most failures that a limit may count: each is kept, with its time, for as long as it counts. More
/// than one in a second of a quarter of an hour is no limit but its absence.
const FAILURES_MAX: u32 = 1_000;

/// A word of the administrator's own: the name of an attribute, or of something that nodes have so much of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word(pub(crate) String);

/// A text is not such a word.
#[derive(Debug)]
pub(crate) struct InvalidWord(String);

impl FromStr for Word {
    type Err = InvalidWord;
    fn from_str(text: &str) -> Result<Self, InvalidWord> {
        let good = (1..=64).contains(&text.len())
            && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidWord(quoted(text))) }
    }
}

impl fmt::Display for InvalidWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = "1 to 64 letters, digits, `_`, `.` and `-`, beginning with a letter or digit";
        write!(f, "`{}` cannot be a name here: expected {rule}", self.0)
    }
}

impl<'a> Section<'a> {
    /// `true` or `false`.
    pub(crate) fn flag(&self, key: &str, findings: &mut Findings<'_>) -> Option<At<bool>> {
        let read = self.of_kind(key, Kind::Flag, findings)?;
        let Value::Flag(value) = read.value else { return None };
        Some(At { value, span: read.span })
    }

    /// A whole number in this range, which is one of `T`.
    pub(crate) fn number<T: TryFrom<i64>>(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
        findings: &mut Findings<'_>,
    ) -> Option<At<T>> {
        let (min, max) = range.into_inner();
        let read = self.of_kind(key, Kind::Number { min, max }, findings)?;
        let Value::Number(number) = read.value else { return None };
        Some(At { value: T::try_from(number).ok()?, span: read.span })
    }

    /// A span of time in milliseconds.
    pub(crate) fn duration(
        &self,
        key: &str,
        range_ms: RangeInclusive<u64>,
        findings: &mut Findings<'_>,
    ) -> Option<At<u64>> {
        let (min_ms, max_ms) = range_ms.into_inner();
        let read = self.of_kind(key, Kind::Duration { min_ms, max_ms }, findings)?;
        let Value::Text(text) = read.value else { return None };
        let value = u64::try_from(parse_duration(&text)?.as_millis()).ok()?;
        Some(At { value, span: read.span })
    }

    /// How many failures in which time.
    pub(crate) fn limit(&self, key: &str, findings: &mut Findings<'_>) -> Option<At<Limit>> {
        let limit = self.parsed::<Limit>(key, findings)?;
        if limit.value.max > FAILURES_MAX {
            let message = format!(
                "`{key}` of {} counts to {}; at most {FAILURES_MAX} failures are counted",
                self.what, limit.value.max
            );
            findings.error(&limit.span, message);
            return None;
        }
        Some(limit)
    }

    /// A table of the administrator's own names with a number for each, such as `{ n1 = 100 }`.
    pub(crate) fn numbers<N: FromStr<Err: fmt::Display>, T: TryFrom<i64>>(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
        example: &str,
        findings: &mut Findings<'_>,
    ) -> Vec<(At<N>, T)> {
        let Some(table) = self.small_table(key, example, findings) else { return Vec::new() };
        let mut numbers = Vec::new();
        for (name, _) in table.entries() {
            let number = table.number(name.value, range.clone(), findings);
            numbers.extend(checked(&name, findings).zip(number.map(|number| number.value)));
        }
        numbers
    }

    /// A table that fits a line, and is not empty.
    pub(crate) fn small_table(
        &self,
        key: &str,
        example: &str,
        findings: &mut Findings<'_>,
    ) -> Option<Section<'a>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, &format!("a table such as {key} = {example}"), value, None, findings);
            return None;
        };
        if table.is_empty() {
            let message = format!("`{key}` of {} is an empty table: leave the key out instead", self.what);
            findings.error(&value.span(), message);
        }
        Some(Section::new(table, value.span(), format!("`{key}` of {}", self.what)))
    }

    fn of_kind(&self, key: &str, kind: Kind, findings: &mut Findings<'_>) -> Option<At<Value>> {
        let value = self.get(key)?;
        match kind.read(value) {
            Ok(read) => Some(At { value: read, span: value.span() }),
            Err(wrong) => {
                let message =
                    format!("`{}` of {} must be {kind}, not {}", quoted(key), self.what, wrong.found);
                findings.error_with(&wrong.span, message, wrong.instead);
                None
            }
        }
    }
}

/// A text of the administrator's own, or a whole number or flag taken as one; the error says what was
/// expected.
pub(super) fn own_text(value: &Node<'_>, what: &str, findings: &mut Findings<'_>) -> Option<At<String>> {
    use crate::value::whole_number;
    use toml::de::DeValue;
    /// As long as anything that describes a machine; every node keeps it in memory.
    const BYTES_MAX: usize = 255;
    let text = match value.get_ref() {
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Integer(number) if whole_number(number).is_some() => {
            whole_number(number).unwrap_or_default().to_string()
        }
        DeValue::String(text) if text.len() <= BYTES_MAX && !text.chars().any(char::is_control) => {
            text.as_ref().to_owned()
        }
        other => {
            let found =
                other.as_str().map_or(kind_of(other).to_owned(), |text| format!("`{}`", quoted(text)));
            let message = format!(
                "{what} must be one line of text of at most {BYTES_MAX} bytes, a whole number, true or \
                 false, not {found}"
            );
            findings.error(&value.span(), message);
            return None;
        }
    };
    Some(At { value: text, span: value.span() })
}
