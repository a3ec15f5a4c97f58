//! What is wanted of groups and nodes, and what failed.

use super::{Accepted, Asked, Verdict};
use events::{FailuresCleared, GroupMoveRequested, GroupWanted, MaintenanceChanged, NodeIntentChanged};
use model::stored::{ClusterState, FailureRecord, GroupChange, GroupRecord, NodeIntent, Rejection};
use model::{GroupName, NodeId, NodeName, ResourceName};

/// So many failures of a group are remembered: more than any limit that somebody would set.
const FAILURES_MAX: usize = 64;

/// A reason is a line.
const REASON_MAX: usize = 300;

pub(super) fn record_failure(
    state: &mut ClusterState,
    group: &GroupName,
    mut failure: FailureRecord,
) -> Accepted {
    // Of a group that nobody has any more it says nothing to anybody.
    if state.spec.group(group).is_none() {
        return Accepted::as_it_is();
    }
    failure.reason = failure.reason.chars().take(REASON_MAX).collect();
    let record = state.groups.entry(group.clone()).or_default();
    if record.failures.contains(&failure) {
        return Accepted::as_it_is();
    }
    record.failures.push(failure);
    let surplus = record.failures.len().saturating_sub(FAILURES_MAX);
    record.failures.drain(..surplus);
    Accepted::quietly()
}

pub(super) fn clear_failures(
    state: &mut ClusterState,
    asked: &Asked,
    group: &GroupName,
    resource: Option<&ResourceName>,
    node: Option<NodeId>,
) -> Verdict {
    known(state, group)?;
    let Some(record) = state.groups.get_mut(group) else { return Ok(Accepted::as_it_is()) };
    let before = (record.failures.len(), record.failovers.len());
    record.failures.retain(|failure| {
        resource.is_some_and(|resource| failure.resource != *resource)
            || node.is_some_and(|node| failure.node != node)
    });
    // What it was moved for is forgotten with the last failure: whoever clears the one resource that failed
    // means that the group is to be tried again.
    if (resource.is_none() && node.is_none()) || (before.0 > 0 && record.failures.is_empty()) {
        record.failovers.clear();
    }
    if before == (record.failures.len(), record.failovers.len()) {
        return Ok(Accepted::as_it_is());
    }
    let what = resource.map_or_else(|| group.to_string(), |resource| format!("{group}/{resource}"));
    Ok(Accepted::changed(FailuresCleared { what, by: asked.by() }))
}

pub(super) fn set_group(
    state: &mut ClusterState,
    asked: &Asked,
    group: &GroupName,
    change: &GroupChange,
) -> Verdict {
    known(state, group)?;
    let to = match change {
        GroupChange::Move(Some(name)) => {
            let unknown = || Rejection::UnknownNode { name: name.to_string() };
            Some(state.node_named(name).ok_or_else(unknown)?.0)
        }
        _ => None,
    };
    let record = state.groups.entry(group.clone()).or_default();
    let before = record.clone();
    let (group, by) = (group.clone(), asked.by());
    let told: events::Draft = match change {
        GroupChange::Online => {
            record.wanted_offline = false;
            GroupWanted { group, wanted: "online".to_owned(), by }.into()
        }
        GroupChange::Offline => {
            record.wanted_offline = true;
            record.asked = None;
            GroupWanted { group, wanted: "offline".to_owned(), by }.into()
        }
        GroupChange::Maintenance(on) => {
            record.maintenance = *on;
            MaintenanceChanged { what: format!("group {group}"), on: *on, by }.into()
        }
        GroupChange::Move(name) => {
            record.asked = to;
            let to = name.as_ref().map_or_else(|| "wherever it should be".to_owned(), ToString::to_string);
            GroupMoveRequested { group, to, by }.into()
        }
    };
    Ok(if *record == before { as_it_was(state, &before) } else { Accepted::changed(told) })
}

/// A record that says nothing need not be there.
fn as_it_was(state: &mut ClusterState, before: &GroupRecord) -> Accepted {
    if *before == GroupRecord::default() {
        state.groups.retain(|_, record| record != before);
    }
    Accepted::as_it_is()
}

pub(super) fn set_intent(
    state: &mut ClusterState,
    asked: &Asked,
    name: &NodeName,
    intent: NodeIntent,
) -> Verdict {
    let unknown = || Rejection::UnknownNode { name: name.to_string() };
    let (id, _) = state.node_named(name).ok_or_else(unknown)?;
    let member = state.nodes.get_mut(&id).ok_or_else(unknown)?;
    if member.intent == intent {
        return Ok(Accepted::as_it_is());
    }
    member.intent = intent;
    let wanted = match intent {
        NodeIntent::Active => "used",
        NodeIntent::Paused => "paused",
        NodeIntent::Draining => "drained",
    };
    let told = NodeIntentChanged { node: name.clone(), wanted: wanted.to_owned(), by: asked.by() };
    Ok(Accepted::changed(told))
}

pub(super) fn set_maintenance(state: &mut ClusterState, asked: &Asked, on: bool) -> Accepted {
    if state.maintenance == on {
        return Accepted::as_it_is();
    }
    state.maintenance = on;
    Accepted::changed(MaintenanceChanged { what: "the cluster".to_owned(), on, by: asked.by() })
}

fn known(state: &ClusterState, group: &GroupName) -> Result<(), Rejection> {
    let is_known = state.spec.group(group).is_some() || state.groups.contains_key(group);
    if is_known { Ok(()) } else { Err(Rejection::UnknownGroup { name: group.clone() }) }
}
