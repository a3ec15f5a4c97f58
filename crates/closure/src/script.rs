//! A shell script: which commands it has, in which words.
//!
//! No shell's grammar is complete here. What is read is where commands begin, what is quoted, what a comment and a
//! here-document is, and which variables make a word; the rest of a script is passed over. So nothing of it can be
//! too strange to be read, and what is read is a little too much rather than too little.

mod meaning;
mod scan;

pub(crate) use meaning::{Meaning, Variables};

use std::fmt;

/// What is read of a script; the longest agent has 200 KiB.
const BYTES_MAX: usize = 1 << 20;

/// A script, read.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Its commands, in order, also those within others.
    pub(crate) commands: Vec<Vec<Word>>,
    /// The functions that it defines.
    pub(crate) functions: Vec<String>,
}

/// A word: its parts, which belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) Vec<Part>);

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it is.
    Text(String),
    /// What a variable holds.
    Variable {
        /// Its name.
        name: String,
        /// What it is where it is nothing.
        default: Option<Word>,
        /// That this is given to it then.
        assigns: bool,
    },
    /// What only running it would tell.
    Unknown,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Variable { name, default: None, .. } => write!(f, "${{{name}}}"),
            Part::Variable { name, default: Some(default), .. } => write!(f, "${{{name}:-{default}}}"),
            Part::Unknown => f.write_str("?"),
        })
    }
}

/// Reads a script.
pub(crate) fn read(bytes: &[u8]) -> Script {
    let bytes = bytes.get(..BYTES_MAX).unwrap_or(bytes);
    scan::scan(&String::from_utf8_lossy(bytes))
}

#[cfg(test)]
mod tests;
