//! Answers as text for people: pure functions from an answer and a width to lines.
//!
//! Every text from a node passes through [`crate::paint::clean`] on its way.

pub(crate) mod apply;
pub(crate) mod baseline;
pub(crate) mod check;
pub(crate) mod components;
pub(crate) mod events;
pub(crate) mod groups;
pub(crate) mod nodes;
pub(crate) mod plan;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod status;
pub(crate) mod types;

use crate::paint::{Tone, clean, paint, tone};

/// A state in its tone: the words of nodes, networks, groups and resources.
fn state(word: &str) -> String {
    let how = match word {
        "up" | "online" => Tone::Good,
        "down" | "failed" | "isolated" => Tone::Bad,
        "offline" => return clean(word),
        _ => Tone::Doubt,
    };
    tone(&clean(word), how)
}

/// An enum of the API by its name in JSON.
fn word<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "unknown".to_owned(),
    }
}

/// `12 s ago`, or `now` within a second: heartbeats come several times in one.
fn ago(ms: u64) -> String {
    if ms < 1000 { "now".to_owned() } else { format!("{} ago", lapse(ms)) }
}

/// `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`: as exact as anybody needs.
fn lapse(ms: u64) -> String {
    match ms / 1000 {
        0..10 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Lines of `label  value`, the labels in one column, the values wrapped beside them. Values may
/// carry tones.
fn facts(facts: &[(&str, String)], width: Option<u16>) -> String {
    let widest = facts.iter().map(|(label, _)| label.len()).max().unwrap_or(0) + 2;
    let line = |(label, value): &(&str, String)| {
        let gap = " ".repeat(widest - label.len());
        format!("{}{gap}{}\n", tone(label, Tone::Strong), wrap(value, width, widest))
    };
    facts.iter().map(line).collect()
}

/// Breaks `text` between words, so that it stands in the columns from `indent` to `width`.
pub(crate) fn wrap(text: &str, width: Option<u16>, indent: usize) -> String {
    let Some(width) = width else { return text.to_owned() };
    let columns = |text: &str| paint(text, false).chars().count();
    let mut out = String::new();
    let mut at = indent;
    for word in text.split(' ') {
        let wide = columns(word);
        if out.is_empty() {
            at += wide;
        } else if at + 1 + wide > usize::from(width) {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            at = indent + wide;
        } else {
            out.push(' ');
            at += 1 + wide;
        }
        out.push_str(word);
    }
    out
}

/// Or a dash.
fn or_dash(value: Option<&str>) -> String {
    value.map_or_else(|| "-".to_owned(), clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_beside_their_label() {
        let text =
            facts(&[("a", "one two".to_owned()), ("long", tone("three four five", Tone::Good))], Some(16));
        assert_eq!(paint(&text, false), "a     one two\nlong  three four\n      five\n");
        assert_eq!(wrap("unbreakable", Some(4), 2), "unbreakable");
    }

    #[test]
    fn lapses_are_short() {
        let shown = [0, 450, 9_999, 10_000, 119_999, 120_000, 7_200_000, 172_800_000].map(lapse);
        assert_eq!(shown, ["0.0 s", "0.4 s", "9.9 s", "10 s", "119 s", "2 min", "2 h", "2 d"]);
    }
}
