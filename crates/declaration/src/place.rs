//! Places in the text.

use std::ops::Range;

/// From one byte of the text to before another.
pub(crate) type Span = Range<usize>;

/// A value with the place it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// Where the lines of a text begin, to turn bytes into lines and columns.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

/// A place as people count: lines and characters, from 1.
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) length: u32,
    pub(crate) source_line: String,
}

/// The most characters of a line that are shown. Lines of lists get long; a megabyte in one
/// line is nobody's message.
const LINE_CHARS_MAX: usize = 500;

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        // A byte order mark is no column of the first line.
        let first = text.len() - text.trim_start_matches('\u{feff}').len();
        let starts = std::iter::once(first).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { starts: starts.collect(), text }
    }

    pub(crate) fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).max(1)
    }

    pub(crate) fn position(&self, span: &Span) -> Position {
        let line = self.line(span.start);
        let start = self.starts[line - 1];
        let whole = &self.text[start..];
        let whole = whole.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let within = |byte: usize| byte.saturating_sub(start).min(whole.len());
        let chars = |from: usize, to: usize| {
            whole.as_bytes()[from..to].iter().filter(|byte| (**byte as i8) >= -0x40).count()
        };
        let from = within(span.start);
        let to = within(span.end).max(from);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Position {
            line: number(line),
            column: number(chars(0, from) + 1),
            length: number(chars(from, to).max(1)),
            source_line: whole.chars().take(LINE_CHARS_MAX).map(printable).collect(),
        }
    }
}

/// A character that is safe to print, one for one, so that a caret below still points at the right place.
pub(crate) fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        c => c,
    }
}

/// A text of the file, to be quoted in a message: cut to 80 characters.
pub(crate) fn quoted(text: &str) -> String {
    let mut out: String = text.chars().take(80).collect();
    if text.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let lines = Lines::new("ä = 1\r\nöö = \"x\"\r\n");
        let at = lines.position(&(8..12));
        assert_eq!((at.line, at.column, at.length), (2, 1, 2));
        assert_eq!(at.source_line, "öö = \"x\"");
    }

    #[test]
    fn places_at_and_beyond_the_end_are_places() {
        for text in ["", "a", "a\n", "\u{feff}", "\u{feff}a\n\n"] {
            for from in 0..=text.len() + 2 {
                let at = Lines::new(text).position(&(from..from + 3));
                assert!(at.line >= 1 && at.column >= 1 && at.length >= 1, "{text:?} {from}");
            }
        }
        assert_eq!(Lines::new("\u{feff}a=1").position(&(3..4)).column, 1);
    }
}
