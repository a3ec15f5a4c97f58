//! Groups for which no other node is ready: one more failure, and they run where they were never validated, or not
//! at all. That is to be known before the failure.

use crate::node::Node;
use events::NobodyElseReady;
use model::desired::{GroupSpec, WhenNoneReady};
use model::stored::{ClusterState, NodeRecord, ReadinessDegree};
use std::collections::BTreeSet;

/// A group without a spare node, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unspared {
    /// Its name.
    pub(crate) group: String,
    /// Where it is.
    pub(crate) owners: String,
    /// Who may have it besides, and is not ready.
    pub(crate) others: String,
    /// What becomes of it if its owner is lost.
    pub(crate) outcome: &'static str,
}

/// All of them.
pub(crate) fn unspared(state: &ClusterState) -> Vec<Unspared> {
    state.spec.groups.iter().filter_map(|group| of_group(state, group)).collect()
}

fn of_group(state: &ClusterState, group: &GroupSpec) -> Option<Unspared> {
    let record = state.groups.get(&group.name);
    if record.is_some_and(|record| record.wanted_offline) {
        return None;
    }
    let may_own =
        |node: &NodeRecord| group.possible_owners.is_empty() || group.possible_owners.contains(&node.name);
    let holds = |id| record.is_some_and(|record| record.copies.contains_key(id));
    let (owners, others): (Vec<_>, Vec<_>) =
        state.nodes.iter().filter(|(_, node)| may_own(node)).partition(|(id, _)| holds(*id));
    // What a plug-in lacks is told by other events; here it is about what was validated.
    let differs = others.iter().any(|(_, node)| lacks(group, node));
    let ready = |node: &NodeRecord| !lacks(group, node) && !cannot(group, node);
    if !differs || others.iter().any(|(_, node)| ready(node)) {
        return None;
    }
    let names = |all: &[(_, &NodeRecord)]| {
        all.iter().map(|(_, node)| node.name.to_string()).collect::<Vec<_>>().join(", ")
    };
    Some(Unspared {
        group: group.name.to_string(),
        owners: if owners.is_empty() { "no node".to_owned() } else { names(&owners) },
        others: names(&others),
        outcome: match state.spec.when_none_ready {
            WhenNoneReady::BestEffort => "it is tried where least is wrong",
            WhenNoneReady::Stay => "it stays offline (`when_none_ready`)",
        },
    })
}

/// Whether what a node has of it is not what was validated.
fn lacks(group: &GroupSpec, node: &NodeRecord) -> bool {
    let verdict = |path: String| node.readiness.resources.get(&path);
    let mut paths = group.resources.iter().map(|it| format!("{}/{}", group.name, it.name));
    node.readiness.maintenance
        || paths.any(|path| verdict(path).is_some_and(|it| it.degree > ReadinessDegree::Lowered))
}

/// Whether a type that it needs cannot be used on a node.
fn cannot(group: &GroupSpec, node: &NodeRecord) -> bool {
    group.resources.iter().any(|resource| matches!(node.types.get(&resource.kind), Some(Some(_))))
}

/// Tells of those that are new. The leader does, so that it is told once.
pub(super) fn tell(node: &Node, state: &ClusterState, told: &mut BTreeSet<String>) {
    let now = unspared(state);
    for Unspared { group, owners, others, outcome } in &now {
        if !told.contains(group) && crate::planning::leads(node) {
            node.log.raise(NobodyElseReady {
                group: group.clone(),
                owners: owners.clone(),
                others: others.clone(),
                outcome: (*outcome).to_owned(),
            });
        }
    }
    *told = now.into_iter().map(|it| it.group).collect();
}
