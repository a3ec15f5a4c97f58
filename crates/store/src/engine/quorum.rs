//! When was there a quorum last?
//!
//! A leader knows: it counts whose answers it has. A follower knows only that it hears a leader,
//! and a leader that has lost its quorum may still be heard by a minority. So every append says how
//! old its leader's quorum is, and everybody can say the same of the cluster.
//!
//! The same knowledge lets a leader fall silent that has lost its quorum, in turns of silence and
//! trying: whoever goes on hearing it would believe in it for ever and help nobody else to be elected.
//! A leader that never had a quorum is silenced from its first message on, and one whose machine stood
//! still from when it woke (`stall.rs`).

use super::settings::EngineSettings;
use super::stall::Stalls;
use super::types::Types;
use model::NodeId;
use openraft::alias::{InstantOf, WatchReceiverOf};
use openraft::async_runtime::{AsyncRuntime, WatchReceiver};
use openraft::{Instant, RaftMetrics, ServerState};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

type Metrics<R> = WatchReceiverOf<Types<R>, RaftMetrics<Types<R>>>;

/// Why no vote is asked for, and none promised.
pub(crate) const HOLDS_ELECTIONS: &str = "this node stood still, and waits for its leader first";

/// What this node knows of the cluster's quorum.
pub(crate) struct Quorum<R: AsyncRuntime> {
    /// openraft's figures, once it runs.
    metrics: OnceLock<Metrics<R>>,
    /// How long a leader may act on an old quorum.
    lease: Duration,
    /// How long a turn of silence, or of trying, lasts.
    turn: Duration,
    heard: Mutex<Option<Heard<R>>>,
    /// A term in which this node leads and has had no quorum yet, and its first message there.
    without: Mutex<Option<(u64, InstantOf<Types<R>>)>>,
    stalls: Arc<Stalls<R>>,
}

/// What a leader said last.
struct Heard<R: AsyncRuntime> {
    leader: NodeId,
    at: InstantOf<Types<R>>,
    /// When the leader's quorum was; absent where a new leader had none yet.
    quorum_at: Option<InstantOf<Types<R>>>,
}

impl<R: AsyncRuntime> Quorum<R> {
    pub(crate) fn new(settings: &EngineSettings) -> Arc<Self> {
        let (lease, turn) = (settings.election_max, settings.quorum_loss_turn());
        let (heard, without, stalls) = (Mutex::default(), Mutex::default(), Stalls::watch(settings));
        Arc::new(Self { metrics: OnceLock::new(), lease, turn, heard, without, stalls })
    }

    /// openraft runs.
    pub(crate) fn runs(&self, metrics: Metrics<R>) {
        // It starts once.
        let _ = self.metrics.set(metrics);
    }

    /// As the leader: how long ago the request was sent that a majority has acknowledged last.
    pub(crate) fn age_as_leader(&self) -> Option<Duration> {
        age_of(&self.metrics.get()?.borrow_watched())
    }

    /// Before the leader of `term`, this node, sends a message: whether it has lost its quorum, and it is
    /// a turn of silence.
    pub(crate) fn is_silent(&self, term: u64) -> bool {
        let age = self.age_without(self.age_as_leader(), term);
        let awake = self.stalls.woke_ago().map_or(age, |ago| ago.min(age));
        let lost = awake.checked_sub(self.lease);
        lost.is_some_and(|lost| (lost.as_millis() / self.turn.as_millis().max(1)).is_multiple_of(2))
    }

    /// Whether nobody is asked for a vote now, and none is promised: this node has just stood still.
    pub(crate) fn holds_elections(&self) -> bool {
        self.stalls.holds_elections()
    }

    /// How old the quorum is; where there is none at all, since the leader of `term` sent a message first
    /// without one.
    fn age_without(&self, age: Option<Duration>, term: u64) -> Duration {
        let mut without = self.without.lock().unwrap_or_else(PoisonError::into_inner);
        let since = without.take().filter(|(known, _)| *known == term);
        match age {
            Some(age) => age,
            None => {
                let since = since.unwrap_or_else(|| (term, <InstantOf<Types<R>> as Instant>::now()));
                without.insert(since).1.elapsed()
            }
        }
    }

    /// A leader was heard, at `at`, and said how old its quorum was.
    pub(crate) fn hear(&self, leader: NodeId, at: InstantOf<Types<R>>, age: Option<Duration>) {
        let quorum_at = age.map(|age| at - age);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        // Messages overtake each other: the best news counts.
        *heard = Some(match heard.take() {
            Some(before) if before.leader == leader => {
                Heard { leader, at: before.at.max(at), quorum_at: before.quorum_at.max(quorum_at) }
            }
            _ => Heard { leader, at, quorum_at },
        });
    }

    /// As a follower of `leader`: how long ago it was heard, and how long ago it had a quorum.
    pub(crate) fn ages_as_follower(&self, leader: Option<NodeId>) -> (Option<Duration>, Option<Duration>) {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match heard.as_ref().filter(|heard| Some(heard.leader) == leader) {
            Some(heard) => (Some(heard.at.elapsed()), heard.quorum_at.map(|at| at.elapsed())),
            None => (None, None),
        }
    }
}

fn age_of<R: AsyncRuntime>(metrics: &RaftMetrics<Types<R>>) -> Option<Duration> {
    if metrics.state != ServerState::Leader {
        return None;
    }
    let mut voters = metrics.membership_config.voter_ids();
    // Alone it needs nobody's answer.
    if voters.next() == Some(metrics.id) && voters.next().is_none() {
        return Some(Duration::ZERO);
    }
    metrics.last_quorum_acked.map(|at| at.elapsed())
}
