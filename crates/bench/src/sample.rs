//! Many measurements of one thing.

use std::time::Duration;

/// Durations, sorted.
pub(crate) struct Sample(Vec<Duration>);

impl From<Vec<Duration>> for Sample {
    fn from(mut all: Vec<Duration>) -> Self {
        all.sort();
        Self(all)
    }
}

impl Sample {
    /// What `percent` of them are not above (nearest rank); zero if there are none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// The one in the middle.
    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// The shortest.
    pub(crate) fn least(&self) -> Duration {
        self.percentile(0)
    }

    /// The longest.
    pub(crate) fn most(&self) -> Duration {
        self.percentile(100)
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// The number in the middle; zero if there is none.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let sample = Sample::from((1..=10).rev().map(Duration::from_millis).collect::<Vec<_>>());
        let ms = |percent| sample.percentile(percent).as_millis();
        assert_eq!([ms(0), ms(10), ms(50), ms(51), ms(99), ms(100)], [1, 1, 5, 6, 10, 10]);
        assert_eq!(Sample::from(Vec::new()).median(), Duration::ZERO);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
