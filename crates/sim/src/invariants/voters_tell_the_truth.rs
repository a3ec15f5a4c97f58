//! A voter that has said how long ago it last answered an older leader has answered none later, and does not.

use crate::history::{Exchange, History, Nanos};
use model::NodeId;
use std::collections::BTreeMap;

pub(super) fn check(history: &History) -> Result<(), String> {
    let accepted = || history.exchanges.iter().filter_map(|one| Some((one, one.answer?)));
    // By voter and term: the last message of that term's leader that was accepted at any time.
    let mut heard: BTreeMap<NodeId, BTreeMap<u64, &Exchange>> = BTreeMap::new();
    for (exchange, _) in accepted() {
        let latest = heard.entry(exchange.to).or_default().entry(exchange.term).or_insert(exchange);
        if latest.arrived < exchange.arrived {
            *latest = exchange;
        }
    }
    for (exchange, (at, age)) in accepted() {
        // What was accepted may wait for the disk until its leader has been replaced, and then says nothing.
        let Some(age) = age else { continue };
        let said: Nanos = at.saturating_sub(age);
        let older = heard.get(&exchange.to).into_iter().flat_map(|terms| terms.range(..exchange.term));
        if let Some((_, older)) = older.into_iter().find(|(_, older)| older.arrived > said) {
            return Err(format!("{exchange:?} says {said}, and there is {older:?}"));
        }
    }
    Ok(())
}
