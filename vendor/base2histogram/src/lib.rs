//! A stand-in that keeps nothing.
//!
//! openraft counts the sizes of its own batches in histograms, for whoever calls
//! `Raft::runtime_stats`; Steadfast does not. The real crate of this name (0.2.3) makes tables for
//! every precision that it knows as soon as the first histogram is made: 26 MB, four times what a
//! daemon needs for everything else. So the workspace puts this in its place (`[patch.crates-io]`
//! in the root manifest). It has the part of that crate's interface that openraft uses.
//!
//! To be removed when the real crate makes the one table that is used: then memory, as `cargo xtask
//! bench -- idle` shows it, does not grow without this.

use std::fmt;
use std::marker::PhantomData;

/// A histogram of nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram<T = ()>(PhantomData<T>);

impl<T> Histogram<T> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }

    /// Does nothing.
    pub fn record(&mut self, _value: u64) {}

    /// Does nothing.
    pub fn record_n(&mut self, _value: u64, _count: u64) {}

    /// All zero.
    #[must_use]
    pub fn percentile_stats(&self) -> PercentileStats {
        PercentileStats::default()
    }
}

/// What would be read off a histogram; here always zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it all, and none is ever set")]
pub struct PercentileStats {
    pub samples: u64,
    pub p0_1: u64,
    pub p1: u64,
    pub p5: u64,
    pub p10: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not kept")
    }
}

/// A chart of nothing.
#[derive(Debug, Clone, Default)]
pub struct AsciiChart(());

impl AsciiChart {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }

    /// Stays empty.
    #[must_use]
    pub fn add(self, _name: impl Into<String>, _histogram: Histogram) -> Self {
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not kept")
    }
}
