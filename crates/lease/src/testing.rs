//! Values that the unit tests share.

use crate::{Figures, Pair};
use model::desired::StallPolicy;
use model::{Generation, Moment};
use std::time::Duration;

/// The default profile's.
pub(crate) const FIGURES: Figures = Figures {
    heartbeat: Duration::from_millis(100),
    election_max: Duration::from_millis(300),
    lease: Duration::from_millis(1_400),
    in_flight: Duration::from_millis(50),
    drift_ppm: crate::settings::DRIFT_PPM,
    stall_policy: StallPolicy::Strict,
    assume_pause_below: None,
};

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn at(ms: u64) -> Moment {
    Moment::from_ms(ms)
}

pub(crate) fn pair(group: &str, generation: u64) -> Pair {
    Pair { group: group.parse().unwrap(), generation: Generation(generation) }
}
