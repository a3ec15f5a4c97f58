//! The cluster as agents may ask for it: which nodes there are, and what runs where as what.

use crate::instance::ResourceId;
use crate::outcome::Role;
use model::TypeName;
use serde::{Deserialize, Serialize};

/// A picture of the cluster, as the daemon has it.
///
/// Agents with roles ask for it: an instance has to know whether there is a primary, and which nodes are
/// there at all. A daemon that was told to run such a resource sends it before, and after each change. A
/// monitor that was never told any knows its own node alone, and nothing that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The members, in the order of their names.
    pub nodes: Vec<ClusterNode>,
    /// Whether this node is of a majority.
    pub quorate: bool,
    /// What runs.
    #[serde(default)]
    pub instances: Vec<ClusterInstance>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterNode {
    /// Its name.
    pub name: String,
    /// Whether it is up, as far as this node can tell.
    pub online: bool,
}

/// A resource that runs on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterInstance {
    /// Which.
    pub id: ResourceId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: TypeName,
    /// Where.
    pub node: String,
    /// As what.
    pub role: Role,
}

impl Cluster {
    /// This node alone.
    #[must_use]
    pub fn alone(node: &str) -> Self {
        let nodes = vec![ClusterNode { name: node.to_owned(), online: true }];
        Self { nodes, quorate: true, instances: Vec::new() }
    }
}
