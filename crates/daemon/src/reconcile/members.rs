//! The leader's: the engine's members follow the database's, and those that should vote do.

use crate::clock;
use crate::node::{Node, TheEngine};
use membership::voters::{self, MOST_VOTERS, Member};
use model::NodeId;
use model::stored::{Actor, ClusterState, Command, SoftwareVersion};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::engine::{Role, Standing};

/// Between two looks. A joining node waits for about three of them.
const LOOK: Duration = Duration::from_millis(100);

/// How long one step may take.
const STEP: Duration = Duration::from_secs(5);

/// Keeps the members, for ever; does something only while this node leads.
pub(crate) async fn keep_members(node: Arc<Node>) {
    loop {
        clock::beat(LOOK).await;
        let Some(engine) = node.engine() else { continue };
        let standing = engine.standing();
        let leads = standing.role == Role::Leader && standing.quorum_within(node.timers().election_max * 2);
        if leads && engine.state().cluster.is_some() {
            let _one_at_a_time = node.changing_members.lock().await;
            step(&node, &engine, &engine.standing(), &engine.state()).await;
        }
    }
}

async fn step(node: &Node, engine: &TheEngine, standing: &Standing, state: &ClusterState) {
    let wanted: BTreeSet<NodeId> = state.nodes.keys().copied().collect();
    let present: BTreeSet<NodeId> = standing.voters.union(&standing.learners).copied().collect();
    if let Some(stranger) = present.difference(&wanted).next() {
        note("removing a node", engine.remove(*stranger, STEP).await);
        return;
    }
    if let Some(missing) = wanted.difference(&present).next() {
        note("adding a learner", engine.add_learner(*missing, STEP).await);
        return;
    }
    let chosen = choose(node, standing, state);
    if chosen != standing.voters || standing.changing {
        let changed = engine.change_voters(chosen.clone(), STEP).await;
        if changed.is_ok() {
            tell(node, &standing.voters, &chosen);
        }
        note("changing the voters", changed);
        return;
    }
    for (id, record) in &state.nodes {
        let seated = standing.voters.contains(id) || standing.voters.len() >= MOST_VOTERS;
        if !record.confirmed && seated && standing.caught_up(*id) {
            let confirmed =
                node.write(Actor::Node(node.name().clone()), Command::Confirm { node: *id }).await;
            if let Err(problem) = confirmed {
                tracing::info!(%problem, node = %record.name, "a node could not be confirmed yet");
            }
            if record.software != SoftwareVersion::current() {
                let (theirs, ours) = (record.software.clone(), SoftwareVersion::current());
                node.log.raise(events::VersionDiffers { node: record.name.clone(), theirs, ours });
            }
        }
    }
}

fn choose(node: &Node, standing: &Standing, state: &ClusterState) -> BTreeSet<NodeId> {
    let members: Vec<Member> = state
        .nodes
        .iter()
        .map(|(id, record)| Member {
            id: *id,
            domain: state.spec.failure_domain(&record.name).cloned(),
            votes: standing.voters.contains(id),
            ready: node.is_up(*id) && standing.caught_up(*id),
        })
        .collect();
    voters::choose(&members)
}

fn tell(node: &Node, before: &BTreeSet<NodeId>, after: &BTreeSet<NodeId>) {
    let voters = after.len() as u64;
    for id in after.difference(before) {
        if let Some(member) = node.book.member(*id) {
            node.log.raise(events::VoterPromoted { node: member.name, voters });
        }
    }
}

fn note<E: std::fmt::Display>(what: &str, result: Result<(), E>) {
    if let Err(error) = result {
        tracing::info!(%error, "{what} did not succeed; it is tried again");
    }
}
