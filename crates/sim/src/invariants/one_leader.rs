//! A term has one leader at most.

use crate::history::History;
use std::collections::BTreeMap;

pub(super) fn check(history: &History) -> Result<(), String> {
    let mut leaders = BTreeMap::new();
    for (term, node) in &history.leaders {
        let leader = *leaders.entry(term).or_insert(node);
        if leader != node {
            return Err(format!("term {term} has the leaders {leader:?} and {node:?}"));
        }
    }
    Ok(())
}
