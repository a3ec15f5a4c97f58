//! What the cluster remembers of groups beside what the file says: whose they are, what is wanted, and what
//! failed.

use crate::desired::Exclusive;
use crate::{Generation, NodeId, ResourceName, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupRecord {
    /// The highest generation that was ever given for it.
    pub generation: Generation,
    /// Who owns it. Of a group that is no clone at most one copy is held; others are left over from lost
    /// nodes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub copies: BTreeMap<NodeId, CopyRecord>,
    /// Since when, and until when, the last ownership was that has been released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<(Timestamp, Timestamp)>,
    /// The administrator wants it offline.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wanted_offline: bool,
    /// The administrator wants it left alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub maintenance: bool,
    /// The administrator asked for it to be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<NodeId>,
    /// What failed, until it is cleared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureRecord>,
    /// When it was moved for failures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failovers: Vec<Timestamp>,
}

/// An ownership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRecord {
    /// Its generation.
    pub generation: Generation,
    /// How far it is. What is released is not there any more.
    pub stage: CopyStage,
    /// It is the primary, or about to become it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
    /// What may run under it, and what two of it would harm: what a successor waits for.
    #[serde(default)]
    pub needs: Vec<NeedRecord>,
    /// Since when.
    pub since: Timestamp,
    /// It follows at once on another ownership, under which nothing failed: what the group is known by in
    /// its network was the cluster's until now, so nobody else can have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follows: bool,
}

/// How far an ownership is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CopyStage {
    /// Its node may run it, under its lease.
    Held,
    /// It may no more, but may not know that yet.
    Revoked,
}

/// What two running copies of a resource would harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedRecord {
    /// Which resource.
    pub resource: ResourceName,
    /// What.
    pub exclusive: Exclusive,
}

/// A resource that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// Which.
    pub resource: ResourceName,
    /// Where.
    pub node: NodeId,
    /// When.
    pub at: Timestamp,
    /// It could not be started, rather than having run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_start: bool,
    /// Why, in a line.
    pub reason: String,
}

/// What the administrator wants of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeIntent {
    /// It is used.
    #[default]
    Active,
    /// It keeps what it has, and gets nothing more.
    Paused,
    /// What it has moves away.
    Draining,
}

impl NodeIntent {
    pub(crate) fn is_active(&self) -> bool {
        *self == Self::Active
    }
}

/// What guards what a node runs, as it says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeMeans {
    /// The gate of addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateKind>,
    /// It is in front of processes as well.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cgroup_gate: bool,
    /// An armed watchdog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watchdog: Option<WatchdogRecord>,
    /// It is a guest: its hypervisor may stop its clocks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
}

impl NodeMeans {
    /// Whether anything that these promise does not hold where `actual` is the case. Until the database says of
    /// a node what is so, the node must not run anything under a promise that it cannot keep.
    #[must_use]
    pub fn promise_more_than(&self, actual: &Self) -> bool {
        let worth = |gate: Option<GateKind>| match gate {
            None => 0,
            Some(GateKind::Nftables) => 1,
            Some(GateKind::Bpf) => 2,
        };
        worth(self.gate) > worth(actual.gate)
            || (self.cgroup_gate && !actual.cgroup_gate)
            || (self.watchdog.is_some() && self.watchdog != actual.watchdog)
            || (!self.guest && actual.guest)
    }
}

/// What a gate is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateKind {
    /// Deadlines are absolute.
    Bpf,
    /// Times count from the write; and a process apart from the daemon holds the table, so that nobody else
    /// can flush it.
    Nftables,
}

/// A watchdog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchdogRecord {
    /// It restarts its node so long after it was last fed,
    pub timeout_ms: u64,
    /// or up to so much later.
    pub granularity_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_that_is_not_kept_is_seen_and_a_modest_one_is_none() {
        let bpf = NodeMeans { gate: Some(GateKind::Bpf), cgroup_gate: true, ..NodeMeans::default() };
        let nftables = NodeMeans { gate: Some(GateKind::Nftables), ..NodeMeans::default() };
        let watchdog = WatchdogRecord { timeout_ms: 10_000, granularity_ms: 1_000 };
        let armed = NodeMeans { watchdog: Some(watchdog), ..NodeMeans::default() };
        let guest = NodeMeans { guest: true, ..NodeMeans::default() };
        let nothing = NodeMeans::default();
        for (told, actual) in [
            (&bpf, &nftables),
            (&bpf, &nothing),
            (&nftables, &nothing),
            (&armed, &nothing),
            (&nothing, &guest),
        ] {
            assert!(told.promise_more_than(actual), "{told:?}, and there is {actual:?}");
        }
        for (told, actual) in [(&nothing, &bpf), (&nftables, &bpf), (&guest, &nothing), (&armed, &armed)] {
            assert!(!told.promise_more_than(actual), "{told:?}, and there is {actual:?}");
        }
    }
}
