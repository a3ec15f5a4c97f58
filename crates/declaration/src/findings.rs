//! Collecting everything that is wrong with a file, within bounds.

use crate::diagnostic::{Diagnostic, Severity};
use crate::nearest::nearest;
use crate::place::{Lines, Span, printable};

/// The most errors, and the most warnings, that are kept. Nobody reads more, and a hostile file
/// could otherwise be answered with a hundred times its size.
const KEPT_MAX: usize = 100;

/// What was found so far in one text.
pub(crate) struct Findings<'t> {
    lines: Lines<'t>,
    errors: Kept,
    warnings: Kept,
}

#[derive(Default)]
struct Kept {
    list: Vec<Diagnostic>,
    more: usize,
}

impl<'t> Findings<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { lines: Lines::new(text), errors: Kept::default(), warnings: Kept::default() }
    }

    /// The line of a place, for messages about two places.
    pub(crate) fn line(&self, span: &Span) -> usize {
        self.lines.line(span.start)
    }

    pub(crate) fn error(&mut self, span: &Span, message: impl AsRef<str>) {
        self.add(Severity::Error, span, message.as_ref(), None);
    }

    /// An error with what to write instead.
    pub(crate) fn error_with(&mut self, span: &Span, message: impl AsRef<str>, instead: Option<String>) {
        self.add(Severity::Error, span, message.as_ref(), instead);
    }

    /// An error about a word, with the nearest of those that were valid.
    pub(crate) fn error_near<'w>(
        &mut self,
        span: &Span,
        message: impl AsRef<str>,
        given: &str,
        valid: impl IntoIterator<Item = &'w str>,
    ) {
        // Looking for the nearest of many words is the one slow thing here, so it ends with the room.
        let near = if self.full() { None } else { nearest(given, valid).map(str::to_owned) };
        self.add(Severity::Error, span, message.as_ref(), near);
    }

    pub(crate) fn warning(&mut self, span: &Span, message: impl AsRef<str>) {
        self.add(Severity::Warning, span, message.as_ref(), None);
    }

    pub(crate) fn warning_near<'w>(
        &mut self,
        span: &Span,
        message: impl AsRef<str>,
        given: &str,
        valid: impl IntoIterator<Item = &'w str>,
    ) {
        let room = self.warnings.list.len() < KEPT_MAX;
        let near = if room { nearest(given, valid).map(str::to_owned) } else { None };
        self.add(Severity::Warning, span, message.as_ref(), near);
    }

    /// Whether further errors are only counted.
    pub(crate) fn full(&self) -> bool {
        self.errors.list.len() >= KEPT_MAX
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.list.is_empty()
    }

    /// Everything, in the order of the file; errors and warnings mixed.
    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        let mut all = [self.errors.closed("errors"), self.warnings.closed("warnings")].concat();
        all.sort_by_key(|one| (one.line, one.column));
        all
    }

    fn add(&mut self, severity: Severity, span: &Span, message: &str, suggestion: Option<String>) {
        let kept = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if kept.list.len() >= KEPT_MAX {
            kept.more += 1;
            return;
        }
        // Messages quote the file, some by way of other crates: here none can be forgotten.
        let message: String = message.chars().map(printable).collect();
        let suggestion = suggestion.map(|text| text.chars().map(printable).collect());
        let at = self.lines.position(span);
        let (line, column, length, source_line) = (at.line, at.column, at.length, at.source_line);
        kept.list.push(Diagnostic { severity, line, column, length, message, suggestion, source_line });
    }
}

impl Kept {
    fn closed(mut self, what: &str) -> Vec<Diagnostic> {
        if self.more > 0
            && let Some(last) = self.list.last_mut()
        {
            last.message = format!("{} (and {} more {what} that are not shown)", last.message, self.more);
        }
        self.list
    }
}
