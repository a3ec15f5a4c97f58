//! What is acknowledged before another begins comes before it; and no two changes share a revision.

use crate::history::{Answer, History};

pub(super) fn check(history: &History) -> Result<(), String> {
    let mut done: Vec<_> = history
        .operations
        .iter()
        .filter_map(|(number, operation)| match operation.answered {
            Some((answered, Answer::Done(revision))) => {
                Some((revision, operation.invoked, answered, *number))
            }
            _ => None,
        })
        .collect();
    done.sort_unstable();
    // Going up the revisions, the latest beginning so far: nothing further up may have been
    // acknowledged before that.
    let mut latest = (0, 0);
    for (at, (revision, invoked, answered, number)) in done.iter().enumerate() {
        if at > 0 && done[at - 1].0 == *revision {
            return Err(format!("{number} and {} are both {revision:?}", done[at - 1].3));
        }
        if *answered < latest.0 {
            return Err(format!(
                "{number} ({revision:?}) was acknowledged before {} began, which is before it",
                latest.1
            ));
        }
        latest = latest.max((*invoked, *number));
    }
    Ok(())
}
