//! Tells of quorum lost and regained, of a new leader, and of a start that leads nowhere.

use crate::node::{Node, quorum::Quorum};
use crate::{clock, status};
use membership::Moment;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// What was told last.
#[derive(Default)]
struct Told {
    /// Whether there was a quorum; absent until there was one, or its lack was told.
    has: Option<bool>,
    /// Since when there has been none.
    without_since: Option<Moment>,
    /// The leader and its term.
    leads_in: Option<u64>,
}

/// Watches, for ever.
pub(crate) async fn watch_quorum(node: Arc<Node>) {
    let mut told = Told::default();
    loop {
        clock::beat(LOOK).await;
        if node.id().is_none() {
            told = Told::default();
            continue;
        }
        let quorum = node.quorum();
        leader(&node, &quorum, &mut told);
        if quorum.has {
            told.without_since = None;
            if told.has == Some(false) {
                let (votes, needed) = (quorum.present as u64, quorum.needed as u64);
                node.log.raise(events::QuorumRegained { votes, needed });
            }
            told.has = Some(true);
        } else {
            without(&node, &quorum, &mut told);
        }
    }
}

fn without(node: &Node, quorum: &Quorum, told: &mut Told) {
    let now = clock::moment();
    let since = *told.without_since.get_or_insert(now);
    let timers = node.timers();
    match told.has {
        // An election is not a loss: a leader that dies is replaced within this.
        Some(true) if now.since(since) > timers.silence + timers.election_max => {
            told.has = Some(false);
            let missing =
                quorum.missing.iter().filter_map(|id| node.book.member(*id)).map(|m| m.name).collect();
            let (votes, needed) = (quorum.present as u64, quorum.needed as u64);
            node.log.raise(events::QuorumLost { votes, needed, missing });
        }
        // Since this start there never was one: neither joined nor formed.
        None if now.since(since) > timers.silence + timers.leader_wait => {
            told.has = Some(false);
            let (cause, next) = status::why_not(node);
            let next = next.unwrap_or_else(|| "steadfast status".to_owned());
            // What makes the database unusable has been told with its own cause.
            if node.engine().is_some() {
                node.log.raise(events::NeitherJoinNorForm { cause, next });
            }
        }
        _ => {}
    }
}

fn leader(node: &Node, quorum: &Quorum, told: &mut Told) {
    let leads = quorum.leader.is_some() && quorum.leader == node.id();
    let term = node.standing().map(|standing| standing.term).filter(|_| leads);
    if term.is_some() && told.leads_in != term {
        let leader = node.name().clone();
        node.log.raise(events::LeaderChanged { leader, term: term.unwrap_or_default() });
    }
    // A leader that cannot reach a majority for a moment is still the same leader afterwards.
    told.leads_in = term.or(told.leads_in);
}
