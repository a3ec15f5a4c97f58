//! What a resource that flaps may cost in events.
//!
//! A failure is an event: somebody wants to read why. The four-hundredth of an hour tells nobody anything
//! that the third did not, and the event log has an end. So the first few of a resource are told at once,
//! and from then on one a minute: the latest, with how many were left out before it. After a minute in
//! which nothing had to be left out, the resource is as good as any other again.
//!
//! Only events are spared. Whoever decides hears of every change, through [`Change`](super::Change).

use resource_api::ResourceId;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// A resource that fails, is started again and fails again is told of each time, as far as a person can
/// follow.
const AT_ONCE: u32 = 5;

/// One a minute: a log of 20,000 events is full of one resource after two weeks, not within a minute.
const EVERY: Duration = Duration::from_secs(60);

/// The failures of each resource, as `T`.
#[derive(Debug)]
pub(super) struct Flapping<T>(BTreeMap<ResourceId, Told<T>>);

#[derive(Debug)]
struct Told<T> {
    /// Since when is counted.
    since: Instant,
    told: u32,
    /// The latest that was not told.
    held: Option<T>,
    left_out: u64,
}

impl<T> Default for Flapping<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Flapping<T> {
    /// A failure, before which so many were left out already. Returned is what is to be told now, with how
    /// many were left out before it; otherwise it is held until it is [due](Self::due).
    pub(super) fn offer(
        &mut self,
        id: &ResourceId,
        failure: T,
        left_out: u64,
        now: Instant,
    ) -> Option<(T, u64)> {
        let fresh = || Told { since: now, told: 0, held: None, left_out: 0 };
        let told = self.0.entry(id.clone()).or_insert_with(fresh);
        if told.held.is_none() && now.duration_since(told.since) >= EVERY {
            *told = fresh();
        }
        if told.told < AT_ONCE {
            told.told += 1;
            return Some((failure, left_out));
        }
        let before = u64::from(told.held.replace(failure).is_some());
        told.left_out = told.left_out.saturating_add(left_out).saturating_add(before);
        None
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().filter(|told| told.held.is_some()).map(|told| told.since + EVERY).min()
    }

    /// What was held long enough, each with how many were left out before it.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(ResourceId, T, u64)> {
        self.take(|told| now.duration_since(told.since) >= EVERY, now)
    }

    /// All that is held, because nobody will ask any more.
    pub(super) fn rest(&mut self, now: Instant) -> Vec<(ResourceId, T, u64)> {
        self.take(|_| true, now)
    }

    fn take(&mut self, when: impl Fn(&Told<T>) -> bool, now: Instant) -> Vec<(ResourceId, T, u64)> {
        let due = self.0.iter_mut().filter(|(_, told)| when(told)).filter_map(|(id, told)| {
            let failure = told.held.take()?;
            told.since = now;
            Some((id.clone(), failure, std::mem::take(&mut told.left_out)))
        });
        due.collect()
    }

    /// A resource is not looked after any more.
    pub(super) fn forget(&mut self, id: &ResourceId) {
        self.0.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ResourceId {
        ResourceId { group: "g".parse().unwrap(), resource: name.parse().unwrap() }
    }

    #[test]
    fn a_flood_is_told_a_few_times_and_then_once_a_minute_with_the_latest_and_the_count() {
        let (mut flapping, began) = (Flapping::default(), Instant::now());
        let mut told = 0;
        // Ten failures a second, for an hour.
        for number in 0..36_000_u64 {
            let now = began + Duration::from_millis(number * 100);
            for (_, failure, left_out) in flapping.due(now) {
                told += 1;
                assert_eq!(failure, number - 1, "the latest");
                // The first few of the first minute were told.
                assert_eq!(left_out, if told == 1 { 600 - 5 - 1 } else { 600 - 1 });
            }
            assert_eq!(flapping.offer(&id("a"), number, 0, now).is_some(), number < 5, "{number}");
        }
        assert_eq!(told, 59);
        assert_eq!(flapping.offer(&id("b"), 7, 3, began), Some((7, 3)), "another is not spared for it");
        let next = flapping.next().unwrap();
        assert_eq!(flapping.due(next), [(id("a"), 35_999, 599)], "the last is told, also when it is over");
        assert_eq!(flapping.next(), None);
    }

    #[test]
    fn what_failed_before_a_quiet_minute_does_not_count_and_what_is_held_outlives_no_resource() {
        let (mut flapping, began) = (Flapping::default(), Instant::now());
        let offer = |flapping: &mut Flapping<u32>, seconds| {
            flapping.offer(&id("a"), 0, 0, began + Duration::from_secs(seconds)).is_some()
        };
        assert!((0..5).all(|second| offer(&mut flapping, second)));
        assert!((60..65).all(|second| offer(&mut flapping, second)));
        assert!(!offer(&mut flapping, 66));
        assert_eq!(flapping.rest(began + Duration::from_secs(66)), [(id("a"), 0, 0)]);
        assert!(!offer(&mut flapping, 67));
        flapping.forget(&id("a"));
        assert!(flapping.rest(began).is_empty());
    }
}
