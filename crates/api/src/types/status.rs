//! `GET /v1/status`: the cluster as this node knows it, also without quorum.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The cluster as one node knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The cluster's name; null on a node that belongs to none.
    pub cluster: Option<String>,
    /// Accepted changes of the cluster database, as far as this node has them.
    pub revision: u64,
    /// The answering node.
    pub node: String,
    /// The leader, where one is known.
    pub leader: Option<String>,
    /// When this was true, by the answering node's clock, RFC 3339.
    pub as_of: String,
    /// The profile of timers: `default`, `fast` or `patient`.
    pub profile: String,
    /// The software's version on the answering node.
    pub version: String,
    /// What the answering node is doing.
    pub standing: Standing,
    /// Who has a majority.
    pub quorum: Quorum,
    /// The answering node's copy of the cluster database.
    pub database: Database,
    /// The validated set of components.
    pub baseline: Baseline,
    /// The members.
    pub nodes: Vec<NodeShown>,
    /// The groups.
    pub groups: Vec<GroupShown>,
    /// What needs a person.
    pub alarms: Vec<Alarm>,
}

/// What the answering node is doing, in a word and in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    /// The word.
    pub phase: Phase,
    /// The sentence, such as `no quorum: 1 of 3, needs 2; last seen n2 12 s ago`.
    pub text: String,
    /// The command that helps, where one does.
    pub next: Option<String>,
}

/// What a node is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It belongs to no cluster yet.
    NoCluster,
    /// It is on its way in, or on its way back in.
    Joining,
    /// It is a member, and the cluster has quorum.
    Member,
    /// It is a member, and the cluster has no quorum as seen from here.
    NoQuorum,
    /// The cluster has evicted it.
    Evicted,
    /// Another process is alive with its identity, and was first.
    Duplicate,
    /// Its copy of the cluster database cannot be used.
    DatabaseUnusable,
    /// Its software and the cluster's do not speak a common protocol.
    Incompatible,
}

/// Who has a majority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quorum {
    /// Whether a majority stands behind this node's view, now.
    pub has: bool,
    /// How many votes there are.
    pub votes: u32,
    /// How many are needed.
    pub needed: u32,
    /// How many this node can count on now, itself included.
    pub present: u32,
    /// The voters that are not present.
    pub missing: Vec<String>,
    /// The witness, where one is set.
    pub witness: Option<String>,
}

/// The answering node's copy of the cluster database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Database {
    /// `ok`, `none`, `stopped` or `unusable`.
    pub state: String,
    /// Why it is not `ok`.
    pub reason: Option<String>,
    /// Free space of its file system in bytes.
    pub free_bytes: Option<u64>,
}

/// The validated set of components.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Baseline {
    /// Its generation; null while none was captured.
    pub generation: Option<u64>,
    /// The rollout under way.
    pub rollout: Option<String>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeShown {
    /// Its name.
    pub name: String,
    /// Its number.
    pub id: u64,
    /// How the answering node sees it.
    pub state: NodeState,
    /// Whether it votes.
    pub voter: bool,
    /// How much of its lease is left, in milliseconds; null while leases are not in use.
    pub lease_remaining_ms: Option<u64>,
    /// Milliseconds since it was last heard from; null for the answering node and for never.
    pub last_seen_ms: Option<u64>,
    /// Its networks.
    pub networks: Vec<NetworkShown>,
    /// What it cannot run, and why.
    pub not_ready: Vec<NotReady>,
    /// What other nodes go before it for, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lowered: Vec<NotReady>,
    /// The software it runs.
    pub version: String,
    /// What it fails together with.
    pub failure_domain: Option<String>,
    /// When it was admitted.
    pub joined: String,
}

/// How a node is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NodeState {
    /// Heard from.
    Up,
    /// Not heard from.
    Down,
    /// Admitted, not a full member yet.
    Joining,
    /// Its groups stay, nothing new comes.
    Paused,
    /// Its groups leave.
    Draining,
    /// A member that runs nothing until it is repaired.
    Maintenance,
    /// Itself, without a majority.
    Isolated,
}

/// One address of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkShown {
    /// The address.
    pub address: String,
    /// Whether heartbeats arrive from it.
    pub state: UpDown,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpDown {
    /// Heard from.
    Up,
    /// Not heard from.
    Down,
}

/// Something that a node cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotReady {
    /// The resource type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The resource, where it is about one.
    pub resource: Option<String>,
    /// The group of the resource, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How far from ready the node is.
    #[serde(default)]
    pub degree: Degree,
    /// Why.
    pub reason: String,
}

/// How far from ready a node is for something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Degree {
    /// It can run there; other nodes go before.
    Lowered,
    /// What it stands on is not what was validated. It is not started there while another node is ready.
    NotReady,
    /// It cannot run there.
    #[default]
    Unable,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupShown {
    /// Its name.
    pub name: String,
    /// `online`, `offline`, `pending`, `partial` or `failed`.
    pub state: String,
    /// Who owns it.
    pub owner: Option<String>,
    /// Its ownership generation.
    pub generation: u64,
    /// Why it is where it is.
    pub reason: String,
    /// What keeps it from running twice.
    pub protected_by: Option<String>,
    /// How long a takeover may take, in milliseconds.
    pub takeover_bound_ms: Option<u64>,
    /// What that is made of, and what protects each resource: some lines for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takeover: Option<String>,
    /// Its resources.
    pub resources: Vec<ResourceShown>,
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResourceShown {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `online`, `offline`, `pending` or `failed`.
    pub state: String,
    /// Why it failed, or what its type last said that is worth telling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alarm {
    /// The event's number; `steadfast explain` tells more.
    pub event: u32,
    /// The node it is about.
    pub node: String,
    /// What is wrong.
    pub text: String,
}
