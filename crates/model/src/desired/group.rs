//! Groups and resources, as asked for.

use crate::{GroupName, NodeName, ResourceName, TypeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A group: what moves as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSpec {
    /// Its name, unique in the cluster.
    pub name: GroupName,
    /// A line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it should rather be, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferred_owners: Vec<NodeName>,
    /// Where it may be at all; empty means every node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub possible_owners: Vec<NodeName>,
    /// Groups it should not share a node with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anti_affinity: Vec<GroupName>,
    /// Whether it returns to a preferred owner that came back.
    #[serde(default, skip_serializing_if = "Failback::is_never")]
    pub failback: Failback,
    /// Its resources, in the file's order.
    #[serde(default)]
    pub resources: Vec<ResourceSpec>,
}

/// When a group returns to a preferred owner that came back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failback {
    /// It stays where it is.
    #[default]
    Never,
    /// As soon as the preferred owner is ready.
    Immediate,
    /// Only within these hours of the day (local time), from `first` until before `until`.
    Window {
        /// The hour in which it may begin, 0 to 23.
        first: u8,
        /// The hour in which it may no more begin, 0 to 23; smaller than `first` runs over midnight.
        until: u8,
    },
}

impl Failback {
    fn is_never(&self) -> bool {
        *self == Self::Never
    }
}

impl fmt::Display for Failback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Immediate => f.write_str("immediate"),
            Self::Window { first, until } => write!(f, "{first:02}-{until:02}"),
        }
    }
}

/// A resource of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceSpec {
    /// Its name, unique in the group.
    pub name: ResourceName,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: TypeName,
    /// Resources of the same group that must be online before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<ResourceName>,
    /// What two running copies would harm, hence what must guard it.
    pub exclusive: Exclusive,
    /// Parameters of its type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
}

/// How a resource is kept from being effective on two nodes (design, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exclusive {
    /// All its effects outside the node pass the lease gate.
    Gate,
    /// Its processes themselves must have stopped.
    Process,
    /// It tolerates a duplicate.
    None,
}

impl Exclusive {
    /// Its word in the declarative file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Process => "process",
            Self::None => "none",
        }
    }

    /// What a resource of this type has where the file says nothing (contract, "The declarative file").
    #[must_use]
    pub fn default_for(kind: &TypeName) -> Self {
        match kind.as_str() {
            "ip-address" | "ocf:heartbeat:IPaddr2" => Self::Gate,
            "dummy" | "ocf:heartbeat:Dummy" | "web-site" => Self::None,
            _ => Self::Process,
        }
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(list) => write!(f, "{list:?}"),
        }
    }
}
