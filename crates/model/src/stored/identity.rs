//! What a node must know about itself before it can read the cluster database.

use crate::{ClusterId, ClusterName, Endpoint, NodeId, NodeName, Secret};
use serde::{Deserialize, Serialize};

/// `identity.json` in the data directory, readable by its owner alone. Written once, at `init` or
/// `join`, and replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its name.
    pub cluster_name: ClusterName,
    /// This node's number.
    pub node: NodeId,
    /// This node's name; the configuration must agree.
    pub node_name: NodeName,
    /// This node's certificate, PEM.
    pub certificate: String,
    /// Its private key, PEM.
    pub key: Secret,
    /// The cluster's authority, PEM.
    pub ca_certificate: String,
    /// See [`super::ClusterRecord::heartbeat_key`].
    pub heartbeat_key: Secret,
    /// For the founder: the proposal that must be committed first, JSON of a [`super::Proposal`]
    /// with its [`super::Command::Form`], kept so that a founder killed in the middle goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub founding: Option<Secret>,
    /// The members as they were at the join, so that peers are recognised before the first entry
    /// of the database arrives.
    #[serde(default)]
    pub members: Vec<MemberHint>,
}

/// A member, as told to a joining node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberHint {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: NodeName,
    /// Where it serves.
    pub endpoints: Vec<Endpoint>,
    /// Its certificate's fingerprint.
    pub certificate: String,
}
