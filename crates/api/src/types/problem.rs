//! What an answer looks like when a request was not done.

use super::Diagnostic;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Why a request was not done: what failed, on what, why, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// For programs.
    pub kind: ProblemKind,
    /// For people: one or a few sentences.
    pub message: String,
    /// The command that helps, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Places in the file that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
    /// The nodes that are missing for a quorum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// Kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The request is malformed.
    BadRequest,
    /// Who asks is not known.
    Unauthenticated,
    /// Who asks may not.
    Forbidden,
    /// Who asks is a node that was evicted.
    Evicted,
    /// What is named does not exist.
    NotFound,
    /// The state it met does not permit it.
    Conflict,
    /// The file is not valid.
    InvalidFile,
    /// No majority.
    NoQuorum,
    /// This node belongs to no cluster.
    NoCluster,
    /// This node cannot do it now.
    Unavailable,
    /// It was sent on, and nobody knows whether it was done.
    Unknown,
    /// A defect of Steadfast.
    Internal,
}

impl Problem {
    /// A problem with no more to say.
    #[must_use]
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), next: None, diagnostics: Vec::new(), missing: Vec::new() }
    }

    /// The same, with the command that helps.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Self {
        self.next = Some(command.into());
        self
    }
}

impl ProblemKind {
    /// The HTTP status it travels with.
    #[must_use]
    pub fn http_status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::Evicted => 403,
            Self::NotFound => 404,
            Self::Conflict | Self::NoCluster => 409,
            Self::InvalidFile => 422,
            Self::NoQuorum | Self::Unavailable => 503,
            Self::Unknown => 504,
            Self::Internal => 500,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
