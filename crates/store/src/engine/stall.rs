//! A machine that stood still has not lost its leader.
//!
//! When a whole machine stands still (its hypervisor pauses it, its disk stalls, somebody else takes all of
//! its time) and others with it, each of them wakes with election timers that ran out meanwhile, beside a
//! leader that is as well as all the others. Whoever woke first would depose it. So a node that notices that
//! it stood still *holds elections*: for two heartbeats it asks nobody for a vote, and promises none, so that
//! a leader which is there can be heard. And a leader that stood still does not take its own silence for the
//! loss of its quorum (`quorum.rs`).
//!
//! It is noticed by a beat that is due at least once per heartbeat: one that comes more than a heartbeat late
//! was slept through. Whoever asks beats too, so that nothing is decided between waking and the next beat.
//!
//! Held are pre-votes. openraft asks for those before every election but two: that of a single voter, and that
//! of a node whose leader hands over. Both go on.
//!
//! Leases know nothing of this: their time is true time, and goes on while a machine stands still.

use super::settings::EngineSettings;
use super::types::Types;
use openraft::Instant;
use openraft::alias::InstantOf;
use openraft::async_runtime::AsyncRuntime;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Elections are held for so many heartbeats: the leader wakes when this node does, and its next heartbeat,
/// or the one after that, arrives.
const HELD_BEATS: u32 = 2;

/// Only a node that was punctual for so many heartbeats before holds elections. Who was held asks again after
/// one time-out of an election (six heartbeats at most, in the fast profile), which is before the next hold
/// can begin. So a node that is late often helps to elect all the same, and one that always is holds nothing.
const PUNCTUAL_BEATS: u32 = 10;

/// When this node stood still last.
pub(crate) struct Stalls<R: AsyncRuntime> {
    base: InstantOf<Types<R>>,
    heartbeat: Duration,
    beats: Mutex<Beats>,
}

impl<R: AsyncRuntime> Stalls<R> {
    /// From now on it is noticed, until nobody holds this any more.
    pub(crate) fn watch(settings: &EngineSettings) -> Arc<Self> {
        let base = <InstantOf<Types<R>> as Instant>::now();
        let heartbeat = settings.heartbeat;
        let stalls = Arc::new(Self { base, heartbeat, beats: Mutex::new(Beats::new(heartbeat)) });
        let _ends_when_nobody_holds_it = R::spawn(beat(Arc::downgrade(&stalls), heartbeat / 2));
        stalls
    }

    /// How long ago this node woke, if it ever stood still.
    pub(crate) fn woke_ago(&self) -> Option<Duration> {
        let now = self.base.elapsed();
        self.beats.lock().unwrap_or_else(PoisonError::into_inner).woke_ago(now)
    }

    /// Whether elections are held.
    pub(crate) fn holds_elections(&self) -> bool {
        self.woke_ago().is_some_and(|ago| ago < self.heartbeat * HELD_BEATS)
    }
}

async fn beat<R: AsyncRuntime>(stalls: Weak<Stalls<R>>, every: Duration) {
    while let Some(stalls) = stalls.upgrade() {
        stalls.woke_ago();
        drop(stalls);
        // Of all waits the one that the daemon's runtime puts on its common moments (`beat.rs`; the second
        // one from here is a heartbeat away), so that it costs no wake-up of its own.
        R::sleep_until(<InstantOf<Types<R>> as Instant>::now() + every).await;
    }
}

/// What the beats say. Times are counted from the first.
#[derive(Debug)]
struct Beats {
    heartbeat: Duration,
    last: Duration,
    punctual_since: Duration,
    woke: Option<Duration>,
}

impl Beats {
    fn new(heartbeat: Duration) -> Self {
        Self { heartbeat, last: Duration::ZERO, punctual_since: Duration::ZERO, woke: None }
    }

    /// A beat, and how long ago, as of this one, the node woke last.
    fn woke_ago(&mut self, now: Duration) -> Option<Duration> {
        // A beat is expected at least once per heartbeat; this one is late by more than another.
        if now.saturating_sub(self.last) > self.heartbeat * 2 {
            if self.last.saturating_sub(self.punctual_since) >= self.heartbeat * PUNCTUAL_BEATS {
                self.woke = Some(now);
            }
            self.punctual_since = now;
        }
        self.last = self.last.max(now);
        self.woke.map(|woke| now.saturating_sub(woke))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARTBEAT: Duration = Duration::from_millis(100);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Beats every 100 ms, up to and with `until`.
    fn punctual(from: u64, until: u64, beats: &mut Beats) {
        for at in (from..=until).step_by(100) {
            beats.woke_ago(ms(at));
        }
    }

    #[test]
    fn a_stall_is_noticed_by_whoever_asks_first_and_remembered() {
        let mut beats = Beats::new(HEARTBEAT);
        punctual(0, 2_000, &mut beats);
        assert_eq!(beats.woke_ago(ms(2_200)), None, "a heartbeat late is not slept through");
        punctual(2_300, 4_000, &mut beats);
        assert_eq!(beats.woke_ago(ms(4_900)), Some(ms(0)));
        assert_eq!(beats.woke_ago(ms(4_950)), Some(ms(50)));
        assert_eq!(beats.woke_ago(ms(5_100)), Some(ms(200)));
    }

    #[test]
    fn a_node_that_is_always_late_or_often_holds_nothing_for_long() {
        let mut beats = Beats::new(HEARTBEAT);
        for at in (0..60_000).step_by(250) {
            assert_eq!(beats.woke_ago(ms(at)), None, "always late");
        }
        // Late every second, and punctual between.
        let mut woke = 0;
        let (mut beats, mut at) = (Beats::new(HEARTBEAT), 0);
        while at < 60_000 {
            punctual(at, at + 700, &mut beats);
            at += 1_000;
            woke += u32::from(beats.woke_ago(ms(at)) == Some(Duration::ZERO));
        }
        assert_eq!(woke, 0, "often late");
        // And a stall now and then is one each time.
        let (mut beats, mut at) = (Beats::new(HEARTBEAT), 0);
        while at < 60_000 {
            punctual(at, at + 1_500, &mut beats);
            at += 2_400;
            woke += u32::from(beats.woke_ago(ms(at)) == Some(Duration::ZERO));
        }
        assert_eq!(woke, 25);
    }
}
