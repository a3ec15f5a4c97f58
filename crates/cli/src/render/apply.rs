//! What `apply` says: differences, and places in the file that are wrong.

use crate::paint::{Tone, clean, tone};
use api::Diagnostic;

/// How much of a long source line is shown, in characters: what fits beside the line number.
const SOURCE_CHARS: usize = 72;

/// The differences, a line each.
pub(crate) fn diff(lines: &[String]) -> String {
    let line = |line: &String| {
        let text = clean(line);
        let how = match text.trim_start().chars().next() {
            Some('+') => Tone::Good,
            Some('-') => Tone::Bad,
            Some('~') => Tone::Doubt,
            _ => return format!("{text}\n"),
        };
        format!("{}\n", tone(&text, how))
    };
    lines.iter().map(line).collect()
}

/// Places of `file` that are wrong.
pub(crate) fn places(file: &str, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|place| one(&tone("error:", Tone::Bad), Tone::Bad, file, place)).collect()
}

/// Places of `file` that are doubtful.
pub(crate) fn warnings(file: &str, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|place| one(&tone("warning:", Tone::Doubt), Tone::Doubt, file, place)).collect()
}

/// One place: where and what, the line, and under it what is meant.
fn one(word: &str, how: Tone, file: &str, place: &Diagnostic) -> String {
    let Diagnostic { line, column, .. } = place;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let (source, before, length) = window(place);
    let caret = tone(&"^".repeat(length), how);
    let mut text = format!("{word} {}:{line}:{column}: {}\n", clean(file), clean(&place.message));
    text.push_str(&format!("{margin} |\n{number} | {source}\n{margin} | {}{caret}\n", " ".repeat(before)));
    if let Some(suggestion) = &place.suggestion {
        text.push_str(&format!("{margin} = try: {}\n", clean(suggestion)));
    }
    text
}

/// The part of the line around the place, how many characters stand before the place in it, and
/// how many to underline. One character of the file is one column here, so tabs and control
/// characters become spaces.
fn window(place: &Diagnostic) -> (String, usize, usize) {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let source: Vec<char> = place.source_line.chars().map(shown).collect();
    let before = (place.column.saturating_sub(1) as usize).min(source.len());
    let start = if source.len() <= SOURCE_CHARS { 0 } else { before.saturating_sub(SOURCE_CHARS / 3) };
    let end = (start + SOURCE_CHARS).min(source.len());
    let length = (place.length as usize).clamp(1, end.saturating_sub(before).max(1));
    let text: String = source[start..end].iter().collect();
    (clean_same_width(&text), before - start, length)
}

/// Like [`clean`], without a change of width: what would need an escape becomes a question mark.
fn clean_same_width(text: &str) -> String {
    let plain = |c: char| if clean(c.encode_utf8(&mut [0; 4])).chars().count() == 1 { c } else { '?' };
    text.chars().map(plain).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::check;
    use crate::paint::paint;

    fn place(line: u32, column: u32, length: u32, source_line: &str) -> Diagnostic {
        let (message, source_line) = ("unknown resource type `ip-adress`".to_owned(), source_line.to_owned());
        Diagnostic { line, column, length, message, suggestion: None, source_line }
    }

    #[test]
    fn a_place_is_shown_with_its_line_and_a_caret() {
        let mut first = place(12, 8, 11, "type = \"ip-adress\"");
        first.suggestion = Some("ip-address".to_owned());
        let long = format!("{}type = \"x\"{}", "a = 1, ".repeat(30), ", b = 2".repeat(30));
        let all = [first, place(100, 218, 3, &long), place(3, 2, 4, "\tname"), place(4, 9, 5, "short")];
        check("places.txt", &paint(&places("cluster.toml", &all), false));
    }

    #[test]
    fn no_place_can_break_the_picture() {
        for (column, length) in [(0, 0), (1, 0), (u32::MAX, u32::MAX), (3, u32::MAX)] {
            for source in ["", "x", "\u{1b}[2J\u{202e}", &"ä".repeat(5000)] {
                let text = paint(&places("f", &[place(1, column, length, source)]), false);
                assert_eq!(text.lines().count(), 4, "{text}");
                assert!(!text.contains('\u{1b}') && text.lines().all(|line| line.chars().count() < 160));
            }
        }
    }

    #[test]
    fn differences_keep_their_signs() {
        let lines = ["+ group web", "- group old", "~ group db: profile", "cluster shop"].map(str::to_owned);
        assert_eq!(paint(&diff(&lines), false), format!("{}\n", lines.join("\n")));
        assert!(paint(&diff(&lines), true).starts_with("\u{1b}[32m+ group web\u{1b}[0m\n"));
    }
}
