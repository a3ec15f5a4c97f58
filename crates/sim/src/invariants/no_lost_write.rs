//! An acknowledged write is there in the end, on every member.

use crate::history::{Answer, History};
use std::collections::BTreeSet;

pub(super) fn check(history: &History) -> Result<(), String> {
    let told: BTreeSet<_> = history.told.iter().map(|told| (told.revision, told.operation)).collect();
    for (number, operation) in &history.operations {
        let Some((_, Answer::Done(revision))) = operation.answered else { continue };
        // Some node told its event log of it, at that revision: at least the one that answered.
        if !told.contains(&(revision, *number)) {
            return Err(format!(
                "{} {number} was acknowledged at {revision:?}, and nobody knows of it",
                operation.what
            ));
        }
        for (node, held) in &history.end.members {
            if held.revision < revision {
                return Err(format!(
                    "{number} was acknowledged at {revision:?}, {node:?} is at {:?}",
                    held.revision
                ));
            }
            if operation.what != "configure" && !held.traces.contains(number) {
                return Err(format!(
                    "{} {number}, acknowledged at {revision:?}, is not on {node:?}",
                    operation.what
                ));
            }
        }
    }
    Ok(())
}
