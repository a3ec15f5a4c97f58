//! Values of what is stored of groups.

use super::{Samples, at, node_name};
use model::desired::{Exclusive, Profile};
use model::stored::{
    Command, CopyRecord, CopyStage, FailureRecord, GateKind, GroupChange, GroupRecord, NeedRecord,
    NodeIntent, NodeMeans, Rejection, WatchdogRecord,
};
use model::{Generation, GroupName, NodeId, ResourceName};
use std::collections::BTreeMap;

fn group() -> GroupName {
    "web".parse().unwrap()
}

fn resource() -> ResourceName {
    "ip".parse().unwrap()
}

impl Samples for GroupRecord {
    fn samples() -> Vec<Self> {
        let copies = (1..).map(NodeId).zip(CopyRecord::samples()).collect();
        let full = Self {
            generation: Generation(8),
            copies,
            last: Some((at(), at())),
            wanted_offline: true,
            maintenance: true,
            asked: Some(NodeId(2)),
            failures: FailureRecord::samples(),
            failovers: vec![at()],
        };
        vec![Self::default(), full]
    }
}

impl Samples for CopyRecord {
    fn samples() -> Vec<Self> {
        let lost = Self {
            generation: Generation(7),
            stage: CopyStage::Revoked,
            primary: false,
            needs: Vec::new(),
            since: at(),
            follows: false,
        };
        let (needs, generation) = (NeedRecord::samples(), Generation(8));
        let held =
            Self { generation, stage: CopyStage::Held, primary: true, needs, since: at(), follows: true };
        vec![lost, held]
    }
}

impl Samples for NeedRecord {
    fn samples() -> Vec<Self> {
        let all = [Exclusive::Gate, Exclusive::Process, Exclusive::None];
        all.map(|exclusive| Self { resource: resource(), exclusive }).into()
    }
}

impl Samples for FailureRecord {
    fn samples() -> Vec<Self> {
        let ran = Self {
            resource: resource(),
            node: NodeId(1),
            at: at(),
            at_start: false,
            reason: "it does not run any more".to_owned(),
        };
        vec![ran.clone(), Self { at_start: true, ..ran }]
    }
}

impl Samples for NodeMeans {
    fn samples() -> Vec<Self> {
        let full = Self {
            gate: Some(GateKind::Bpf),
            cgroup_gate: true,
            watchdog: Some(WatchdogRecord { timeout_ms: 10_000, granularity_ms: 1_000 }),
            guest: true,
        };
        vec![Self::default(), full, Self { gate: Some(GateKind::Nftables), ..Self::default() }]
    }
}

impl Samples for CopyStage {
    fn samples() -> Vec<Self> {
        vec![Self::Held, Self::Revoked]
    }
}

impl Samples for NodeIntent {
    fn samples() -> Vec<Self> {
        vec![Self::Active, Self::Paused, Self::Draining]
    }
}

impl Samples for GateKind {
    fn samples() -> Vec<Self> {
        vec![Self::Bpf, Self::Nftables]
    }
}

impl Samples for WatchdogRecord {
    fn samples() -> Vec<Self> {
        vec![Self { timeout_ms: 10_000, granularity_ms: 1_000 }]
    }
}

impl Samples for GroupChange {
    fn samples() -> Vec<Self> {
        let there = Self::Move(Some(node_name()));
        vec![Self::Online, Self::Offline, Self::Maintenance(true), Self::Move(None), there]
    }
}

pub(super) fn commands() -> Vec<Command> {
    let copies = || vec![(group(), Generation(7))];
    let node = NodeId(1);
    let set = |change| Command::SetGroup { group: group(), change };
    let intend = |intent| Command::SetNodeIntent { node: node_name(), intent };
    vec![
        Command::Own { group: group(), node, if_generation: Generation(7), failover: true },
        Command::Release { node, copies: copies() },
        Command::Revoke { node, copies: copies() },
        Command::SetPrimary { group: group(), node, generation: Generation(7), primary: true },
        Command::RecordFailure {
            group: group(),
            resource: resource(),
            node,
            at_start: true,
            reason: "it does not run any more".to_owned(),
        },
        Command::ClearFailures { group: group(), resource: None, node: None },
        Command::ClearFailures { group: group(), resource: Some(resource()), node: Some(node) },
        intend(NodeIntent::Active),
        intend(NodeIntent::Paused),
        intend(NodeIntent::Draining),
        set(GroupChange::Online),
        set(GroupChange::Move(Some(node_name()))),
        Command::SetMaintenance { on: true },
        Command::ReportMeans { node, means: NodeMeans::samples().remove(1) },
        Command::ConfirmDown { node: node_name() },
        Command::SettleProfile { profile: Profile::Fast },
    ]
}

pub(super) fn rejections() -> Vec<Rejection> {
    let why = || "node number 2 owns it".to_owned();
    vec![
        Rejection::UnknownGroup { name: group() },
        Rejection::NotOwnable { group: group(), why: why() },
        Rejection::NotPrimary { group: group(), why: why() },
    ]
}

/// What a cluster knows of one group.
pub(super) fn known() -> BTreeMap<GroupName, GroupRecord> {
    BTreeMap::from([(group(), GroupRecord::samples().remove(1))])
}
