//! A point in time of a machine's CLOCK_BOOTTIME, as a value.
//!
//! Moments of two machines have nothing to do with each other. Between machines go only spans of time,
//! and numbers by which a node finds its own moments again.

use std::time::Duration;

/// Time since this machine booted, suspends included. Only differences of it mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub Duration);

impl Moment {
    /// A moment from milliseconds since boot.
    #[must_use]
    pub fn from_ms(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// How much later this is than `earlier`; zero if it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment, later by `by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}
