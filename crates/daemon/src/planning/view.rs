//! What this node knows, as the planner wants it.

use super::now;
use crate::node::Node;
use model::NodeId;
use model::stored::{ClusterState, NodeRecord};
use planner::{NodeView, NotReady, Standing, View};

/// Everything that is known here.
pub(crate) fn view(node: &Node, state: &ClusterState) -> View {
    let nodes = standings(node, state).map(|(record, standing)| NodeView {
        not_ready: not_ready(record).collect(),
        ..NodeView::new(record.name.clone(), standing)
    });
    View { now: now(), nodes: nodes.collect(), ..View::default() }
}

/// The members in the order of joining, and how each stands.
pub(crate) fn standings<'s>(
    node: &Node,
    state: &'s ClusterState,
) -> impl Iterator<Item = (&'s NodeRecord, Standing)> {
    let has_quorum = node.quorum().has;
    state.nodes.iter().map(move |(id, record)| (record, standing(node, has_quorum, *id, record)))
}

/// How a member stands.
pub(crate) fn standing(node: &Node, has_quorum: bool, id: NodeId, record: &NodeRecord) -> Standing {
    match node.id() == Some(id) {
        _ if !record.confirmed => Standing::Joining,
        true if !has_quorum => Standing::Isolated,
        _ if node.is_up(id) => Standing::Up,
        _ => Standing::Down,
    }
}

fn not_ready(record: &NodeRecord) -> impl Iterator<Item = NotReady> {
    let lost = record.types.iter().filter_map(|(kind, problem)| Some((kind, problem.as_ref()?)));
    lost.map(|(kind, problem)| NotReady {
        kind: kind.clone(),
        resource: None,
        reason: problem.reason.clone(),
    })
}
