//! Whose groups are.
//!
//! The database is where an ownership is decided: what is committed here, no two nodes can have of each
//! other. How long somebody has to wait before he proposes to take over, it does not know: that is the
//! leader's to count (crate `lease`), on a clock that a database does not have.

use super::{Accepted, Asked, Verdict};
use events::{GroupOwned, NodeConfirmedDown, OwnershipRevoked};
use model::desired::{ClusterSpec, Exclusive};
use model::stored::{ClusterState, CopyRecord, CopyStage, GroupRecord, NeedRecord, Rejection};
use model::{Generation, GroupName, NodeId, NodeName, Timestamp};

/// So many times of failovers are remembered: more than any limit that somebody would set.
const FAILOVERS_MAX: usize = 64;

pub(super) fn own(
    state: &mut ClusterState,
    asked: &Asked,
    group: &GroupName,
    node: NodeId,
    if_generation: Generation,
    failover: bool,
) -> Verdict {
    let spec = state.spec.group(group).ok_or_else(|| Rejection::UnknownGroup { name: group.clone() })?;
    let refused = |why: String| Rejection::NotOwnable { group: group.clone(), why };
    let member = state.nodes.get(&node).filter(|member| member.confirmed);
    let name = member.ok_or_else(|| refused(format!("node number {node} is no full member")))?.name.clone();
    let record = state.groups.get(group);
    let latest = record.map_or(Generation(0), |record| record.generation);
    if latest != if_generation {
        return Err(refused(format!("its latest generation is {latest}, not {if_generation}")));
    }
    let is_clone = spec.policy.clones.is_some();
    let in_the_way = |(owner, copy): &(&NodeId, &CopyRecord)| {
        copy.stage == CopyStage::Held && (!is_clone || **owner == node)
    };
    if let Some((owner, _)) = record.and_then(|record| record.copies.iter().find(in_the_way)) {
        return Err(refused(format!("node number {owner} owns it")));
    }
    let follows = record.is_some_and(|record| follows(record, asked.at));
    let needs = spec
        .resources
        .iter()
        .map(|one| NeedRecord { resource: one.name.clone(), exclusive: one.exclusive })
        .collect();
    let generation = state.last_generation.max(latest).next();
    state.last_generation = generation;
    let record = state.groups.entry(group.clone()).or_default();
    if !is_clone {
        record.copies.clear();
        if record.asked.is_some_and(|asked| asked != node) {
            record.asked = None;
        }
    }
    let copy =
        CopyRecord { generation, stage: CopyStage::Held, primary: false, needs, since: asked.at, follows };
    record.generation = generation;
    record.copies.insert(node, copy);
    if failover {
        record.failovers.push(asked.at);
        let surplus = record.failovers.len().saturating_sub(FAILOVERS_MAX);
        record.failovers.drain(..surplus);
    }
    let told = GroupOwned { group: group.clone(), node: name, generation: generation.0 };
    Ok(Accepted::changed(told).owned())
}

/// So soon after another ownership a group is still known by what it was known by: caches of neighbours
/// last longer, and nobody who sees an address answer takes it for free.
const FOLLOWS_MS: u64 = 30_000;

/// Whether an ownership that begins now follows at once on one under which nothing failed.
fn follows(record: &GroupRecord, now: Timestamp) -> bool {
    let lost = record.copies.values().map(|copy| (copy.since, now));
    record.last.into_iter().chain(lost).any(|(since, until)| {
        let failed = record.failures.iter().any(|failure| failure.at >= since);
        !failed && since < until && now.unix_ms().saturating_sub(until.unix_ms()) <= FOLLOWS_MS
    })
}

pub(super) fn release(
    state: &mut ClusterState,
    at: Timestamp,
    node: NodeId,
    copies: &[(GroupName, Generation)],
) -> Verdict {
    let mut changed = false;
    for (group, generation) in copies {
        let Some(record) = state.groups.get_mut(group) else { continue };
        let Some(copy) = record.copies.get(&node).filter(|copy| copy.generation == *generation) else {
            continue;
        };
        record.last = Some((copy.since, at));
        record.copies.remove(&node);
        changed = true;
    }
    if !changed {
        return Ok(Accepted::as_it_is());
    }
    sweep(state);
    Ok(Accepted::quietly().owned())
}

pub(super) fn revoke(state: &mut ClusterState, node: NodeId, copies: &[(GroupName, Generation)]) -> Verdict {
    let mut revoked = Vec::new();
    for (group, generation) in copies {
        let copy = state.groups.get_mut(group).and_then(|record| record.copies.get_mut(&node));
        let held = |copy: &&mut CopyRecord| copy.generation == *generation && copy.stage == CopyStage::Held;
        if let Some(copy) = copy.filter(held) {
            copy.stage = CopyStage::Revoked;
            revoked.push(group.to_string());
        }
    }
    if revoked.is_empty() {
        return Ok(Accepted::as_it_is());
    }
    let member = state.nodes.get(&node).map(|member| member.name.clone());
    let former = || state.evicted.get(&node).map(|gone| gone.name.clone());
    Ok(match member.or_else(former) {
        Some(name) => Accepted::changed(OwnershipRevoked { node: name, groups: revoked.join(", ") }).owned(),
        None => Accepted::quietly().owned(),
    })
}

pub(super) fn set_primary(
    state: &mut ClusterState,
    group: &GroupName,
    node: NodeId,
    generation: Generation,
    primary: bool,
) -> Verdict {
    let refused = |why: String| Rejection::NotPrimary { group: group.clone(), why };
    let clones = state.spec.group(group).and_then(|spec| spec.policy.clones);
    let most = clones.map_or(0, |clones| clones.primaries as usize);
    let unknown = || Rejection::UnknownGroup { name: group.clone() };
    let record = state.groups.get_mut(group).ok_or_else(unknown)?;
    let others = record.copies.iter().filter(|(other, copy)| **other != node && copy.primary).count();
    let Some(copy) = record.copies.get_mut(&node).filter(|copy| copy.generation == generation) else {
        return Err(refused(format!("node number {node} does not own it in generation {generation}")));
    };
    if copy.primary == primary {
        return Ok(Accepted::as_it_is());
    }
    if primary && copy.stage != CopyStage::Held {
        return Err(refused(format!("node number {node} may not run it any more")));
    }
    if primary && others >= most {
        return Err(refused(format!("there are {others} already, and may be {most}")));
    }
    copy.primary = primary;
    Ok(Accepted::quietly().owned())
}

/// Somebody has made sure that a node runs nothing: it is as if it had said so itself.
pub(super) fn confirm_down(state: &mut ClusterState, asked: &Asked, name: &NodeName) -> Verdict {
    let unknown = || Rejection::UnknownNode { name: name.to_string() };
    let former = state.evicted.iter().find(|(_, gone)| gone.name == *name).map(|(id, _)| *id);
    let id = state.node_named(name).map(|(id, _)| id).or(former).ok_or_else(unknown)?;
    let mut freed = Vec::new();
    for (group, record) in &mut state.groups {
        if record.copies.remove(&id).is_some() {
            freed.push(group.to_string());
        }
    }
    let groups = if freed.is_empty() { "none".to_owned() } else { freed.join(", ") };
    let told = NodeConfirmedDown { node: name.clone(), groups, by: asked.by() };
    sweep(state);
    Ok(if freed.is_empty() { Accepted::changed(told) } else { Accepted::changed(told).owned() })
}

/// What may run under the ownerships that there are, after the file has changed: what it was, and what it is
/// now, and of each the stricter.
pub(super) fn widen_needs(state: &mut ClusterState) {
    let ClusterState { spec, groups, .. } = state;
    for (name, record) in groups {
        for copy in record.copies.values_mut() {
            widen(copy, spec, name);
        }
    }
}

fn widen(copy: &mut CopyRecord, spec: &ClusterSpec, group: &GroupName) {
    for one in spec.group(group).into_iter().flat_map(|spec| &spec.resources) {
        match copy.needs.iter_mut().find(|need| need.resource == one.name) {
            Some(need) if strictness(one.exclusive) > strictness(need.exclusive) => {
                need.exclusive = one.exclusive;
            }
            Some(_) => {}
            None => copy.needs.push(NeedRecord { resource: one.name.clone(), exclusive: one.exclusive }),
        }
    }
}

fn strictness(exclusive: Exclusive) -> u8 {
    match exclusive {
        Exclusive::None => 0,
        Exclusive::Gate => 1,
        Exclusive::Process => 2,
    }
}

/// Forgets groups that the file does not have any more and nobody owns. Their generations are below the
/// last one that was given, so none is given twice.
pub(super) fn sweep(state: &mut ClusterState) {
    let ClusterState { spec, groups, .. } = state;
    groups.retain(|name, record: &mut GroupRecord| !record.copies.is_empty() || spec.group(name).is_some());
}
