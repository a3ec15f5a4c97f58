//! What agents ask of the cluster, and what they note for it.
//!
//! An agent with roles asks which nodes there are, and what runs where as what; every monitor has a picture of
//! that, made of the database and of who is heard from. What an agent notes (how well it would do as the primary,
//! an attribute of a node) is told to all other nodes at once, and to a node that comes back: each node tells
//! what is about itself.
//!
//! That its resource must not run on a node (`crm_resource --ban`; agents of databases say so of data that they must
//! not start from) is, in our words, a start that failed there: it is recorded as one, so everything that is said of
//! failures holds of it, and an administrator takes it back with `resource clear`.

use super::{with, write_down};
use crate::clock;
use crate::node::Node;
use crate::peer::paths;
use model::NodeId;
use model::stored::{ClusterState, Command};
use resource_api::cluster::{ClusterInstance, ClusterNode};
use resource_api::{Cluster, Note, ResourceId, Role};
use std::sync::Arc;
use std::time::Duration;

/// How long another node may take to hear a note.
const LIMIT: Duration = Duration::from_secs(2);

/// What is recorded where an agent says that its resource must not run.
const BANNED: &str = "its agent says that it must not run here";

/// How often a note is told to a node that does not answer. One that is back later is told everything.
const TRIES: u32 = 3;

/// The cluster is otherwise: the database has changed, or a node has come or gone.
pub(crate) fn picture(node: &Node) {
    let state = node.state();
    let mut nodes: Vec<ClusterNode> = state
        .nodes
        .iter()
        .map(|(id, member)| ClusterNode { name: member.name.to_string(), online: node.is_up(*id) })
        .collect();
    nodes.sort_by(|one, other| one.name.cmp(&other.name));
    let instances = instances(node, &state);
    node.monitors.cluster(Cluster { nodes, quorate: node.quorum().has, instances });
}

fn instances(node: &Node, state: &ClusterState) -> Vec<ClusterInstance> {
    let mut all = Vec::new();
    for spec in &state.spec.groups {
        let copies = state.groups.get(&spec.name).into_iter().flat_map(|record| &record.copies);
        for (id, copy) in copies.filter(|(id, _)| node.is_up(**id)) {
            let Some(name) = execution::overview::name(state, *id) else { continue };
            let role = match (spec.has_primaries(), copy.primary) {
                (false, _) => Role::Started,
                (true, false) => Role::Replica,
                (true, true) => Role::Primary,
            };
            all.extend(spec.resources.iter().map(|one| ClusterInstance {
                id: ResourceId { group: spec.name.clone(), resource: one.name.clone() },
                kind: one.kind.clone(),
                node: name.to_string(),
                role,
            }));
        }
    }
    all
}

/// An agent here noted something.
pub(super) fn noted(node: &Arc<Node>, note: &Note) {
    take_up(node, note);
    if let Note::Ban { id, node: whose, on } = note {
        banned(node, id, whose, *on);
    }
    for other in node.others() {
        tell(node, other.id, note.clone());
    }
}

/// An agent elsewhere did.
pub(crate) fn heard(node: &Arc<Node>, note: &Note) {
    node.monitors.note(note);
    take_up(node, note);
}

fn take_up(node: &Arc<Node>, note: &Note) {
    if let Note::Score { id, node: whose, score } = note
        && *whose == node.name().as_str()
    {
        with(node, |runner| runner.scored(id, *score));
    }
}

/// A resource must not run on a node, or may again.
fn banned(node: &Arc<Node>, id: &ResourceId, whose: &str, on: bool) {
    let state = node.state();
    let Some(whose) = state.nodes.iter().find(|(_, member)| member.name.as_str() == whose) else { return };
    let (group, resource, whose) = (id.group.clone(), id.resource.clone(), *whose.0);
    let command = match on {
        true => {
            Command::RecordFailure { group, resource, node: whose, at_start: true, reason: BANNED.to_owned() }
        }
        false => Command::ClearFailures { group, resource: Some(resource), node: Some(whose) },
    };
    write_down(node, clock::wall(), command, |_| {});
}

/// A node is there again: it is told what is noted about this one.
pub(crate) fn tell_all(node: &Arc<Node>, whom: NodeId) {
    let here = node.name().as_str();
    let about_here = |note: &Note| match note {
        Note::Score { node, .. } | Note::Attribute { node, .. } | Note::Ban { node, .. } => node == here,
    };
    for note in node.monitors.notes().into_iter().filter(about_here) {
        tell(node, whom, note);
    }
}

fn tell(node: &Arc<Node>, whom: NodeId, note: Note) {
    let node = node.clone();
    tokio::spawn(async move {
        for _ in 0..TRIES {
            if node.call_json::<()>(whom, paths::NOTE, &note, LIMIT).await.is_ok() {
                return;
            }
        }
    });
}
