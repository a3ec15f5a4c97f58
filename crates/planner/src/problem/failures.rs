//! How often something failed, and what follows from it.

use super::{Group, Problem};
use crate::ids::{GroupIx, NodeIx, ResourceIx};
use crate::view::State;
use model::desired::{OnFail, ResourceSpec};

/// A resource has failed on a node as often as its policy puts up with there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Worn {
    pub(crate) resource: ResourceIx,
    /// So many failures count now.
    pub(crate) failures: u32,
    /// When the first of them will be forgotten, in milliseconds since 1970.
    pub(crate) until_ms: u64,
}

/// The failures of a resource on a node that count now: how many, and when the oldest is forgotten.
fn counted(
    problem: &Problem<'_>,
    group: &Group<'_>,
    resource: ResourceIx,
    node: NodeIx,
) -> Option<(u32, u64)> {
    let (name, node) = (&group.resource(resource).name, problem.nodes[node].name);
    let within_ms = span_ms(group, resource);
    let now_ms = problem.now.unix_ms;
    let of_it = group.view.failures.iter().filter(|one| one.resource == *name && one.node == *node);
    let young = of_it.map(|one| one.at_ms.saturating_add(within_ms)).filter(|forgotten| *forgotten > now_ms);
    young.fold(None, |found, forgotten| match found {
        None => Some((1, forgotten)),
        Some((count, first)) => Some((count + 1, first.min(forgotten))),
    })
}

/// For how long a failure counts. Where none is put up with, the file gives no span, and the default's
/// is taken.
fn span_ms(group: &Group<'_>, resource: ResourceIx) -> u64 {
    match group.restarts(resource).within_ms {
        0 => super::RESTARTS.within_ms,
        within_ms => within_ms,
    }
}

/// Why a group's failures keep it from a node now, if they do.
pub(crate) fn worn(problem: &Problem<'_>, group: GroupIx, node: NodeIx) -> Option<Worn> {
    let group = &problem.groups[group];
    if group.view.failures.is_empty() {
        return None;
    }
    let of = |(ix, _): (ResourceIx, _)| worn_resource(problem, group, ix, node);
    group.resources().filter(|(_, one)| !one.policy.optional && !one.policy.unmanaged).find_map(of)
}

/// Why a resource's failures keep it from a node now, if they do.
pub(crate) fn worn_resource(
    problem: &Problem<'_>,
    group: &Group<'_>,
    resource: ResourceIx,
    node: NodeIx,
) -> Option<Worn> {
    let put_up_with = match group.resource(resource).policy.on_fail {
        OnFail::Restart | OnFail::Demote => group.restarts(resource).max,
        OnFail::Failover | OnFail::Drain => 0,
        OnFail::Ignore | OnFail::Stop | OnFail::Block => return None,
    };
    let (failures, until_ms) = counted(problem, group, resource, node)?;
    (failures > put_up_with).then_some(Worn { resource, failures, until_ms })
}

/// Whether nobody waits for a resource to be better than it is on a node: it runs, or the file says that
/// nobody minds.
pub(crate) fn is_well(
    problem: &Problem<'_>,
    group: &Group<'_>,
    resource: ResourceIx,
    node: NodeIx,
    state: State,
) -> bool {
    let policy = &group.resource(resource).policy;
    state.serves()
        || policy.unmanaged
        || (state == State::Failed && policy.on_fail == OnFail::Ignore)
        || (policy.optional && worn_resource(problem, group, resource, node).is_some())
}

/// Whether a start of the group failed on a node, as long as that counts. It goes on without what is
/// optional, and without what may fail.
pub(crate) fn failed_start(problem: &Problem<'_>, group: &Group<'_>, node: NodeIx) -> bool {
    let name = problem.nodes[node].name;
    group.view.failures.iter().any(|failure| {
        failure.at_start
            && failure.node == *name
            && group.resources().any(|(ix, one)| {
                let forgotten = failure.at_ms.saturating_add(span_ms(group, ix));
                let minds = !one.policy.optional && one.policy.on_fail != OnFail::Ignore;
                let counts = one.name == failure.resource && minds;
                counts && forgotten > problem.now.unix_ms
            })
    })
}

/// The resource whose failure stops the group until somebody clears it.
pub(crate) fn stopped_by(group: &Group<'_>) -> Option<ResourceIx> {
    let failed = |one: &ResourceSpec| group.view.failures.iter().any(|failure| failure.resource == one.name);
    let stops = |one: &ResourceSpec| one.policy.on_fail == OnFail::Stop && failed(one);
    let mut resources = group.resources().filter(|_| !group.view.failures.is_empty());
    resources.find(|(_, one)| stops(one)).map(|(ix, _)| ix)
}

/// When the cluster may move the group for a failure again, if it has done so as often as it may: how
/// often that was, and when the first of them is forgotten. Where no failover is put up with, what counts
/// is the failure itself.
pub(crate) fn given_up(problem: &Problem<'_>, ix: GroupIx) -> Option<(u32, u64)> {
    let group = &problem.groups[ix];
    let limit = group.failovers;
    if limit.max == 0 {
        let worn = problem.nodes.places().filter_map(|node| worn(problem, ix, node));
        return worn.map(|worn| (0, worn.until_ms)).max();
    }
    let forgotten = group.view.failovers.iter().map(|at| at.saturating_add(limit.within_ms));
    let young: Vec<u64> = forgotten.filter(|forgotten| *forgotten > problem.now.unix_ms).collect();
    let count = u32::try_from(young.len()).unwrap_or(u32::MAX);
    let first = young.into_iter().min()?;
    (count >= limit.max).then_some((count, first))
}
