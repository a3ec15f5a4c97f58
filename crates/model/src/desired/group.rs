//! Groups and resources, as asked for.

use super::placing::{AnyOf, GroupPolicy, Limit, is_default};
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
    /// What else is said of where it runs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: GroupPolicy,
    /// Its resources, in the file's order.
    #[serde(default)]
    pub resources: Vec<ResourceSpec>,
}

impl GroupSpec {
    /// Whether some of its copies are primary.
    #[must_use]
    pub fn has_primaries(&self) -> bool {
        self.policy.clones.is_some_and(|clones| clones.primaries > 0)
    }
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
    /// Resources of the same group that must be online before it: all of the list, and of each entry
    /// any one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<AnyOf<ResourceName>>,
    /// What two running copies would harm, hence what must guard it.
    pub exclusive: Exclusive,
    /// What is done with it, and when.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: ResourcePolicy,
    /// Parameters of its type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
}

/// What a resource's section says for the planner and for its looks. Spans of time in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourcePolicy {
    /// What is done if it fails.
    #[serde(skip_serializing_if = "is_default")]
    pub on_fail: OnFail,
    /// The group goes on without it where it cannot be kept running.
    #[serde(skip_serializing_if = "is_default")]
    pub optional: bool,
    /// How often it is restarted where it is; nothing: as its group says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<Limit>,
    /// The cluster looks at it and tells, but does nothing with it.
    #[serde(skip_serializing_if = "is_default")]
    pub unmanaged: bool,
    /// It can be handed over to another node while it runs.
    #[serde(skip_serializing_if = "is_default")]
    pub live_migration: bool,
    /// Between cheap looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks_alive_ms: Option<u64>,
    /// Between thorough looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_alive_ms: Option<u64>,
    /// It must be online within so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online_within_ms: Option<u64>,
    /// It must be offline within so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline_within_ms: Option<u64>,
}

/// What is done about a resource that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// It is restarted where it is, as often as `restarts` lets it; then its group is moved.
    #[default]
    Restart,
    /// Its group is moved at once.
    Failover,
    /// Its primary becomes a replica; for what has no role, as `restart`.
    Demote,
    /// Nothing: it is taken for running.
    Ignore,
    /// Its group is stopped, until somebody clears the failure.
    Stop,
    /// Its group is left as it is, until somebody clears the failure.
    Block,
    /// Its node is drained: whatever else runs there moves away too.
    Drain,
}

impl OnFail {
    /// Every one, for messages.
    pub const ALL: [Self; 7] =
        [Self::Restart, Self::Failover, Self::Demote, Self::Ignore, Self::Stop, Self::Block, Self::Drain];

    /// Its word in the declarative file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Failover => "failover",
            Self::Demote => "demote",
            Self::Ignore => "ignore",
            Self::Stop => "stop",
            Self::Block => "block",
            Self::Drain => "drain",
        }
    }
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
