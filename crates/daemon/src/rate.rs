//! Telling of what strangers do without letting them fill the event log.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long is counted before the next event about the same source.
const EVERY: Duration = Duration::from_secs(60);

/// How many sources are told apart; one more and the oldest is forgotten.
const MOST_SOURCES: usize = 64;

struct Source {
    told: Instant,
    since: u64,
}

/// Counts by source: the first time is told at once, then at most once a minute with the count.
#[derive(Default)]
pub(crate) struct PerSource(Mutex<BTreeMap<IpAddr, Source>>);

impl PerSource {
    /// One more from `source`. Returns how many there were since the last telling, if it is time to tell.
    pub(crate) fn count(&self, source: IpAddr) -> Option<u64> {
        let now = Instant::now();
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sources.get_mut(&source) {
            known.since += 1;
            if now.duration_since(known.told) < EVERY {
                return None;
            }
            known.told = now;
            return Some(std::mem::take(&mut known.since));
        }
        if sources.len() >= MOST_SOURCES {
            let oldest = sources.iter().min_by_key(|(_, known)| known.told).map(|(ip, _)| *ip);
            oldest.map(|ip| sources.remove(&ip));
        }
        sources.insert(source, Source { told: now, since: 0 });
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_once_and_many_sources_do_not_grow_the_table() {
        let rate = PerSource::default();
        let ip: IpAddr = "10.0.0.1".parse().unwrap();
        assert_eq!(rate.count(ip), Some(1));
        assert!((0..10_000).all(|_| rate.count(ip).is_none()));
        for last in 0..=255 {
            rate.count(IpAddr::from([10, 0, 1, last]));
        }
        assert!(rate.0.lock().unwrap().len() <= MOST_SOURCES);
    }
}
