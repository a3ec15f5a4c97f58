//! Behind every lease is a majority that answered what its leader sent after the lease was asked for.

use crate::history::{History, Nanos, Renewal};
use model::NodeId;
use std::collections::BTreeMap;

/// What was sent when, by when its answer had come back: to one voter, of one term's leader.
type Answered = Vec<(Nanos, Nanos)>;

pub(super) fn check(history: &History) -> Result<(), String> {
    let mut answered: BTreeMap<(u64, NodeId), Answered> = BTreeMap::new();
    for one in &history.exchanges {
        if let (Some(back), Some(_)) = (one.back, one.answer) {
            answered.entry((one.term, one.to)).or_default().push((back, one.sent));
        }
    }
    answered.values_mut().for_each(|times| times.sort_unstable());
    for renewal in &history.renewals {
        for voters in &renewal.electorates {
            let stands = |voter: &&NodeId| {
                **voter == renewal.leader
                    || answered.get(&(renewal.term, **voter)).is_some_and(|times| covers(times, renewal))
            };
            let behind = voters.iter().filter(stands).count();
            if behind * 2 <= voters.len() {
                return Err(format!("only {behind} of {voters:?} stand behind {renewal:?}"));
            }
        }
    }
    Ok(())
}

/// Whether an answer that was there by the grant is to something sent after the request.
fn covers(times: &Answered, renewal: &Renewal) -> bool {
    let there = &times[..times.partition_point(|(back, _)| *back <= renewal.granted)];
    // Nothing comes back before it was sent.
    there.iter().rev().take_while(|(back, _)| *back >= renewal.asked).any(|(_, sent)| *sent >= renewal.asked)
}
