//! A node's clock, and dice.

use model::Moment;
use std::time::Duration;

/// A clock that runs at a constant rate, and may stop.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// True time in microseconds, and what the clock said then, in nanoseconds.
    set: (u64, u64),
    /// Nanoseconds that it goes on in a microsecond.
    rate: u64,
}

impl Clock {
    pub(crate) fn new(at_us: u64, says_ns: u64, rate: u64) -> Self {
        Self { set: (at_us, says_ns), rate }
    }

    pub(crate) fn ns(&self, at_us: u64) -> u64 {
        self.set.1 + at_us.saturating_sub(self.set.0) * self.rate
    }

    pub(crate) fn now(&self, at_us: u64) -> Moment {
        Moment(Duration::from_nanos(self.ns(at_us)))
    }

    /// The true time at which it says this, or has said it.
    pub(crate) fn when(&self, moment: Moment) -> u64 {
        let ns = u64::try_from(moment.0.as_nanos()).unwrap();
        if ns <= self.set.1 { self.set.0 } else { self.set.0 + (ns - self.set.1).div_ceil(self.rate) }
    }

    /// It stands still from now on for so long.
    pub(crate) fn stop(&mut self, at_us: u64, for_us: u64) {
        self.set = (at_us + for_us, self.ns(at_us));
    }

    /// It goes ahead by so much at once.
    pub(crate) fn jump(&mut self, at_us: u64, ahead_ns: u64) {
        self.set = (at_us, self.ns(at_us) + ahead_ns);
    }

    /// A machine starts again, and its clock at nothing.
    pub(crate) fn reset(&mut self, at_us: u64) {
        self.set = (at_us, 0);
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

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}
