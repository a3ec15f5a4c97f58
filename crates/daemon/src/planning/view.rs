//! What this node knows, as the planner wants it.

use super::now;
use crate::node::Node;
use execution::Reports;
use model::stored::{ClusterState, CopyRecord, NodeIntent, NodeRecord, ReadinessDegree};
use model::{GroupName, NodeId};
use planner::{Degree, NodeView, NotReady, Standing, Takeover, View};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Everything that is known here.
pub(crate) fn view(node: &Node, state: &ClusterState, reports: &Reports) -> View {
    let nodes = standings(node, state).map(|(id, record, standing)| NodeView {
        not_ready: not_ready(state, record).collect(),
        networks: networks(node, id, record),
        ..NodeView::new(record.name.clone(), standing)
    });
    let standing = standings(node, state).map(|(id, _, standing)| (id, standing)).collect();
    let takeover = |group: &GroupName, owner: NodeId, _: &CopyRecord| {
        if node.is_up(owner) {
            Takeover::Now
        } else {
            node.leading.leases.takeover(node, state, group, owner)
        }
    };
    let groups = execution::overview::groups(state, reports, &standing, takeover);
    View { now: now(), nodes: nodes.collect(), groups }
}

/// The members in the order of joining, and how each stands.
pub(crate) fn standings<'s>(
    node: &Node,
    state: &'s ClusterState,
) -> impl Iterator<Item = (NodeId, &'s NodeRecord, Standing)> {
    let has_quorum = node.quorum().has;
    state.nodes.iter().map(move |(id, record)| (*id, record, standing(node, has_quorum, *id, record)))
}

/// How a member stands.
pub(crate) fn standing(node: &Node, has_quorum: bool, id: NodeId, record: &NodeRecord) -> Standing {
    match node.id() == Some(id) {
        _ if !record.confirmed => Standing::Joining,
        true if !has_quorum => Standing::Isolated,
        _ if !node.is_up(id) => Standing::Down,
        _ if node.leading.is_leaving(id) => Standing::Draining,
        _ => match record.intent {
            // It joined with other components than the ones that were validated.
            _ if record.readiness.maintenance => Standing::Maintenance,
            NodeIntent::Active => Standing::Up,
            NodeIntent::Paused => Standing::Paused,
            NodeIntent::Draining => Standing::Draining,
        },
    }
}

/// The networks that a member is on, by their numbers in the order of its file, which is the same on every
/// node; without those on which it is not heard just now.
fn networks(node: &Node, id: NodeId, record: &NodeRecord) -> BTreeMap<String, IpAddr> {
    let is_heard = |place: usize| node.id() == Some(id) || !node.is_up(id) || node.is_network_up(id, place);
    let all = record.endpoints.iter().enumerate().filter(|(place, _)| is_heard(*place));
    all.map(|(place, endpoint)| ((place + 1).to_string(), endpoint.0.ip())).collect()
}

fn not_ready<'s>(state: &'s ClusterState, record: &'s NodeRecord) -> impl Iterator<Item = NotReady> {
    let lost = record.types.iter().filter_map(|(kind, problem)| Some((kind, problem.as_ref()?)));
    let types = lost.map(|(kind, problem)| NotReady {
        kind: kind.clone(),
        resource: None,
        reason: problem.reason.clone(),
        degree: Degree::Unable,
    });
    types.chain(record.readiness.resources.iter().filter_map(|(path, verdict)| {
        let (group, name) = path.split_once('/')?;
        let of_file = state.spec.groups.iter().find(|one| one.name.as_str() == group)?;
        let resource = of_file.resources.iter().find(|one| one.name.as_str() == name)?;
        Some(NotReady {
            kind: resource.kind.clone(),
            resource: Some(path.clone()),
            reason: verdict.reason.clone(),
            degree: match verdict.degree {
                ReadinessDegree::Lowered => Degree::Lowered,
                ReadinessDegree::NotReady => Degree::NotReady,
                ReadinessDegree::Unable => Degree::Unable,
            },
        })
    }))
}
