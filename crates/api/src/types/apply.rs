//! The declarative file: apply and export.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Make the cluster what this file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplyRequest {
    /// The file's contents.
    pub text: String,
    /// Say what would change, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Only if nobody has asked for a change since this revision. What nodes write of themselves (a
    /// daemon that started, say) raises the revision too, and refuses nothing.
    #[serde(default)]
    pub if_revision: Option<u64>,
}

/// What changed, or would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplyAnswer {
    /// The revision now.
    pub revision: u64,
    /// Whether anything changed, or would.
    pub changed: bool,
    /// The differences, a line each, for people.
    pub diff: Vec<String>,
    /// What is doubtful but allowed.
    pub warnings: Vec<Diagnostic>,
}

/// A remark about a place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnostic {
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// How many characters it is about.
    pub length: u32,
    /// What is wrong and what was expected.
    pub message: String,
    /// The nearest valid word, or what to write instead.
    pub suggestion: Option<String>,
    /// The line itself.
    pub source_line: String,
}

/// The declarative file as it was applied, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// The revision it is of.
    pub revision: u64,
    /// The file.
    pub text: String,
}
