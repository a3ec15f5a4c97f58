//! No write happens twice, whatever was retried: a change has one revision, and leaves one trace.

use crate::history::History;
use std::collections::BTreeMap;

pub(super) fn check(history: &History) -> Result<(), String> {
    let mut made = BTreeMap::new();
    for told in &history.told {
        let revision = *made.entry(told.operation).or_insert(told.revision);
        if revision != told.revision {
            return Err(format!("{} was made at {revision:?} and at {:?}", told.operation, told.revision));
        }
    }
    for (node, held) in &history.end.members {
        let mut traces = held.traces.clone();
        traces.sort_unstable();
        if let Some(twice) = traces.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("{} left two traces on {node:?}", twice[0]));
        }
    }
    Ok(())
}
