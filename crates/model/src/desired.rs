//! What the administrator asked for: the contents of the declarative file, checked.
//!
//! These types are what the file means, not how it is written (spans, comments and messages are
//! the `declaration` crate's) and not what runs (that is observed, and lives with its observer).
//! Values arrive here only through constructors that checked them.

mod group;
mod policy;

pub use group::{Exclusive, Failback, GroupSpec, ResourceSpec, Value};
pub use policy::{InvalidStallPolicy, Profile, StallPolicy, parse_duration};

use crate::{FailureDomain, GroupName, NodeName};
use serde::{Deserialize, Serialize};

/// Everything the declarative file says, in the file's own order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSpec {
    /// Which set of timers the cluster runs with.
    #[serde(default)]
    pub profile: Profile,
    /// What to do with groups whose exclusivity nothing protects.
    #[serde(default)]
    pub stall_policy: StallPolicy,
    /// What is said of nodes. A node need not be listed to be a member.
    #[serde(default)]
    pub nodes: Vec<NodeSpec>,
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
}
