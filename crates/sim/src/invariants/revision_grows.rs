//! A running node never goes back. (After a restart it may begin at an older state that it knows to
//! be committed, until a leader tells it the rest.)

use crate::history::History;
use std::collections::BTreeMap;

pub(super) fn check(history: &History) -> Result<(), String> {
    let mut newest = BTreeMap::new();
    for seen in &history.seen {
        let before = newest.insert((seen.node, seen.life), seen.revision);
        if before.is_some_and(|before| before > seen.revision) {
            return Err(format!("{:?} showed {:?} after {before:?}", seen.node, seen.revision));
        }
    }
    Ok(())
}
