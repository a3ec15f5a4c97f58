//! Exit codes, a promise to scripts.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Refused, or failed.
    Failed = 1,
    /// The arguments are wrong; nothing was tried.
    Usage = 2,
    /// A dry run found that something would change, or a check that a failure would leave a group down.
    WouldChange = 3,
    /// No node answered.
    NoAnswer = 4,
}

impl Exit {
    /// Each with its meaning, for the reference and the help.
    pub(crate) const MEANINGS: [(Self, &'static str); 5] = [
        (Self::Done, "done"),
        (Self::Failed, "refused or failed"),
        (Self::Usage, "the arguments are wrong"),
        (
            Self::WouldChange,
            "a dry run found that something would change, or `check` that a group would be down",
        ),
        (Self::NoAnswer, "no node answered"),
    ];

    /// Its number.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
