//! The clocks of the others, as witnesses of this node's own.
//!
//! A leader waits on its own CLOCK_BOOTTIME. A clock source can fail: a hypervisor sets its guests' clocks
//! after a migration, a counter is not as constant as it was thought to be. If the leader's jumps ahead, its
//! waits end too early, and two nodes would run one group.
//!
//! Heartbeats carry their sender's clock. The difference between the moment at which one arrives, on this
//! node's clock, and the moment at which it was sent, on the sender's, is a constant and the time that it was
//! under way. If this node's clock jumps ahead by J, the difference grows by J, for all heartbeats of all others. A
//! heartbeat that was late looks the same, but the next one does not. So nothing needs to be decided about what
//! was seen: **a wait is over when a heartbeat has arrived after its end, later by as much as the difference has
//! grown since its beginning** ([`Clocks::confirm`]). Usually that is the next heartbeat of anybody.
//!
//! The other way round, a voter whose clock jumped ahead would call its last answer to an older leader older
//! than it is. The difference shrinks then, and such a voter's word is not used ([`Clocks::vouch`]).
//!
//! What is not noticed: a jump by less than the least time that heartbeats are under way, some tenths of a
//! millisecond; and two clocks that jump within one wait, the leader's and that of who confirms. All clocks of a
//! cluster together cannot tell a jump of all of them from time that has passed.

use model::{Incarnation, Moment, NodeId};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The least difference is kept for each of so many spans of [`SPAN`]. What was longer ago counts from the oldest.
const SPANS: usize = 64;
const SPAN: Duration = Duration::from_secs(1);

/// What a difference was at a moment is the least of the spans that began so long before it: long enough that one
/// heartbeat among them was not held up, and so short that clocks do not drift apart noticeably.
const BEFORE: Duration = Duration::from_secs(3);

/// Of so many heartbeats, one was not held up.
const ENOUGH: u32 = 4;

/// If they arrived so far apart: those that waited for a node that stood still arrive all at once. Less than any
/// profile's interval.
const APART: Duration = Duration::from_millis(10);

const MILLION: u32 = 1_000_000;

/// A voter's clock that gained more than this on ours has run ahead. The in-flight time of every profile is more.
const TOLERANCE_NS: i128 = 10_000_000;

/// What is known of the others' clocks.
#[derive(Debug, Clone, Default)]
pub struct Clocks {
    drift_ppm: u32,
    peers: BTreeMap<NodeId, Peer>,
}

#[derive(Debug, Clone)]
struct Peer {
    life: Incarnation,
    spans: VecDeque<Span>,
    latest: Difference,
    /// There were spans before those.
    is_older: bool,
}

/// Between the clocks, in nanoseconds, as of a moment of this node's.
#[derive(Debug, Clone, Copy)]
struct Difference {
    at: Moment,
    ns: i128,
}

/// Some heartbeats in a row.
#[derive(Debug, Clone, Copy)]
struct Span {
    began: Moment,
    ended: Moment,
    least_ns: i128,
    count: u32,
}

impl Clocks {
    /// Nothing is known yet. `drift_ppm` is by how much any clock may be too fast or too slow, in millionths, as in
    /// [`crate::Figures::drift_ppm`].
    #[must_use]
    pub fn new(drift_ppm: u32) -> Self {
        Self { drift_ppm, peers: BTreeMap::new() }
    }

    /// A heartbeat of that life of a node has arrived; `now` is read after that, and `theirs` was read on that
    /// node's clock before it was sent.
    pub fn observe(&mut self, now: Moment, node: NodeId, life: Incarnation, theirs: Moment) {
        let heard = Difference { at: now, ns: ns(now) - ns(theirs) };
        let peer = self.peers.entry(node).or_insert_with(|| Peer::new(life, heard));
        if peer.life != life {
            // A machine that was started again counts from nothing.
            *peer = Peer::new(life, heard);
        }
        peer.latest = heard;
        match peer.spans.back_mut() {
            Some(span) if now.since(span.began) < SPAN => {
                *span = Span {
                    began: span.began,
                    ended: now,
                    least_ns: heard.ns.min(span.least_ns),
                    count: span.count + u32::from(now.since(span.ended) >= APART),
                };
            }
            _ => {
                if peer.spans.len() == SPANS {
                    peer.is_older = true;
                    peer.spans.pop_front();
                }
                peer.spans.push_back(Span { began: now, ended: now, least_ns: heard.ns, count: 1 });
            }
        }
    }

    /// Whether so much time has passed since that moment of this node's clock, in the eyes of one of the others;
    /// true, if none of them was ever heard, because then there is nobody to ask.
    #[must_use]
    pub fn confirm(&self, since: Moment, span: Duration, others: impl IntoIterator<Item = NodeId>) -> bool {
        let mut known = others.into_iter().filter_map(|node| self.peers.get(&node)).peekable();
        known.peek().is_none() || known.any(|peer| peer.confirms(since, span, self.drift_ppm))
    }

    /// Whether a span that a node has measured on its clock, and told at the moment `told` of this one's, does not
    /// begin later than at `since`: its clock has not gained on this one's, as a later heartbeat of it shows. True
    /// for one that was never heard.
    #[must_use]
    pub fn vouch(&self, node: NodeId, since: Moment, told: Moment) -> bool {
        let Some(peer) = self.peers.get(&node) else { return true };
        let least = peer.least_since(since, peer.latest.ns);
        peer.latest.at > told && peer.as_of(since).ns - least <= TOLERANCE_NS
    }
}

impl Peer {
    fn new(life: Incarnation, heard: Difference) -> Self {
        Self { life, spans: VecDeque::new(), latest: heard, is_older: false }
    }

    /// The difference as it was at that moment; or as it was at the first one after it at which it is known.
    fn as_of(&self, moment: Moment) -> Difference {
        if let Some(oldest) = self.spans.front().filter(|oldest| self.is_older && oldest.began > moment) {
            return Difference { at: moment, ns: oldest.least_ns };
        }
        let near = |span: &&Span| span.began > moment || moment.since(span.began) <= BEFORE;
        let (mut count, mut known) = (0, Difference { at: moment, ns: i128::MAX });
        for span in self.spans.iter().filter(near) {
            if span.began > moment {
                if count >= ENOUGH {
                    break;
                }
                known.at = span.ended;
            }
            known.ns = span.least_ns.min(known.ns);
            count += span.count;
        }
        if count >= ENOUGH { known } else { self.latest }
    }

    fn least_since(&self, moment: Moment, least: i128) -> i128 {
        let later = self.spans.iter().filter(|span| span.began > moment).map(|span| span.least_ns);
        later.fold(least, i128::min)
    }

    fn confirms(&self, since: Moment, wait: Duration, drift_ppm: u32) -> bool {
        // Of what was before the first heartbeats, nobody knows how long it lasted.
        let then = self.as_of(since);
        // What is less later on was right before, too: this node's jumps ahead only add to it.
        let gained = u64::try_from(self.latest.ns - self.least_since(since, then.ns)).unwrap_or(0);
        // The other's clock may have gained on this one meanwhile, which hides as much of a jump.
        let ppm = drift_ppm.min(MILLION / 2);
        let hidden = (self.latest.at.since(then.at) + BEFORE) * 2 * ppm / (MILLION - ppm);
        self.latest.at >= then.at.plus(wait).plus(Duration::from_nanos(gained)).plus(hidden)
    }
}

fn ns(moment: Moment) -> i128 {
    i128::try_from(moment.0.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests;
