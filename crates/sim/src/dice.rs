//! The one source of chance.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Dice that all parts of a simulation share. One thread throws them, so the order of throws, and
/// with it everything else, follows from the seed.
#[derive(Debug, Clone)]
pub struct Dice(Arc<Mutex<SmallRng>>);

impl Dice {
    /// Dice for a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(SmallRng::seed_from_u64(seed))))
    }

    /// A number of `from..end`.
    #[must_use]
    pub fn between(&self, from: u64, end: u64) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(from..end.max(from + 1))
    }

    /// Whether it happens, with this chance in a hundred.
    #[must_use]
    pub fn percent(&self, chance: u64) -> bool {
        self.between(0, 100) < chance
    }

    /// One of several; none of none.
    #[must_use]
    pub fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.between(0, of.len() as u64) as usize) }
    }

    /// A time of `from..end` microseconds.
    #[must_use]
    pub fn micros(&self, from: u64, end: u64) -> Duration {
        Duration::from_micros(self.between(from, end))
    }

    /// A time of `from..end` milliseconds.
    #[must_use]
    pub fn millis(&self, from: u64, end: u64) -> Duration {
        Duration::from_millis(self.between(from, end))
    }
}
