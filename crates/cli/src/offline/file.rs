//! The declarative file, read and checked as `apply` does it.

use crate::failure::Failure;
use crate::files;
use crate::render::apply::places;
use declaration::{Diagnostic, Parsed, Severity};
use std::path::Path;

/// A file, and what is told of it.
pub(super) struct Declared {
    /// How it is called in messages.
    pub(super) name: String,
    /// What it says.
    pub(super) parsed: Parsed,
}

/// Reads it.
pub(super) fn read(path: &Path) -> Result<Declared, Failure> {
    let (text, name) = files::read_declaration(path)?;
    match declaration::parse(&text) {
        Ok(parsed) => Ok(Declared { name, parsed }),
        Err(found) => Err(refused(&name, &found)),
    }
}

/// What is wrong with it.
pub(super) fn refused(name: &str, found: &[Diagnostic]) -> Failure {
    let wrong: Vec<_> = found.iter().filter(|one| one.severity == Severity::Error).map(shown).collect();
    let mistakes = match wrong.len() {
        1 => "1 mistake".to_owned(),
        several => format!("{several} mistakes"),
    };
    Failure::new(format!("{name} has {mistakes}; nothing was planned")).places(places(name, &wrong))
}

/// A remark as it is printed.
pub(super) fn shown(found: &Diagnostic) -> api::Diagnostic {
    let Diagnostic { line, column, length, message, suggestion, source_line, .. } = found.clone();
    api::Diagnostic { line, column, length, message, suggestion, source_line }
}
