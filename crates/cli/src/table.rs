//! Tables without lines: columns that two spaces separate, so that `cut`, `awk` and eyes work.

use crate::paint::{Tone, tone};
use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};

/// A column up to this many characters is never broken; longer ones, and the last, share what is
/// left. A name, a state and a time fit; addresses, reasons and texts wrap.
const NARROW_CHARS: u16 = 24;

/// A table of at most `width` columns; without a width (no terminal) nothing is wrapped.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    match width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.set_header(header.iter().map(|title| tone(title, Tone::Strong)));
    table.add_rows(rows);
    let widths = table.column_max_content_widths();
    let last = widths.len().saturating_sub(1);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if at == last { 0 } else { 2 }));
        if widths[at] <= NARROW_CHARS && at != last {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::paint;

    fn rows() -> Vec<Vec<String>> {
        let long = "the quick brown fox jumps over the lazy dog, again and again and again";
        vec![
            vec!["n1".to_owned(), tone("up", Tone::Good), long.to_owned()],
            vec!["n2".to_owned(), tone("down", Tone::Bad), "short".to_owned()],
        ]
    }

    #[test]
    fn wide_columns_wrap_and_narrow_ones_do_not() {
        let text = paint(&table(&["NAME", "STATE", "REASON"], rows(), Some(44)), false);
        let expected = "\
NAME  STATE  REASON
n1    up     the quick brown fox jumps over
             the lazy dog, again and again
             and again
n2    down   short
";
        assert_eq!(text, expected);
    }

    #[test]
    fn colours_do_not_change_the_layout() {
        let marked = table(&["NAME", "STATE", "REASON"], rows(), Some(44));
        let painted = paint(&marked, true);
        assert!(painted.contains("\u{1b}[32mup\u{1b}[0m     the quick"), "{painted:?}");
    }

    #[test]
    fn without_a_terminal_a_row_is_a_line() {
        let text = table(&["NAME", "STATE", "REASON"], rows(), None);
        assert_eq!(text.lines().count(), 3, "{text}");
    }
}
