//! A remark about a place in the file, as data and as text.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// How serious a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The file cannot be applied.
    Error,
    /// The file can be applied, and may not mean what it seems to.
    Warning,
}

/// A remark about a place in the file. Everything in it is safe to print: control characters of
/// the file have been replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How serious it is.
    pub severity: Severity,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// How many characters of the line it is about, at least 1.
    pub length: u32,
    /// What is wrong and what was expected.
    pub message: String,
    /// The nearest valid word, or what to write instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The line itself, one character for each of the file's; a very long line is cut.
    pub source_line: String,
}

impl Diagnostic {
    /// The remark with its line and a caret, as compilers print it:
    ///
    /// ```text
    /// error: cluster.toml:12:1: unknown key `adress` in resource `ip`
    ///    |
    /// 12 | adress = "10.99.0.100/24"
    ///    | ^^^^^^
    ///    = did you mean `address`?
    /// ```
    #[must_use]
    pub fn render(&self, file_name: &str) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (line, column) = (self.line, self.column);
        let mut out = format!("{severity}: {file_name}:{line}:{column}: {}\n", self.message);
        let margin = " ".repeat(line.to_string().len());
        let shown = self.source_line.chars().count();
        let before = column as usize - 1;
        // Writing to a String cannot fail; a caret beyond a cut line would point at nothing.
        if before <= shown {
            let carets = "^".repeat((self.length as usize).min((shown - before).max(1)));
            let _ = writeln!(out, "{margin} |\n{line} | {}", self.source_line);
            let _ = writeln!(out, "{margin} | {}{carets}", " ".repeat(before));
        }
        if let Some(suggestion) = &self.suggestion {
            let _ = writeln!(out, "{margin} = did you mean `{suggestion}`?");
        }
        out
    }
}

/// Every remark, rendered, with an empty line between.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], file_name: &str) -> String {
    diagnostics.iter().map(|one| one.render(file_name)).collect::<Vec<_>>().join("\n")
}
