//! What leases are made of, checked: durations that would contradict each other never get further.
//!
//! Where they come from: the profile's timers (crate `membership`, `timers`), and what the administrator
//! assumes in words. A refusal names the inequality that does not hold, with its numbers.

use model::desired::StallPolicy;
use std::time::Duration;

/// How far a clock may run ahead or behind, in millionths. Quartz crystals drift by 100 at most over their
/// whole range of temperature, and NTP slews a clock by no more than 500 more; the rest is reserve.
pub const DRIFT_PPM: u32 = 1_000;

/// A longer lease is a mistake: nothing would be taken over for so long. It also tells a credible deadline,
/// found in a gate after a restart, from nonsense.
pub const LEASE_MAX: Duration = Duration::from_secs(60);

/// Half of all time. Anything near it is no clock, and `1 − ρ` has to stay well above zero.
const DRIFT_PPM_MAX: u32 = 500_000;

/// As for `assume_below`: whoever assumes more wants no automatic takeover.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);

/// The figures, as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Figures {
    /// Between two heartbeats, which is how often a node asks for its lease.
    pub heartbeat: Duration,
    /// The longest time without a leader after which an election is called.
    pub election_max: Duration,
    /// How long a lease lasts (L).
    pub lease: Duration,
    /// How long what a node has sent may still have an effect (ε).
    pub in_flight: Duration,
    /// How far clocks may drift (ρ), in millionths: [`DRIFT_PPM`].
    pub drift_ppm: u32,
    /// What may be assumed of a stalled node, for what nothing else protects.
    pub stall_policy: StallPolicy,
    /// The administrator vouches that no hypervisor pauses a guest for longer than this within one lease.
    /// Nothing: he does not, and then no gate of a guest counts.
    pub assume_pause_below: Option<Duration>,
}

/// Figures that agree with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings(Figures);

/// A hardware timer that restarts its node unless it is fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Watchdog {
    pub(crate) timeout: Duration,
    pub(crate) granularity: Duration,
}

/// Figures contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A leader change would be a failover.
    #[error(
        "a lease must outlast a change of leader: lease ({lease:?}) must be at least \
         2 × election_max ({election_max:?}) + 3 × heartbeat ({heartbeat:?}) = {needed:?}"
    )]
    LeaseTooShort {
        /// The lease.
        lease: Duration,
        /// The longest election time-out.
        election_max: Duration,
        /// The heartbeat interval.
        heartbeat: Duration,
        /// The least that would do.
        needed: Duration,
    },
    /// Nothing would ever be taken over.
    #[error("lease ({0:?}) must be at most {LEASE_MAX:?}: nothing is taken over before it has ended")]
    LeaseTooLong(Duration),
    /// A clock that runs at half or double speed is none.
    #[error("clock drift ({0} ppm) must be below {DRIFT_PPM_MAX} ppm")]
    Drift(u32),
    /// Something is always under way.
    #[error("the longest effect in flight (0s) must be more than 0s: packets are under way for some time")]
    NothingInFlight,
    /// An assumption that means nothing, or too much.
    #[error("assume_pause_below ({0:?}) must be from 1ms to {PAUSE_MAX:?}")]
    Pause(Duration),
    /// A watchdog that would restart healthy nodes.
    #[error(
        "a watchdog must outlast two late heartbeats: its time-out ({timeout:?}) must be at least \
         3 × heartbeat ({heartbeat:?}) + its granularity ({granularity:?}) = {needed:?}"
    )]
    WatchdogTooShort {
        /// The time-out.
        timeout: Duration,
        /// The heartbeat interval, which is how often it is fed.
        heartbeat: Duration,
        /// How coarsely it counts.
        granularity: Duration,
        /// The least that would do.
        needed: Duration,
    },
}

impl Settings {
    /// Checks figures.
    ///
    /// # Errors
    /// The first inequality that does not hold.
    pub fn new(figures: Figures) -> Result<Self, Contradiction> {
        let Figures { heartbeat, election_max, lease, in_flight, drift_ppm, .. } = figures;
        // The leader is missed after its own lease (election_max) and one election time-out; then its
        // successor needs a heartbeat to have a quorum behind it, the node one to ask again, and one of
        // the two may be lost.
        let needed = election_max.saturating_mul(2).saturating_add(heartbeat.saturating_mul(3));
        if lease < needed {
            return Err(Contradiction::LeaseTooShort { lease, election_max, heartbeat, needed });
        }
        if lease > LEASE_MAX {
            return Err(Contradiction::LeaseTooLong(lease));
        }
        if drift_ppm >= DRIFT_PPM_MAX {
            return Err(Contradiction::Drift(drift_ppm));
        }
        if in_flight.is_zero() {
            return Err(Contradiction::NothingInFlight);
        }
        if let Some(pause) = figures.assume_pause_below
            && !(Duration::from_millis(1)..=PAUSE_MAX).contains(&pause)
        {
            return Err(Contradiction::Pause(pause));
        }
        Ok(Self(figures))
    }

    /// A watchdog that restarts its node `timeout` after it was last fed, or up to `granularity` later.
    ///
    /// # Errors
    /// It would restart a node that feeds it with every heartbeat.
    pub fn watchdog(&self, timeout: Duration, granularity: Duration) -> Result<Watchdog, Contradiction> {
        let heartbeat = self.0.heartbeat;
        let needed = heartbeat.saturating_mul(3).saturating_add(granularity);
        if timeout < needed {
            return Err(Contradiction::WatchdogTooShort { timeout, heartbeat, granularity, needed });
        }
        Ok(Watchdog { timeout, granularity })
    }

    /// How long a lease lasts.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.0.lease
    }

    /// A node whose clock has stood still for longer than this within one lease has outlasted what its
    /// successor waits for.
    #[must_use]
    pub fn pause_tolerated(&self) -> Duration {
        self.0.assume_pause_below.unwrap_or(self.0.in_flight)
    }

    /// Whether the administrator vouches for how long a hypervisor pauses a guest.
    #[must_use]
    pub fn assumes_pauses(&self) -> bool {
        self.0.assume_pause_below.is_some()
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FIGURES, ms};

    #[test]
    fn a_lease_shorter_than_a_leader_change_is_refused_with_the_inequality() {
        let error = Settings::new(Figures { lease: ms(899), ..FIGURES }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a lease must outlast a change of leader: lease (899ms) must be at least \
             2 × election_max (300ms) + 3 × heartbeat (100ms) = 900ms"
        );
        let settings = Settings::new(Figures { lease: ms(900), ..FIGURES }).unwrap();
        assert_eq!(settings.lease(), ms(900));
    }

    #[test]
    fn figures_without_sense_are_refused() {
        let refused = |figures| Settings::new(figures).unwrap_err();
        assert_eq!(
            refused(Figures { lease: ms(60_001), ..FIGURES }),
            Contradiction::LeaseTooLong(ms(60_001))
        );
        assert_eq!(refused(Figures { drift_ppm: 500_000, ..FIGURES }), Contradiction::Drift(500_000));
        assert_eq!(refused(Figures { in_flight: ms(0), ..FIGURES }), Contradiction::NothingInFlight);
        for pause in [Duration::ZERO, Duration::MAX] {
            let figures = Figures { assume_pause_below: Some(pause), ..FIGURES };
            assert_eq!(refused(figures), Contradiction::Pause(pause));
        }
        let figures = Figures { election_max: Duration::MAX, heartbeat: Duration::MAX, ..FIGURES };
        assert!(matches!(refused(figures), Contradiction::LeaseTooShort { needed: Duration::MAX, .. }));
    }

    #[test]
    fn a_watchdog_that_would_bite_a_healthy_node_is_refused() {
        let settings = Settings::new(FIGURES).unwrap();
        assert!(settings.watchdog(ms(1_300), ms(1_000)).is_ok());
        let error = settings.watchdog(ms(1_299), ms(1_000)).unwrap_err().to_string();
        assert!(error.contains("time-out (1.299s) must be at least 3 × heartbeat (100ms)"), "{error}");
    }
}
