//! What became of a call.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The answer to a call: a verdict, and what the type said while it worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in a line: what failed, on what. Empty where the verdict says all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The end of what it printed, at most [`Outcome::OUTPUT_MAX_BYTES`]; what is not UTF-8 is replaced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

impl Outcome {
    /// A screenful of what an agent printed tells what went wrong; more of it would fill logs.
    pub const OUTPUT_MAX_BYTES: usize = 4 << 10;

    /// This verdict, without a word.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self { verdict, text: String::new(), output: String::new() }
    }

    /// It was done.
    #[must_use]
    pub fn done() -> Self {
        Self::of(Verdict::Done)
    }

    /// It runs, without a role.
    #[must_use]
    pub fn running() -> Self {
        Self::of(Verdict::Running { role: Role::Started })
    }

    /// It does not run.
    #[must_use]
    pub fn not_running() -> Self {
        Self::of(Verdict::NotRunning)
    }

    /// It failed, for this reason.
    #[must_use]
    pub fn failed(failure: Failure, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::of(Verdict::Failed { failure }) }
    }

    /// With the end of this output.
    #[must_use]
    pub fn with_output(self, output: &str) -> Self {
        let mut from = output.len().saturating_sub(Self::OUTPUT_MAX_BYTES);
        while !output.is_char_boundary(from) {
            from += 1;
        }
        Self { output: output[from..].to_owned(), ..self }
    }

    /// Whether the call did what it was for: of a look, that it runs.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self.verdict, Verdict::Done | Verdict::Running { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.verdict, self.text.as_str()) {
            (verdict, "") => verdict.fmt(f),
            (Verdict::Failed { failure: Failure::Generic }, text) => f.write_str(text),
            (verdict, text) => write!(f, "{verdict}: {text}"),
        }
    }
}

/// The heart of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Verdict {
    /// What was asked for is the case now.
    Done,
    /// It runs.
    Running {
        /// As what.
        role: Role,
    },
    /// It does not run, and nothing of it is left.
    NotRunning,
    /// It failed: what is the case now is not known.
    Failed {
        /// How.
        failure: Failure,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Running { role: Role::Started } => f.write_str("running"),
            Self::Running { role } => write!(f, "running as {role}"),
            Self::NotRunning => f.write_str("not running"),
            Self::Failed { failure } => failure.fmt(f),
        }
    }
}

/// What an instance runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Of a type without roles.
    Started,
    /// One of several, following.
    Replica,
    /// The one that takes writes.
    Primary,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Started => "started",
            Self::Replica => "replica",
            Self::Primary => "primary",
        })
    }
}

/// How a call failed. The first seven are OCF's exit codes 1 to 6 and 9; the rest is what
/// happens around an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// It did not work. Another try here, or another node, may.
    Generic,
    /// A parameter is wrong for this node: another node may have what it names.
    Arguments,
    /// The type has no such verb.
    Unimplemented,
    /// It lacks a right here.
    Permission,
    /// Something that it needs is not installed here.
    NotInstalled,
    /// A parameter is wrong everywhere.
    NotConfigured,
    /// It runs as primary, and is broken.
    FailedPrimary,
    /// It took longer than its deadline, and was ended.
    TimedOut,
    /// Its code ended by a signal.
    Crashed,
    /// It answered with something that has no meaning.
    Undefined,
    /// The type cannot be loaded on this node.
    NotLoadable,
    /// The caller did not want to wait any longer.
    Cancelled,
    /// Somebody outside the cluster has what it needs, such as its address: it was not taken.
    Conflict,
    /// Its data is damaged, and is not mended without somebody who decides: it was left as it is.
    Corrupt,
}

impl Failure {
    /// Whether another try on the same node is pointless until somebody mends something there.
    #[must_use]
    pub fn is_permanent_here(self) -> bool {
        matches!(
            self,
            Self::Arguments
                | Self::Unimplemented
                | Self::Permission
                | Self::NotInstalled
                | Self::NotConfigured
                | Self::NotLoadable
                | Self::Corrupt
        )
    }

    /// Whether every node would fail alike.
    #[must_use]
    pub fn is_permanent_everywhere(self) -> bool {
        self == Self::NotConfigured
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generic => "failed",
            Self::Arguments => "a parameter is wrong on this node",
            Self::Unimplemented => "the type cannot do that",
            Self::Permission => "a right is missing",
            Self::NotInstalled => "something it needs is not installed on this node",
            Self::NotConfigured => "a parameter is wrong",
            Self::FailedPrimary => "the primary is broken",
            Self::TimedOut => "it took longer than its deadline",
            Self::Crashed => "its code crashed",
            Self::Undefined => "its answer has no meaning",
            Self::NotLoadable => "its type cannot be loaded on this node",
            Self::Cancelled => "it was cancelled",
            Self::Conflict => "somebody else has what it needs",
            Self::Corrupt => "its data is damaged",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_at_a_character_and_keeps_its_end() {
        let long = "ä".repeat(Outcome::OUTPUT_MAX_BYTES) + "z";
        let cut = Outcome::done().with_output(&long).output;
        assert!(cut.len() <= Outcome::OUTPUT_MAX_BYTES && cut.ends_with('z'));
    }

    #[test]
    fn what_is_shown_is_a_sentence() {
        let shown = Outcome::failed(Failure::TimedOut, "monitor, 20 s").to_string();
        assert_eq!(shown, "it took longer than its deadline: monitor, 20 s");
        assert_eq!(Outcome::of(Verdict::Running { role: Role::Primary }).to_string(), "running as primary");
    }
}
