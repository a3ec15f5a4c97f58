//! The kinds of differences, and what each does to a node.

use model::stored::ReadinessDegree;
use std::fmt;

/// What kind of difference. The first are the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It is not there.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// It is older than what was validated.
    Older,
    /// It is older than what is fit for use at all.
    BelowFloor,
    /// It is what an earlier baseline had, from which the cluster went back.
    Withdrawn,
    /// Another file takes its place.
    Shadowed,
    /// Nobody knows what it is.
    Foreign,
    /// Files do not fit each other: a library or a symbol is missing.
    Broken,
    /// It lacks a permission that it had.
    PermissionLost,
    /// A package manager is replacing it.
    Installing,
    /// A package was installed before another one that has to come first.
    OutOfOrder,
    /// It has another owner, or a permission that it had not.
    PermissionChanged,
    /// It is newer than what was validated.
    Newer,
}

impl Class {
    /// How ready a node with such a difference is.
    #[must_use]
    pub fn degree(self) -> Option<ReadinessDegree> {
        match self {
            Self::Broken
            | Self::Missing
            | Self::Unreadable
            | Self::Older
            | Self::BelowFloor
            | Self::Withdrawn
            | Self::Shadowed
            | Self::Foreign
            | Self::PermissionLost => Some(ReadinessDegree::NotReady),
            Self::Installing | Self::OutOfOrder | Self::PermissionChanged | Self::Newer => {
                Some(ReadinessDegree::Lowered)
            }
        }
    }

    /// Whether it keeps a resource from a node.
    #[must_use]
    pub fn excludes(self) -> bool {
        self.degree() >= Some(ReadinessDegree::NotReady)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Broken => "broken",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Older => "older",
            Self::BelowFloor => "below-floor",
            Self::Withdrawn => "withdrawn",
            Self::Shadowed => "shadowed",
            Self::Foreign => "foreign",
            Self::PermissionLost => "permission-lost",
            Self::Installing => "installing",
            Self::OutOfOrder => "out-of-order",
            Self::PermissionChanged => "permission-changed",
            Self::Newer => "newer",
        })
    }
}
