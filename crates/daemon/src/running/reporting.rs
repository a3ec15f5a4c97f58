//! Telling the leader what runs here: at once when it changes, and from time to time when it does not.

use crate::node::Node;
use crate::peer::paths;
use execution::{Report, Sequel};
use model::NodeId;
use std::sync::Arc;
use std::time::Duration;

/// What has not changed is told again so often: a leader that lost it asks for all of it then.
const ANYWAY: Duration = Duration::from_secs(1);

/// How long the leader may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// Between two tries, where the leader does not answer.
const AGAIN: Duration = Duration::from_millis(50);

/// Reports, for ever.
pub(crate) async fn run(node: Arc<Node>) {
    let mut changes = node.running.changes.subscribe();
    // Whom we told last, and up to which number.
    let mut told: Option<(NodeId, u64)> = None;
    loop {
        let leader = node.standing().and_then(|standing| standing.leader);
        let Some(leader) = leader else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        changes.mark_unchanged();
        let since = told.filter(|(whom, _)| *whom == leader).map_or(0, |(_, number)| number);
        if let Some(report) = node.running.report(since) {
            let number = report.number;
            // A lost leader does not answer. Its successor must not wait for that: before it knows what runs
            // here, it starts nothing here.
            let answer = tokio::select! {
                answer = tell(&node, leader, report) => answer,
                () = leader_changes(&node, leader) => {
                    told = None;
                    continue;
                }
            };
            match answer {
                Some(Sequel::Known) => told = Some((leader, number)),
                Some(Sequel::SendAll) => {
                    told = None;
                    continue;
                }
                None => {
                    told = None;
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            }
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = leader_changes(&node, leader) => {}
            () = tokio::time::sleep(ANYWAY) => {}
        }
    }
}

/// Waits until another node leads, or none does.
async fn leader_changes(node: &Node, leader: NodeId) {
    while node.standing().and_then(|standing| standing.leader) == Some(leader) {
        crate::clock::beat(node.timers().heartbeat).await;
    }
}

async fn tell(node: &Arc<Node>, leader: NodeId, report: Report) -> Option<Sequel> {
    if Some(leader) == node.id() {
        return Some(crate::leading::reported(node, report));
    }
    let answer = node.call_json(leader, paths::REPORT, &report, LIMIT).await;
    answer.inspect_err(|error| tracing::debug!(%error, "the leader did not take a report")).ok()
}
