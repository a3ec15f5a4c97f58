//! Values of the file: their numbers, their times, and how messages call them.

use std::fmt;
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

/// A value of the file, with its place.
pub(crate) type Node<'a> = Spanned<DeValue<'a>>;

/// A number of the file, if it has at most 64 bits.
pub(crate) fn whole_number(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// What a value is, in words.
pub(crate) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(text) if text.contains('\0') => "a text with a NUL character",
        DeValue::String(_) => "a text",
        DeValue::Integer(number) if whole_number(number).is_none() => "a number beyond 64 bits",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(true) => "`true`",
        DeValue::Boolean(false) => "`false`",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(items) if items.is_empty() => "an empty list",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

/// A bare value as it would look in quotes.
pub(crate) fn in_quotes(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(number) => Some(format!("\"{number}\"")),
        DeValue::Float(number) => Some(format!("\"{number}\"")),
        DeValue::Boolean(flag) => Some(format!("\"{flag}\"")),
        DeValue::Datetime(time) => Some(format!("\"{time}\"")),
        DeValue::String(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// Milliseconds in the notation of the file: in the largest unit of which they are a whole number.
pub(crate) struct Ms(pub(crate) u64);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        let unit = units.into_iter().find(|(ms, _)| self.0.is_multiple_of(*ms));
        let (ms, word) = unit.unwrap_or((1, "ms"));
        write!(f, "{}{word}", self.0 / ms)
    }
}
