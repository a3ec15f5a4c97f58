//! What would change from one declaration to another.
//!
//! Things are recognised by their names: a group that was renamed is one removed and one added,
//! which is also what the cluster will do. What the new file omits is removed, and the diff says so.

mod compare;
mod keys;
mod text;

pub use compare::diff;

use model::{GroupName, NodeName, ResourceName, TypeName};
use serde::{Deserialize, Serialize};

/// Everything that would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The changes, the cluster's first, then those of nodes, types, groups and their resources.
    pub changes: Vec<Change>,
    /// Whether the text differs at all, be it in comments or layout alone.
    pub text_differs: bool,
}

/// A change of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What changes.
    pub item: Item,
    /// How.
    pub kind: ChangeKind,
    /// Its keys: all of an added thing, the different ones of a changed thing, none of a removed one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyChange>,
}

/// How something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Some of its keys are different.
    Changed,
    /// The new file does not mention it.
    Removed,
}

/// Something that a file declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// The cluster as a whole.
    Cluster,
    /// What is said of a node.
    Node(NodeName),
    /// A type of a plug-in.
    Type(TypeName),
    /// A group.
    Group(GroupName),
    /// A resource of a group.
    Resource(GroupName, ResourceName),
}

/// A key with its values in the file's notation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChange {
    /// The key.
    pub key: String,
    /// What it was; absent where it was not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is; absent where it is no longer said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl Diff {
    /// Whether nothing at all would change, not even a comment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.text_differs
    }
}
