//! When a leader says that the leases of its predecessors have ended, they have, whenever they were granted.

use crate::history::{History, Renewal};
use std::collections::BTreeMap;

pub(super) fn check(history: &History) -> Result<(), String> {
    // By term: the lease that ends last.
    let mut last: BTreeMap<u64, &Renewal> = BTreeMap::new();
    for renewal in &history.renewals {
        let latest = last.entry(renewal.term).or_insert(renewal);
        if latest.until < renewal.until {
            *latest = renewal;
        }
    }
    for wait in &history.waits {
        if let Some((_, lease)) = last.range(..wait.term).find(|(_, lease)| lease.until > wait.over) {
            return Err(format!("{wait:?}, and there was {lease:?}"));
        }
    }
    Ok(())
}
