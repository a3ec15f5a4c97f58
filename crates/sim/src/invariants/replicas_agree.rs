//! Replicas that applied the same show the same: at one revision there is one change, and after one
//! last decision there is one state, byte for byte.

use crate::history::History;
use std::collections::BTreeMap;

pub(super) fn check(history: &History) -> Result<(), String> {
    let mut changes = BTreeMap::new();
    for told in &history.told {
        let (operation, first) = *changes.entry(told.revision).or_insert((told.operation, told.node));
        if operation != told.operation {
            let (revision, node) = (told.revision, told.node);
            return Err(format!(
                "{revision:?} is {operation} on {first:?} and {} on {node:?}",
                told.operation
            ));
        }
    }
    let mut states = BTreeMap::new();
    for seen in &history.seen {
        let (hash, revision, first) =
            *states.entry(seen.last).or_insert((seen.hash, seen.revision, seen.node));
        if hash != seen.hash {
            return Err(format!(
                "after {} the state of {first:?} ({revision:?}) and of {:?} ({:?}) differ",
                seen.last, seen.node, seen.revision
            ));
        }
    }
    Ok(())
}
