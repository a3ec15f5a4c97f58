//! What `status` says: a view of what is known here, computed anew each time. It waits for nobody but, for
//! half a second, for the leader, which knows what runs everywhere.

mod alarms;
pub(crate) mod groups;
mod readiness;
mod standing;

pub(crate) use standing::why_not;

use crate::node::Node;
use crate::node::own::Own;
use crate::peer::links::same_network;
use crate::planning::view;
use crate::{clock, disk};
use api::{Baseline, Database, NetworkShown, NodeShown, NodeState, Quorum, Status, UpDown};
use model::NodeId;
use model::stored::{ClusterState, NodeRecord, SoftwareVersion};
use std::net::IpAddr;
use std::sync::PoisonError;

/// The cluster as this node knows it.
pub(crate) async fn status(node: &Node) -> Status {
    let known = groups::known(node).await;
    let state = node.state();
    let quorum = node.quorum();
    let name = |id: NodeId| node.book.name(id);
    let identity = node.identity.borrow().clone();
    Status {
        cluster: identity.map(|identity| identity.cluster_name.to_string()),
        revision: state.revision.0,
        node: node.name().to_string(),
        leader: quorum.leader.map(name),
        as_of: clock::wall().to_string(),
        profile: state.spec.profile.to_string(),
        version: SoftwareVersion::current().to_string(),
        standing: standing::standing(node, &quorum),
        database: database(node),
        baseline: Baseline { generation: node.components.generation(), rollout: None },
        nodes: state.nodes.iter().map(|(id, record)| shown(node, &state, *id, record)).collect(),
        alarms: alarms::alarms(node, &state, &quorum, &known),
        groups: known.groups,
        quorum: Quorum {
            has: quorum.has,
            votes: quorum.votes as u32,
            needed: quorum.needed as u32,
            present: quorum.present as u32,
            missing: quorum.missing.iter().copied().map(name).collect(),
            witness: None,
        },
    }
}

fn database(node: &Node) -> Database {
    let free_bytes = disk::free_bytes(node.dir.path());
    let (state, reason) = match &*node.own.borrow() {
        Own::Unusable { problem, .. } => ("unusable", Some(problem.clone())),
        Own::Stopped { problem } => ("stopped", Some(problem.clone())),
        _ if node.id().is_none() => ("none", Some("this node belongs to no cluster".to_owned())),
        _ if node.engine().is_none() => ("stopped", Some("it is being opened".to_owned())),
        _ => ("ok", None),
    };
    Database { state: state.to_owned(), reason, free_bytes }
}

fn shown(node: &Node, state: &ClusterState, id: NodeId, record: &NodeRecord) -> NodeShown {
    let own = node.id() == Some(id);
    let standing = node.standing();
    NodeShown {
        name: record.name.to_string(),
        id: id.0,
        state: node_state(view::standing(node, node.quorum().has, id, record)),
        voter: standing.is_some_and(|standing| standing.voters.contains(&id)),
        lease_remaining_ms: own
            .then(|| node.running.remaining())
            .flatten()
            .map(|left| left.as_millis() as u64),
        last_seen_ms: node.last_seen(id).filter(|_| !own).map(|ago| ago.as_millis() as u64),
        networks: record
            .endpoints
            .iter()
            .enumerate()
            .map(|(place, endpoint)| NetworkShown {
                address: endpoint.0.ip().to_string(),
                state: if network_up(node, own, id, place) { UpDown::Up } else { UpDown::Down },
            })
            .collect(),
        not_ready: readiness::not_ready(state, record),
        lowered: readiness::lowered(state, record),
        version: record.software.to_string(),
        failure_domain: state.spec.failure_domain(&record.name).map(ToString::to_string),
        joined: record.joined.to_string(),
    }
}

fn node_state(standing: planner::Standing) -> NodeState {
    match standing {
        planner::Standing::Up => NodeState::Up,
        planner::Standing::Paused => NodeState::Paused,
        planner::Standing::Draining => NodeState::Draining,
        planner::Standing::Maintenance => NodeState::Maintenance,
        planner::Standing::Joining => NodeState::Joining,
        planner::Standing::Isolated => NodeState::Isolated,
        planner::Standing::Down => NodeState::Down,
    }
}

/// Another node's network is up if its heartbeats arrive on it. Our own is up if we serve it and
/// somebody is heard on it, where anybody is heard at all.
fn network_up(node: &Node, own: bool, id: NodeId, place: usize) -> bool {
    if !own {
        return node.is_network_up(id, place);
    }
    let served = node
        .sockets
        .get(place)
        .is_some_and(|socket| socket.lock().unwrap_or_else(PoisonError::into_inner).is_some());
    let own_ips: Vec<IpAddr> = node.config.endpoints.iter().map(|endpoint| endpoint.0.ip()).collect();
    let others = node.others();
    let anybody = others.iter().any(|other| node.is_up(other.id));
    let heard_here = others.iter().any(|other| {
        other.endpoints.iter().enumerate().any(|(theirs, endpoint)| {
            same_network(&own_ips, endpoint.0.ip()) == own_ips.get(place).copied()
                && node.is_network_up(other.id, theirs)
        })
    });
    served && (heard_here || !anybody)
}
