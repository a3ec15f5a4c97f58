//! A node's clocks, and dice.

use execution::Clock as Read;
use model::{Moment, Timestamp};
use std::time::Duration;

/// In the middle of November 2023, which no test is about.
const WALL_MS: u64 = 1_700_000_000_000;

/// A machine's clocks: one that counts since boot at a constant rate, and one for people, which jumps.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// True time in microseconds, and what the clock since boot said then, in nanoseconds.
    set: (u64, u64),
    /// Nanoseconds that it goes on in a millisecond.
    rate: u64,
    /// How far the wall clock is off, in milliseconds.
    off_ms: i64,
}

impl Clock {
    pub(crate) fn new(says_ns: u64, rate: u64, off_ms: i64) -> Self {
        Self { set: (0, says_ns), rate, off_ms }
    }

    /// Nanoseconds since boot.
    pub(crate) fn ns(&self, at_us: u64) -> u64 {
        self.set.1 + at_us.saturating_sub(self.set.0) * self.rate / 1_000
    }

    pub(crate) fn now(&self, at_us: u64) -> Moment {
        Moment(Duration::from_nanos(self.ns(at_us)))
    }

    pub(crate) fn wall_ms(&self, at_us: u64) -> u64 {
        (WALL_MS + at_us / 1_000).saturating_add_signed(self.off_ms)
    }

    pub(crate) fn read(&self, at_us: u64) -> Read {
        Read { boot: self.now(at_us), wall: Timestamp::from_unix_ms(self.wall_ms(at_us)) }
    }

    /// The true time at which it says this, or has said it.
    pub(crate) fn when(&self, moment: Moment) -> u64 {
        let ns = u64::try_from(moment.0.as_nanos()).unwrap();
        if ns <= self.set.1 {
            self.set.0
        } else {
            self.set.0 + ((ns - self.set.1) * 1_000).div_ceil(self.rate)
        }
    }

    /// The machine starts again, and its clock at nothing.
    pub(crate) fn reset(&mut self, at_us: u64) {
        self.set = (at_us, 0);
    }

    /// Somebody sets the wall clock.
    pub(crate) fn jump(&mut self, by_ms: i64) {
        self.off_ms += by_ms;
    }
}

/// Numbers out of a seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `least` to before `end`.
    pub(crate) fn within(&mut self, least: u64, end: u64) -> u64 {
        least + self.next() % (end - least)
    }

    /// One of so many.
    pub(crate) fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.within(0, count as u64)).unwrap()
    }

    /// True in so many of a thousand cases.
    pub(crate) fn per_mille(&mut self, per_mille: u64) -> bool {
        self.next() % 1_000 < per_mille
    }
}
