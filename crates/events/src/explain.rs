//! Finding an entry, and printing what it says.

use crate::catalogue;
use crate::entry::Entry;
use std::sync::LazyLock;

static ALL: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
    let mut all: Vec<&'static Entry> =
        catalogue::THEMES.iter().flat_map(|theme| theme.iter().copied()).collect();
    all.sort_by_key(|entry| entry.id);
    all
});

/// Columns of a terminal nobody has widened.
const COLUMNS: usize = 80;

/// Every entry, by ascending id.
#[must_use]
pub fn entries() -> &'static [&'static Entry] {
    &ALL
}

/// The entry of this id.
#[must_use]
pub fn entry(id: u32) -> Option<&'static Entry> {
    ALL.iter().copied().find(|entry| entry.id == id)
}

/// No event is called that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no event `{given}`; the nearest is {} {}: run `steadfast explain {}`",
    nearest.id, nearest.name, nearest.id
)]
pub struct UnknownEvent {
    /// What was asked for, cut and escaped.
    pub given: String,
    /// The entry nearest to it.
    pub nearest: &'static Entry,
}

/// The entry of an id or a symbolic name (in upper or lower case).
///
/// # Errors
/// [`UnknownEvent`], which names the nearest entry: by number for a number, by common letters
/// from the start for a name.
pub fn find(what: &str) -> Result<&'static Entry, UnknownEvent> {
    let what = what.trim();
    let number = what.parse::<u32>().ok();
    let is_it = |entry: &&Entry| number == Some(entry.id) || entry.name.eq_ignore_ascii_case(what);
    if let Some(found) = ALL.iter().copied().find(is_it) {
        return Ok(found);
    }
    let nearest = match number {
        Some(number) => ALL.iter().min_by_key(|entry| entry.id.abs_diff(number)),
        None => ALL.iter().max_by_key(|entry| (common_start(entry.name, what), std::cmp::Reverse(entry.id))),
    };
    let nearest = nearest.copied().unwrap_or(catalogue::THEMES[0][0]);
    Err(UnknownEvent { given: what.chars().take(80).flat_map(char::escape_debug).collect(), nearest })
}

fn common_start(name: &str, given: &str) -> usize {
    name.bytes().zip(given.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

/// What the catalogue says of an event, rendered for a terminal of 80 columns.
///
/// # Errors
/// [`UnknownEvent`], as [`find`].
pub fn explain(what: &str) -> Result<String, UnknownEvent> {
    let entry = find(what)?;
    let mut out = format!("{} {} ({})\n", entry.id, entry.name, entry.level);
    paragraph(&mut out, entry.message);
    heading(&mut out, "Cause", entry.cause);
    heading(&mut out, "Remedy", entry.remedy);
    if !entry.fields.is_empty() {
        out.push_str("\nFields\n");
        for field in entry.fields {
            paragraph(&mut out, &format!("{}: {}", field.name, field.meaning));
        }
    }
    Ok(out)
}

fn heading(out: &mut String, title: &str, body: &str) {
    out.push_str(&format!("\n{title}\n"));
    paragraph(out, body);
}

/// Appends `text`, indented by two and wrapped. What stands between backticks is a command to be
/// copied, so it is not broken.
fn paragraph(out: &mut String, text: &str) {
    let mut line = String::from(" ");
    for word in words(text) {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS && line.trim() != "" {
            out.push_str(&line);
            out.push('\n');
            line = String::from(" ");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

/// Splits at spaces outside backticks.
fn words(text: &str) -> Vec<&str> {
    let mut quoted = false;
    let at_space = |c: char| {
        quoted ^= c == '`';
        c == ' ' && !quoted
    };
    text.split(at_space).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_by_number_and_by_name() {
        assert_eq!(find("1011").unwrap().name, "NODE_EVICTED");
        assert_eq!(find(" node_evicted ").unwrap().id, 1011);
    }

    #[test]
    fn an_unknown_one_names_the_nearest() {
        let error = find("1012").unwrap_err();
        assert_eq!(error.nearest.id, 1011);
        assert_eq!(
            error.to_string(),
            "no event `1012`; the nearest is 1011 NODE_EVICTED: run `steadfast explain 1011`"
        );
        assert_eq!(find("quorum_gone").unwrap_err().nearest.name, "QUORUM_LOST");
        assert!(find("\u{1b}[2J").unwrap_err().to_string().starts_with("no event `\\u{1b}[2J`"));
        assert!(find("99999999999999999999").is_err());
        assert!(find("").is_err());
    }

    #[test]
    fn explanations_fit_eighty_columns_and_keep_commands_whole() {
        for entry in entries() {
            let text = explain(&entry.id.to_string()).unwrap();
            for line in text.lines() {
                assert!(line.chars().count() <= COLUMNS, "{}: {line}", entry.id);
                assert!(line.matches('`').count() % 2 == 0, "{}: a command is broken: {line}", entry.id);
            }
        }
    }
}
