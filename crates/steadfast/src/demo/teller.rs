//! Tells the story: numbered steps, commands and what they printed, in 80 columns.

use super::Failed;
use std::io::Write;

/// As wide as the narrowest terminal that is still common, and as mail and documents are. The
/// commands of the story are told too.
pub(super) const COLUMNS: usize = 80;

/// A longer word is a token or a key, of which the beginning tells enough.
const WORD_MAX: usize = 40;

/// How much of such a word is shown.
const WORD_SHOWN: usize = 16;

/// The voice.
pub(super) struct Teller {
    out: Box<dyn Write>,
    steps: u32,
}

impl Teller {
    /// Tells it on standard output.
    pub(super) fn of_stdout() -> Self {
        Self { out: Box::new(std::io::stdout()), steps: 0 }
    }

    fn write(&mut self, text: &str) -> Result<(), Failed> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(Failed::system("tell the story"))
    }

    /// A part of the story begins.
    pub(super) fn title(&mut self, text: &str) -> Result<(), Failed> {
        self.write(&format!("\n{text}\n{}\n", "=".repeat(text.chars().count())))
    }

    /// The next step begins.
    pub(super) fn step(&mut self, text: &str) -> Result<(), Failed> {
        self.steps += 1;
        let number = format!("{}. ", self.steps);
        let text = fold(&format!("{number}{text}"), number.len());
        self.write(&format!("\n{text}\n"))
    }

    /// Says something.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Failed> {
        self.write(&format!("{}\n", fold(text, 0)))
    }

    /// A command was typed at a prompt such as `n1#`.
    pub(super) fn typed(&mut self, prompt: &str, command: &str) -> Result<(), Failed> {
        self.write(&format!("\n{}\n", fold(&format!("{prompt} {command}"), 4)))
    }

    /// What it printed. Lines that are too long are folded, and tokens are cut short.
    pub(super) fn printed(&mut self, output: &str) -> Result<(), Failed> {
        let lines: String = output.lines().map(|line| format!("{}\n", fold(line, 4))).collect();
        self.write(&lines)
    }

    /// An expectation was checked, and held.
    pub(super) fn held(&mut self, what: &str) -> Result<(), Failed> {
        self.write(&format!("{}\n", fold(&format!("-> checked: {what}"), 3)))
    }
}

/// Cuts words that are too long short, and folds the line at spaces; all lines but the first are
/// indented by `hang`.
fn fold(line: &str, hang: usize) -> String {
    let mut folded = String::new();
    let mut column = 0;
    for (place, word) in line.split(' ').enumerate() {
        let word = shown(word);
        let width = word.chars().count();
        if place > 0 {
            if column + 1 + width > COLUMNS {
                folded.truncate(folded.trim_end().len());
                folded += &format!("\n{}", " ".repeat(hang));
                column = hang;
            } else {
                folded.push(' ');
                column += 1;
            }
        }
        folded += &word;
        column += width;
    }
    folded
}

fn shown(word: &str) -> String {
    if word.chars().count() <= WORD_MAX {
        return word.to_owned();
    }
    word.chars().take(WORD_SHOWN).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        let line = "NODE  STATE  VOTES   SEEN";
        assert_eq!(fold(line, 4), line);
        assert_eq!(fold("  indented", 4), "  indented");
        assert_eq!(fold("", 4), "");
    }

    #[test]
    fn longer_lines_are_folded_at_spaces_and_tokens_are_cut() {
        let token = format!("sfj1_{}", "0123456789".repeat(8));
        let line = format!("steadfast join 10.99.0.1:7400 --token {token}");
        assert_eq!(fold(&line, 4), "steadfast join 10.99.0.1:7400 --token sfj1_01234567890...");
        for length in 0..300 {
            let line: String =
                "a word and some more, longer than this ".chars().cycle().take(length).collect();
            let folded = fold(&line, 4);
            assert!(folded.lines().all(|line| line.chars().count() <= COLUMNS), "{folded}");
            let words: Vec<_> = folded.split_whitespace().collect();
            assert_eq!(words, line.split_whitespace().collect::<Vec<_>>());
        }
    }
}
