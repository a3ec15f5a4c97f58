//! Did this node's clock stand still?
//!
//! A hypervisor that pauses a guest stops all of its clocks. To itself, the guest has lost nothing, and its
//! lease goes on for as long as the pause was, in everybody else's time. But the others' clocks went on: each
//! grant brings a reading of the leader's.
//!
//! The reading was taken between a request's sending and its grant's arrival. So from one request's sending
//! to a later grant's arrival the leader's clock cannot have gone on by more than this node's own (drift
//! aside), however long anything was under way; if it has, this node's clock stood still for the rest. A
//! delay alone never looks like a pause, and a leader that is paused or restarted itself never does.

use crate::settings::Figures;
use model::{Moment, NodeId};
use std::collections::VecDeque;
use std::time::Duration;

/// The latest exchanges with one leader, of the length of a lease.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct PauseWatch {
    leader: Option<NodeId>,
    /// When a request was sent, and what the leader's clock said in its grant.
    exchanges: VecDeque<(Moment, Duration)>,
}

/// A request and its grant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange {
    pub(crate) leader: NodeId,
    pub(crate) sent: Moment,
    pub(crate) clock: Duration,
    pub(crate) received: Moment,
}

impl PauseWatch {
    /// A grant has arrived: for how long, at least, this node's clock has stood still within the last lease.
    pub(crate) fn observe(&mut self, exchange: Exchange, figures: &Figures, lease: Duration) -> Duration {
        if self.leader != Some(exchange.leader) {
            self.leader = Some(exchange.leader);
            self.exchanges.clear();
        }
        self.exchanges.retain(|(sent, _)| sent.plus(lease) > exchange.received);
        let lost = |(sent, clock): &(Moment, Duration)| {
            let most = most_elapsed(exchange.received.since(*sent), figures.drift_ppm);
            exchange.clock.saturating_sub(*clock).saturating_sub(most)
        };
        let paused = self.exchanges.iter().map(lost).max().unwrap_or_default();
        self.exchanges.push_back((exchange.sent, exchange.clock));
        paused
    }

    /// What went before counts no more.
    pub(crate) fn forget(&mut self) {
        self.exchanges.clear();
    }
}

/// The most that another clock can have gone on while this one went on by `own`: · (1+ρ)/(1−ρ), rounded up.
fn most_elapsed(own: Duration, drift_ppm: u32) -> Duration {
    let (whole, drift) = (1_000_000_u128, u128::from(drift_ppm));
    let ns = (own.as_nanos() * (whole + drift)).div_ceil(whole - drift);
    Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FIGURES, at, ms};

    /// What is noticed of exchanges: sent, the leader's clock, received, in milliseconds.
    fn paused(exchanges: &[(u64, u64, u64)]) -> Duration {
        let mut watch = PauseWatch::default();
        let mut last = Duration::ZERO;
        for (sent, clock, received) in exchanges {
            let (sent, clock, received) = (at(*sent), ms(*clock), at(*received));
            let exchange = Exchange { leader: NodeId(1), sent, clock, received };
            last = watch.observe(exchange, &FIGURES, FIGURES.lease);
        }
        last
    }

    #[test]
    fn a_pause_between_two_exchanges_is_noticed() {
        let found = paused(&[(1_000, 9_001, 1_002), (1_100, 19_101, 1_102)]);
        assert!(found > ms(9_990) && found <= ms(10_000), "{found:?}");
    }

    #[test]
    fn a_pause_while_a_request_is_under_way_is_noticed_by_the_next_exchange() {
        assert_eq!(
            paused(&[(1_000, 19_001, 1_002), (1_100, 19_101, 1_102)]),
            ms(0),
            "nothing to compare with"
        );
        assert!(paused(&[(900, 8_901, 902), (1_000, 19_001, 1_002)]) > ms(9_990));
    }

    #[test]
    fn delays_and_drift_are_no_pauses() {
        assert_eq!(
            paused(&[(1_000, 9_001, 1_900), (1_100, 9_950, 2_000)]),
            ms(0),
            "grants were under way long"
        );
        assert_eq!(paused(&[(1_000, 9_900, 1_901), (2_000, 10_010, 2_010)]), ms(0), "a request was");
        assert_eq!(paused(&[(1_000, 9_000, 1_000), (2_000, 10_002, 2_000)]), ms(0), "two clocks drift apart");
    }

    #[test]
    fn a_leader_that_is_new_or_was_paused_or_restarted_itself_proves_nothing() {
        assert_eq!(paused(&[(1_000, 9_000, 1_001), (1_100, 9_001, 1_101)]), ms(0));
        assert_eq!(paused(&[(1_000, 9_000, 1_001), (1_100, 10, 1_101)]), ms(0));
        let mut watch = PauseWatch::default();
        for (leader, clock) in [(1, 1_000), (2, 90_000)] {
            let exchange =
                Exchange { leader: NodeId(leader), sent: at(500), clock: ms(clock), received: at(501) };
            assert_eq!(watch.observe(exchange, &FIGURES, FIGURES.lease), ms(0));
        }
    }

    #[test]
    fn pauses_of_long_ago_are_of_no_consequence_for_this_lease() {
        assert_eq!(paused(&[(1_000, 9_000, 1_001), (2_401, 50_000, 2_402)]), ms(0));
    }
}
