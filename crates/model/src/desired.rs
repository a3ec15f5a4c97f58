//! What the administrator asked for: the contents of the declarative file, checked.
//!
//! These types are what the file means, not how it is written (spans, comments and messages are
//! the `declaration` crate's) and not what runs (that is observed, and lives with its observer).
//! Values arrive here only through constructors that checked them.

mod group;
mod placing;
mod policy;
mod rule;

pub use group::{Exclusive, Failback, GroupSpec, OnFail, ResourcePolicy, ResourceSpec, Value};
pub use placing::{
    AnyOf, Clones, FoundTwice, GroupPolicy, InvalidLimit, InvalidTarget, Limit, Place, SCORE_MAX, Score,
    Target,
};
pub use policy::{InvalidStallPolicy, Profile, StallPolicy, WhenNoneReady, parse_duration};
pub use rule::{Condition, Date, Day, Effect, InvalidCondition, InvalidDate, Rule, When};

use crate::{AbsolutePath, FailureDomain, GroupName, NodeName, TypeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything the declarative file says, in the file's own order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSpec {
    /// Which set of timers the cluster runs with.
    #[serde(default)]
    pub profile: Profile,
    /// What to do with groups whose exclusivity nothing protects.
    #[serde(default)]
    pub stall_policy: StallPolicy,
    /// For how long hypervisors pause the nodes that are virtual machines at most, in milliseconds, as the
    /// administrator vouches: a takeover from one waits for so much longer. Without it, no longer than what is
    /// in flight anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_pause_below_ms: Option<u64>,
    /// Nothing is started, stopped or moved; what runs is looked at.
    #[serde(default, skip_serializing_if = "placing::is_default")]
    pub maintenance: bool,
    /// What becomes of groups for which no node is ready.
    #[serde(default, skip_serializing_if = "placing::is_default")]
    pub when_none_ready: WhenNoneReady,
    /// Groups of which one at a time may be starting, whatever waits for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_at_a_time: Vec<Vec<GroupName>>,
    /// What is said of nodes. A node need not be listed to be a member.
    #[serde(default)]
    pub nodes: Vec<NodeSpec>,
    /// The resource types that native plug-ins bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<TypeSpec>,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<GroupSpec>,
}

impl ClusterSpec {
    /// The group of this name.
    #[must_use]
    pub fn group(&self, name: &GroupName) -> Option<&GroupSpec> {
        self.groups.iter().find(|group| group.name == *name)
    }

    /// The library that serves a type; none for what is built in, an agent or a unit.
    #[must_use]
    pub fn library(&self, kind: &TypeName) -> Option<&AbsolutePath> {
        self.types.iter().find(|registered| registered.name == *kind).map(|registered| &registered.library)
    }

    /// The failure domain declared for a node.
    #[must_use]
    pub fn failure_domain(&self, node: &NodeName) -> Option<&FailureDomain> {
        self.nodes.iter().find(|spec| spec.name == *node)?.failure_domain.as_ref()
    }
}

/// What the file says of one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Which node.
    pub name: NodeName,
    /// What it fails together with. Voters are spread over failure domains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_domain: Option<FailureDomain>,
    /// What rules may ask of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// How much of what groups use it has. What is not given here is not limited.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capacity: BTreeMap<String, u64>,
}

/// A resource type that a native plug-in brings: registered for as long as the file says so, whatever
/// becomes of the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeSpec {
    /// Its name: a word, and no built-in type's.
    pub name: TypeName,
    /// The plug-in's library, at the same path on every node.
    pub library: AbsolutePath,
}
