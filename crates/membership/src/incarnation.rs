//! A node that came back is told from a copy of it.
//!
//! A data directory can be copied: a virtual machine is cloned, a disk image restored. Two
//! processes would then vote with one identity, or one process would vote with a memory that has
//! lost what it promised. Each start of a daemon therefore draws an [`Incarnation`], writes it to
//! its data directory, and claims its identity from its peers. A claim is
//!
//! * **stale** if the cluster has accepted an incarnation that this data directory never had: it
//!   is an older copy;
//! * **contested** while another incarnation of the node was heard from just now. If the other one
//!   is heard from again after the claim, the claim is refused: the later one loses. If the other
//!   one stays silent, it was a restart;
//! * **accepted** otherwise.

use crate::Moment;
use model::{Incarnation, NodeId};
use std::collections::BTreeMap;
use std::time::Duration;

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// This is the node now.
    Accepted,
    /// Ask again: whether the one that was first is still alive will be known by then.
    Contested {
        /// When to ask again, from now.
        again_in: Duration,
    },
    /// Another process is alive with this identity.
    Duplicate {
        /// The one that was first.
        first: Incarnation,
    },
}

#[derive(Debug, Clone, Copy)]
struct Holder {
    incarnation: Incarnation,
    heard: Moment,
    /// A claim by somebody else, and since when.
    contest: Option<(Incarnation, Moment)>,
}

/// Which incarnation of each node this node listens to.
#[derive(Debug, Clone)]
pub struct Incarnations {
    contest: Duration,
    heartbeat: Duration,
    holders: BTreeMap<NodeId, Holder>,
}

impl Incarnations {
    /// `contest` and `heartbeat` are [`crate::timers::Timers`]' own.
    #[must_use]
    pub fn new(contest: Duration, heartbeat: Duration) -> Self {
        Self { contest, heartbeat, holders: BTreeMap::new() }
    }

    /// Judges by other timers from now on.
    pub fn set_timers(&mut self, contest: Duration, heartbeat: Duration) {
        self.contest = contest;
        self.heartbeat = heartbeat;
    }

    /// Something authentic was heard from `node`. True if it is from the incarnation that holds
    /// the identity; the first one ever heard of becomes the holder.
    pub fn heard(&mut self, now: Moment, node: NodeId, incarnation: Incarnation) -> bool {
        let holder = self.holders.entry(node).or_insert(Holder { incarnation, heard: now, contest: None });
        let holds = holder.incarnation == incarnation;
        if holds {
            holder.heard = now;
        }
        holds
    }

    /// A process claims to be `node`.
    pub fn claim(&mut self, now: Moment, node: NodeId, claimant: Incarnation) -> Claim {
        let fresh = Holder { incarnation: claimant, heard: now, contest: None };
        let Some(holder) = self.holders.get_mut(&node) else {
            self.holders.insert(node, fresh);
            return Claim::Accepted;
        };
        if holder.incarnation == claimant {
            return Claim::Accepted;
        }
        if now.since(holder.heard) >= self.contest {
            *holder = fresh;
            return Claim::Accepted;
        }
        let since = match holder.contest {
            Some((who, since)) if who == claimant => since,
            _ => {
                holder.contest = Some((claimant, now));
                now
            }
        };
        // A datagram that was under way when its sender died may still arrive after the claim, so
        // only what is heard a whole heartbeat later proves that the first one lives.
        if holder.heard >= since.plus(self.heartbeat) {
            return Claim::Duplicate { first: holder.incarnation };
        }
        Claim::Contested { again_in: self.heartbeat }
    }

    /// Forgets a node that is no member any more.
    pub fn forget(&mut self, node: NodeId) {
        self.holders.remove(&node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(2);
    const OLD: Incarnation = Incarnation([1; 8]);
    const NEW: Incarnation = Incarnation([2; 8]);

    fn at(ms: u64) -> Moment {
        Moment::from_ms(ms)
    }

    fn table() -> Incarnations {
        Incarnations::new(Duration::from_millis(500), Duration::from_millis(100))
    }

    #[test]
    fn a_restart_is_accepted_once_the_old_process_has_been_silent() {
        let mut table = table();
        assert!(table.heard(at(0), NODE, OLD));
        assert!(matches!(table.claim(at(50), NODE, NEW), Claim::Contested { .. }));
        assert!(!table.heard(at(60), NODE, NEW), "not before it is accepted");
        // A late datagram of the dead process is not a sign of life.
        assert!(table.heard(at(70), NODE, OLD));
        assert!(matches!(table.claim(at(300), NODE, NEW), Claim::Contested { .. }));
        assert_eq!(table.claim(at(570), NODE, NEW), Claim::Accepted);
        assert!(table.heard(at(600), NODE, NEW));
        assert!(!table.heard(at(610), NODE, OLD), "the old one is not listened to any more");
    }

    #[test]
    fn a_copy_of_a_live_node_is_refused_for_as_long_as_the_first_lives() {
        let mut table = table();
        table.heard(at(0), NODE, OLD);
        assert!(matches!(table.claim(at(50), NODE, NEW), Claim::Contested { .. }));
        for ms in (100..1000).step_by(100) {
            table.heard(at(ms), NODE, OLD);
        }
        assert_eq!(table.claim(at(1000), NODE, NEW), Claim::Duplicate { first: OLD });
        assert!(table.heard(at(1001), NODE, OLD), "the first one is untouched");
    }

    #[test]
    fn whoever_is_heard_of_first_is_the_node() {
        let mut table = table();
        assert_eq!(table.claim(at(0), NODE, NEW), Claim::Accepted);
        assert_eq!(table.claim(at(1), NODE, NEW), Claim::Accepted, "asking twice is no contest");
    }
}
