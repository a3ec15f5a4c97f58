//! What was found on a node, as values.

use model::stored::{Component, Content, PackageVersion};
use model::{AbsolutePath, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was found out about a node's components at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Every file that was looked for.
    pub files: BTreeMap<AbsolutePath, Found>,
    /// How the files that something stands on fit each other now, by subject.
    pub resolutions: BTreeMap<String, Resolution>,
    /// The packages that are installed, as far as the baseline names them.
    pub packages: BTreeMap<String, PackageVersion>,
    /// When packages were installed or changed last, as far as that is of interest.
    pub installed: BTreeMap<String, Timestamp>,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Missing,
    /// Something that cannot be read; why.
    Unreadable(String),
    /// This.
    There(Box<Seen>),
}

/// A file as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// It.
    pub component: Component,
    /// Whether it is what its package brought, by the checksum that the package manager has noted. Nothing: it has
    /// noted none. It can be edited, so it only ever speaks against a file.
    pub as_packaged: Option<bool>,
}

impl Found {
    /// The component, if one is there.
    #[must_use]
    pub fn component(&self) -> Option<&Component> {
        match self {
            Self::There(seen) => Some(&seen.component),
            Self::Missing | Self::Unreadable(_) => None,
        }
    }

    /// What it holds, if it is there.
    #[must_use]
    pub fn content(&self) -> Option<&Content> {
        self.component().map(|component| &component.content)
    }
}

/// What a subject stands on now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolution {
    /// The files.
    pub files: BTreeSet<AbsolutePath>,
    /// What does not fit, in words.
    pub problems: BTreeSet<String>,
}
