//! After faults heal, the cluster takes writes again within the time that the run allows, and its
//! members hold the same state.

use crate::history::History;

pub(super) fn check(history: &History) -> Result<(), String> {
    history.end.converged.clone()?;
    let mut members = history.end.members.iter();
    let Some((first, expected)) = members.next() else { return Err("there are no members".to_owned()) };
    for (node, held) in members {
        if held.hash != expected.hash {
            return Err(format!(
                "{first:?} ({:?}) and {node:?} ({:?}) differ",
                expected.revision, held.revision
            ));
        }
    }
    Ok(())
}
