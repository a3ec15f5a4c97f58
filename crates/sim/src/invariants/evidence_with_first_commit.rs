//! Once a leader has committed an entry of its term, a majority has told it when it last answered an older one.

use crate::history::History;

pub(super) fn check(history: &History) -> Result<(), String> {
    for began in &history.began {
        for voters in &began.electorates {
            if voters.intersection(&began.told).count() * 2 <= voters.len() {
                return Err(format!("no majority of {voters:?} has told: {began:?}"));
            }
        }
    }
    Ok(())
}
