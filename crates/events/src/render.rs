//! From a message with `{field}` places and the fields to one safe line.
//!
//! Field values may come from anybody who can reach a port. Whatever they hold, the line stays
//! one line, cannot move a terminal's cursor, cannot reverse the reading direction, and stays short.

use crate::entry::{Entry, Field};
use serde_json::{Map, Value};

/// The longest text a field keeps, in characters. Longer than every honest value (a path has up
/// to 4095, but one of more than a few hundred is no honest path in a message), short enough that
/// a flood of hostile ones does not crowd the honest events out of a bounded log.
pub(crate) const FIELD_CHARS_MAX: usize = 500;

/// The most items a list field keeps: more nodes than a message can usefully name.
pub(crate) const FIELD_ITEMS_MAX: usize = 64;

/// The message of `entry` with its places filled in.
pub(crate) fn message(entry: &Entry, fields: &Map<String, Value>) -> String {
    let mut out = String::with_capacity(entry.message.len() + 64);
    let mut rest = entry.message;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let declared = entry.fields.iter().find(|field| field.name == name);
        out.push_str(&shown(declared, fields.get(name)));
        rest = after;
    }
    out + rest
}

fn shown(declared: Option<&Field>, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => declared.and_then(|field| field.absent).unwrap_or("unknown").to_owned(),
        Some(value) => cut(&escape(&plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Characters that change what a line or a terminal shows beyond themselves are written as `\u{…}`.
fn escape(text: &str) -> String {
    let unsafe_to_show = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if unsafe_to_show(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(FIELD_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The value with texts and lists cut to what a field keeps.
pub(crate) fn bounded(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(cut(&text)),
        Value::Array(items) => Value::Array(items.into_iter().take(FIELD_ITEMS_MAX).map(bounded).collect()),
        other => other,
    }
}
