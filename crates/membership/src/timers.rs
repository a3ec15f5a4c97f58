//! Every timer of a profile, derived from one figure: the heartbeat interval.
//!
//! Two programs with hand-set timers can contradict each other and then lose members at random
//! (Corosync accepts a token time-out whose link timers are longer: 12 to 13 false losses in 30 s,
//! measured). Here nobody sets a timer by hand, and [`Timers::check`] states what must hold, so a
//! wrong derivation fails with the inequality that it breaks.

use model::desired::Profile;
use std::time::Duration;

/// The timers that a daemon runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Between two heartbeats, of membership and of consensus.
    pub heartbeat: Duration,
    /// The shortest time without a leader's heartbeat after which a voter calls an election.
    pub election_min: Duration,
    /// The longest. The distance to the shortest is what keeps two voters from calling at once.
    pub election_max: Duration,
    /// Silence after which a node counts as down, or one of its networks as lost.
    pub silence: Duration,
    /// How long a lease lasts. The same as `silence`: when a node is seen to be down, what it held is about
    /// to be free, so neither waits long for the other.
    pub lease: Duration,
    /// How long what a node has sent may be under way and still have an effect. Queues of switches and
    /// network cards hold back what they have for some milliseconds; this is several times that.
    pub in_flight: Duration,
    /// A second process that claims a live node's identity is refused if the first is heard from
    /// within this time after the claim; otherwise it has replaced the first.
    pub contest: Duration,
    /// A write that finds no leader waits this long for one, if a majority is there.
    pub leader_wait: Duration,
}

/// Two timers contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "timers contradict each other: {left_name} ({left:?}) must be at least {times} × {right_name} ({right:?})"
)]
pub struct Contradiction {
    left_name: &'static str,
    left: Duration,
    times: u32,
    right_name: &'static str,
    right: Duration,
}

impl Timers {
    /// The timers of a profile.
    ///
    /// `default` must survive a stall of a whole machine of a second without calling a node down
    /// (silence is 14 heartbeats). Nobody is elected either (`store`, `stall.rs`), and if somebody were, a
    /// new leader moves nothing.
    /// `fast` calls a node down after 300 ms. `patient` gives a paused guest 10 s.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        let (heartbeat_ms, election_max_beats, silence_beats) = match profile {
            Profile::Default => (100, 3, 14),
            Profile::Fast => (20, 6, 15),
            Profile::Patient => (500, 3, 20),
        };
        let heartbeat = Duration::from_millis(heartbeat_ms);
        let election_max = heartbeat * election_max_beats;
        Self {
            heartbeat,
            election_min: heartbeat * (election_max_beats.div_ceil(2)),
            election_max,
            silence: heartbeat * silence_beats,
            lease: heartbeat * silence_beats,
            in_flight: Duration::from_millis(50),
            contest: heartbeat * 5,
            leader_wait: election_max * 10,
        }
    }

    /// Whether the timers agree with each other.
    ///
    /// # Errors
    /// The first inequality that does not hold.
    pub fn check(&self) -> Result<(), Contradiction> {
        let rules = [
            // One lost heartbeat must not call an election.
            ("election_min", self.election_min, 2, "heartbeat", self.heartbeat),
            // Raft's safety margin against two voters that call at the same time.
            ("election_max", self.election_max, 1, "election_min", self.election_min),
            // A new leader must be heard from before a node counts as down for its silence.
            ("silence", self.silence, 2, "election_max", self.election_max),
            // At least two heartbeats of a live first process fall into a contest.
            ("contest", self.contest, 3, "heartbeat", self.heartbeat),
            // A write must be able to outlive an election that fails once.
            ("leader_wait", self.leader_wait, 3, "election_max", self.election_max),
        ];
        for (left_name, left, times, right_name, right) in rules {
            if left < right * times {
                return Err(Contradiction { left_name, left, times, right_name, right });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_agrees_with_itself() {
        for profile in Profile::ALL {
            assert_eq!(Timers::of(profile).check(), Ok(()), "{profile}");
        }
    }

    #[test]
    fn the_profiles_are_what_the_documents_say() {
        let ms = Duration::from_millis;
        let default = Timers::of(Profile::Default);
        assert_eq!(
            (default.heartbeat, default.election_min, default.election_max),
            (ms(100), ms(200), ms(300))
        );
        assert!(default.silence > ms(1000), "a second's stall takes nobody down");
        let fast = Timers::of(Profile::Fast);
        assert_eq!((fast.heartbeat, fast.election_min, fast.election_max), (ms(20), ms(60), ms(120)));
        assert_eq!((fast.silence, fast.lease, fast.in_flight), (ms(300), ms(300), ms(50)));
        assert_eq!((default.lease, default.in_flight), (ms(1400), ms(50)));
    }

    #[test]
    fn a_contradiction_is_named_with_its_inequality() {
        let mut timers = Timers::of(Profile::Default);
        timers.silence = Duration::from_millis(500);
        let text = timers.check().unwrap_err().to_string();
        assert!(text.contains("silence (500ms) must be at least 2 × election_max (300ms)"), "{text}");
    }
}
