//! What this node is doing, in a word, a sentence and a command.

use crate::node::own::Own;
use crate::node::{Node, quorum::Quorum};
use api::{Phase, Standing};
use std::time::Duration;

/// The word, the sentence and the command.
pub(super) fn standing(node: &Node, quorum: &Quorum) -> Standing {
    let (phase, text, next) = describe(node, quorum);
    Standing { phase, text, next }
}

/// Why this node cannot do what was asked, and the command that helps.
#[must_use]
pub(crate) fn why_not(node: &Node) -> (String, Option<String>) {
    let (_, text, next) = describe(node, &node.quorum());
    (text, next)
}

fn describe(node: &Node, quorum: &Quorum) -> (Phase, String, Option<String>) {
    let command = |text: &str| Some(text.to_owned());
    let Some(identity) = node.identity.borrow().clone() else {
        if let Own::Unusable { problem, next } = &*node.own.borrow() {
            return (Phase::DatabaseUnusable, problem.clone(), Some(next.clone()));
        }
        let next = "steadfast init --name CLUSTER, or: steadfast join ADDRESS --token -";
        return (Phase::NoCluster, "this node belongs to no cluster yet".to_owned(), command(next));
    };
    let cluster = &identity.cluster_name;
    match &*node.own.borrow() {
        Own::Evicted { told_by } => {
            let text =
                format!("this node was evicted from cluster {cluster}, says {told_by}; it takes no part");
            let next = "on a member: steadfast token create; then here: steadfast join ADDRESS --token -";
            return (Phase::Evicted, text, command(next));
        }
        Own::Duplicate { told_by, text, .. } => {
            let text = format!("this daemon takes no part, says {told_by}: {text}");
            let next = "stop this daemon, or give it another name and data directory";
            return (Phase::Duplicate, text, command(next));
        }
        Own::Incompatible { told_by, theirs, software } => {
            let ours = model::stored::PROTOCOL;
            let text = format!(
                "{told_by} (version {software}) speaks protocol {theirs}, this node speaks {ours}: they cannot work together"
            );
            return (
                Phase::Incompatible,
                text,
                command("install the cluster's version of Steadfast on this node"),
            );
        }
        Own::Unusable { problem, next } => {
            return (Phase::DatabaseUnusable, problem.clone(), Some(next.clone()));
        }
        Own::Stopped { problem } => {
            let text =
                format!("the cluster database has stopped: {problem}; it starts again by itself once it can");
            return (Phase::DatabaseUnusable, text, command("free space on the disk of `data_dir`"));
        }
        Own::Clear => {}
    }
    let state = node.state();
    let confirmed = state.nodes.get(&identity.node).is_some_and(|record| record.confirmed);
    if quorum.has && confirmed {
        let leader = quorum.leader.filter(|leader| *leader != identity.node);
        let text = match leader {
            Some(leader) => format!("member of cluster {cluster}; {} leads", node.book.name(leader)),
            None => format!("member of cluster {cluster}, and its leader"),
        };
        return (Phase::Member, text, None);
    }
    if quorum.votes == 0 || quorum.has || state.cluster.is_none() {
        let text = format!("joining cluster {cluster}: waiting for its database{}", heard(node));
        return (Phase::Joining, text, None);
    }
    let text = format!(
        "no quorum: {} of {}, needs {}{}",
        quorum.present,
        quorum.votes,
        quorum.needed,
        if quorum.in_reach() { "; an election is under way".to_owned() } else { heard(node) }
    );
    let next = "start the missing nodes, or mend the network between them; steadfast events --since 1h";
    (Phase::NoQuorum, text, command(next))
}

/// `; last seen n2 12 s ago, n3 never`: those that are not heard from now.
fn heard(node: &Node) -> String {
    let silent: Vec<String> = node
        .others()
        .iter()
        .filter(|other| !node.is_up(other.id))
        .map(|other| match node.last_seen(other.id) {
            Some(ago) => format!("{} {} ago", other.name, short(ago)),
            None => format!("{} not since this start", other.name),
        })
        .collect();
    if silent.is_empty() { String::new() } else { format!("; last seen {}", silent.join(", ")) }
}

fn short(ago: Duration) -> String {
    match ago.as_secs() {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3_600),
    }
}
