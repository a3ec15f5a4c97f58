//! What needs a person now: conditions that hold, not events that passed.

use super::groups::Known;
use crate::components::spare;
use crate::disk;
use crate::leading::concerns;
use crate::node::own::Own;
use crate::node::{Node, quorum::Quorum};
use api::Alarm;
use model::stored::{ClusterState, NodeRecord};
use model::{GroupName, NodeId};
use std::collections::BTreeMap;

/// The alarms, worst first.
pub(super) fn alarms(node: &Node, state: &ClusterState, quorum: &Quorum, known: &Known) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let mut alarm = |event: u32, about: String, text: String| alarms.push(Alarm { event, node: about, text });
    let here = node.name().to_string();
    match &*node.own.borrow() {
        Own::Clear => {}
        Own::Evicted { told_by } => {
            alarm(events::NotAMember::ENTRY.id, here.clone(), format!("evicted, says {told_by}"));
        }
        Own::Duplicate { text, .. } => {
            alarm(events::DuplicateIdentityHere::ENTRY.id, here.clone(), text.clone());
        }
        Own::Incompatible { told_by, theirs, .. } => {
            let text = format!("{told_by} speaks protocol {theirs}");
            alarm(events::VersionIncompatible::ENTRY.id, here.clone(), text);
        }
        Own::Unusable { problem, .. } => {
            alarm(events::DatabaseUnreadable::ENTRY.id, here.clone(), problem.clone());
        }
        Own::Stopped { problem } => alarm(events::DatabaseStopped::ENTRY.id, here.clone(), problem.clone()),
    }
    if let Some(free) = disk::free_bytes(node.dir.path()).filter(|free| *free < disk::NEARLY_FULL) {
        let text = format!("{} MiB are free for {}", free >> 20, node.dir.path().display());
        alarm(events::DiskNearlyFull::ENTRY.id, here.clone(), text);
    }
    if let Some(problem) = node.running.watchdog.problem() {
        alarm(events::WatchdogNotArmed::ENTRY.id, here.clone(), problem);
    }
    if node.id().is_some() && quorum.votes > 0 && !quorum.has {
        let text =
            format!("{} of {} voters are there, {} are needed", quorum.present, quorum.votes, quorum.needed);
        alarm(events::QuorumLost::ENTRY.id, here, text);
    }
    for other in node.others() {
        let name = other.name.to_string();
        if !node.is_up(other.id) {
            let ago = node.last_seen(other.id);
            let text = ago.map_or_else(
                || "not heard from since this node started".to_owned(),
                |ago| format!("not heard from for {} s", ago.as_secs()),
            );
            alarm(events::NodeDown::ENTRY.id, name, text);
            continue;
        }
        for (place, endpoint) in other.endpoints.iter().enumerate() {
            if !node.is_network_up(other.id, place) {
                let text = format!("no heartbeats arrive from {endpoint}");
                alarm(events::PeerNetworkLost::ENTRY.id, name.clone(), text);
            }
        }
        if node.peers(|peers| peers.clock_differs(other.id)) {
            let text = "its clock differs from this node's".to_owned();
            alarm(events::ClockDiffers::ENTRY.id, name.clone(), text);
        }
    }
    alarms.extend(known.alarms.iter().cloned());
    for group in known.groups.iter().filter(|group| matches!(group.state.as_str(), "failed" | "partial")) {
        let about = group.owner.clone().unwrap_or_else(|| node.name().to_string());
        let text = format!("group {} is {}: {}", group.name, group.state, group.reason);
        alarms.push(Alarm { event: events::GroupFailed::ENTRY.id, node: about, text });
    }
    for record in state.nodes.values() {
        alarms.extend(lost_types(record));
        alarms.extend(components(record));
    }
    let expired = node.components.expired().into_iter().map(|what| Alarm {
        event: events::LoweringExpired::ENTRY.id,
        node: node.name().to_string(),
        text: format!("let through for a while that is over: {what}"),
    });
    alarms.extend(expired);
    alarms.extend(spare::unspared(state).into_iter().map(|it| Alarm {
        event: events::NobodyElseReady::ENTRY.id,
        node: node.name().to_string(),
        text: format!(
            "no other node is ready for group {}, which {} has: not {}; if it is lost there, {}",
            it.group, it.owners, it.others, it.outcome
        ),
    }));
    alarms
}

/// What a node stands on that is not what was validated: one alarm, since one installation changes many files.
fn components(record: &NodeRecord) -> Option<Alarm> {
    let (readiness, node) = (&record.readiness, record.name.to_string());
    let generation = readiness.generation.map_or(0, |it| it.0);
    if readiness.maintenance {
        let text = format!(
            "it runs nothing: {} of its components differ from baseline {generation}; `steadfast component diff {node}`",
            readiness.count
        );
        return Some(Alarm { event: events::NodeInMaintenance::ENTRY.id, node, text });
    }
    let excludes = readiness.resources.values().any(|it| it.degree > model::stored::ReadinessDegree::Lowered);
    let first = readiness.findings.first().filter(|_| excludes)?;
    let more = match readiness.count {
        0 | 1 => String::new(),
        count => format!(" (and {} more: `steadfast component diff {node}`)", count - 1),
    };
    let is_broken = first.class == servicing::judge::Class::Broken.to_string();
    let event =
        if is_broken { events::ResolutionBroken::ENTRY.id } else { events::ComponentBroken::ENTRY.id };
    Some(Alarm { event, node, text: format!("{}{more}", first.text) })
}

/// Of the leader: the groups of lost nodes that wait for a person.
pub(super) fn not_safe(node: &Node) -> Vec<Alarm> {
    let alarm = |(group, owner, why): (GroupName, NodeId, String)| Alarm {
        event: events::TakeoverNotSafe::ENTRY.id,
        node: node.book.name(owner),
        text: format!("group {group} stays down until somebody confirms that this node is down: {why}"),
    };
    concerns::not_safe(node, &node.state()).into_iter().map(alarm).collect()
}

/// What cannot be loaded on a node: one alarm for all types with the same reason.
fn lost_types(record: &NodeRecord) -> Vec<Alarm> {
    let mut kinds_of: BTreeMap<(u32, &str), Vec<&str>> = BTreeMap::new();
    for (kind, problem) in &record.types {
        let Some((event, reason)) = problem.as_ref().and_then(|it| Some((it.event?, it.reason.as_str())))
        else {
            continue;
        };
        kinds_of.entry((event, reason)).or_default().push(kind.as_str());
    }
    let alarm = |((event, reason), kinds): ((u32, &str), Vec<&str>)| Alarm {
        event,
        node: record.name.to_string(),
        text: format!("{} cannot be used: {reason}", kinds.join(", ")),
    };
    kinds_of.into_iter().map(alarm).collect()
}
