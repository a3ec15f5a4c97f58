//! openraft's settings, each with its reason.

use openraft::{Config, ConfigError, SnapshotPolicy, StepDownPolicy};
use std::time::Duration;

/// What differs between profiles and simulations. Everything else is fixed below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineSettings {
    /// How often the leader says that it is there. Also the deadline of one append, so a
    /// connection must not have to be made anew within it.
    pub heartbeat: Duration,
    /// The shortest time after which a follower that hears nothing asks for votes.
    pub election_min: Duration,
    /// The longest. It is the leader's lease too: a follower helps nobody to depose a leader that
    /// it heard within it, so a failover takes up to this plus one election time.
    pub election_max: Duration,
    /// A snapshot is taken after so many entries.
    pub snapshot_every: u64,
    /// So many entries stay in the log behind a snapshot, for peers that were away briefly.
    pub log_kept: u64,
}

impl EngineSettings {
    /// These timers, and snapshots for a small database that changes rarely: 1,000 entries are
    /// replayed in some milliseconds at a start and take up about a megabyte; a peer that missed
    /// up to 200 changes catches up from the log, and gets the whole state otherwise, which is
    /// hardly longer.
    #[must_use]
    pub fn with_timers(heartbeat: Duration, election_min: Duration, election_max: Duration) -> Self {
        Self { heartbeat, election_min, election_max, snapshot_every: 1_000, log_kept: 200 }
    }

    /// A leader that lost its quorum falls silent for so long, so that followers who still hear it
    /// (a cut in one direction, a minority) notice, and may elect another; then it tries for as long.
    /// Two leases would be just enough for one election in which nobody is in anybody's way. Three
    /// leave room for a second.
    pub(crate) fn quorum_loss_turn(&self) -> Duration {
        self.election_max * 3
    }

    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let heartbeat = ms(self.heartbeat);
        let lease = ms(self.election_max);
        let mut config = Config {
            heartbeat_interval: heartbeat,
            // Every heartbeat is sent, also under load: an acknowledged one renews the lease.
            heartbeat_min_interval: None,
            election_timeout_min: ms(self.election_min),
            election_timeout_max: lease,
            // A node that cannot win (cut off, behind) does not raise the term and so does not
            // depose a leader when it comes back.
            enable_pre_vote: Some(true),
            // A restarted leader asks for votes again: what it remembers may be out of date.
            enable_leader_restore: Some(false),
            // A follower whose disk went back by a transaction that it had reported is sent the
            // missing entries at once. Left alone, as is the default, it would follow nobody in
            // silence, and the entries would stay on one disk less than was promised.
            allow_log_reversion: Some(true),
            // A leader that lost its quorum is silenced where all of its messages pass (`quorum.rs`):
            // openraft holds back its heartbeats alone, and also after its machine stood still.
            quorum_loss_probe_interval: None,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_every),
            max_in_snapshot_log_to_keep: self.log_kept,
            // Whole batches: a purge is a write like any other.
            purge_batch_size: (self.log_kept / 4).max(1),
            // When a learner counts as caught up. The default, 5,000, is more than our whole log.
            replication_lag_threshold: 10,
            // A peer that came back is noticed within a few heartbeats; retrying costs one packet.
            backoff: format!("{heartbeat}ms {heartbeat}ms {heartbeat}ms"),
            // For the longest snapshot over the slowest link; a shorter one has a shorter deadline
            // (`network.rs`).
            install_snapshot_timeout: 70_000,
            // An evicted leader lets its last answers out before it hands over.
            removed_leader_step_down: StepDownPolicy::After(heartbeat),
            ..Config::default()
        }
        .validate()?;
        // openraft sends at the first look after this interval. A little less than a whole one, so that
        // a look which comes a little early after one that was late is not for nothing.
        config.heartbeat_interval -= config.heartbeat_interval / 10;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profiles_of_the_design_are_accepted_and_nonsense_is_not() {
        let ms = Duration::from_millis;
        for (heartbeat, min, max) in [(100, 200, 300), (20, 60, 120), (1000, 3000, 5000)] {
            let settings = EngineSettings::with_timers(ms(heartbeat), ms(min), ms(max));
            settings.config().unwrap();
        }
        for (heartbeat, min, max) in [(100, 100, 300), (100, 300, 300), (100, 50, 80)] {
            let settings = EngineSettings::with_timers(ms(heartbeat), ms(min), ms(max));
            assert!(settings.config().is_err(), "{settings:?}");
        }
    }
}
