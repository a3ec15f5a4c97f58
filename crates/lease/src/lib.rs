//! Leases and the right to run: when a node may, until when, and when its successor may. Pure decisions.
//!
//! A node may run a group only under a *grant*, which its leader renews with a quorum behind it. If node or
//! leader or network fail, nobody has to be reached for anything: the node's own kernel and monitors stop
//! the group when the lease ends, and the leader knows when that is at the latest. Everything here comes in
//! as values and goes out as values; time is a [`model::Moment`] that the caller has read from
//! CLOCK_BOOTTIME, and spans between the moments of one machine are all that ever counts.
//!
//! * [`settings`]: the figures, and the inequalities that must hold between them.
//! * [`bound`]: how long a successor waits for each kind of protection, and the sum that says so.
//! * [`holder`]: the node's side. What may be open, until when; what has to be closed.
//! * [`authority`]: the leader's side. Who is granted what; when may somebody else have it.
//! * [`clocks`]: the others' clocks, by which a leader notices that its own has jumped.
//! * [`voter`]: the voters' side: what they remember of former leaders, for the next one.
//!
//! ```text
//!   holder                          leader (authority)                       voters
//!   s := clock                      a := clock, after it arrived
//!     |------- LeaseRequest ------>|  a heartbeat round begun after it --->|  Voter::hears, then answer
//!     |                            |<------------ a majority --------------|
//!     |<------ LeaseGrant ---------|  D counts from a
//!   effective until s + L          successor from a + D, once the revocation is applied
//! ```
//!
//! Why it holds: s is before a in true time, whatever was delayed, lost or repeated. Whoever grants has
//! asked a majority after a; whoever leads next hears from a majority when that was, and the two majorities
//! share a voter. A pair (group, generation) whose revocation is committed is in no later grant, since a
//! grant counts only for a node that has applied what its leader had applied.
//!
//! What must be true around it, and is the caller's: `s` is read before the request is sent, and `a` after
//! it has arrived; gates are written with absolute deadlines, in order, and closed before anything is called
//! released; a successor is made the owner by a committed entry and starts when it has applied that.
//!
//! What it deliberately does not do: it detects no failures (crate `membership`), chooses nobody (crate
//! `planner`), commits nothing (crate `store`), and remembers nothing over a restart. Read next:
//! [`holder`], then [`authority`]; `tests/model.rs` checks every step of them against each other.

pub mod authority;
pub mod bound;
pub mod clocks;
pub mod holder;
mod pause;
pub mod settings;
#[cfg(test)]
mod testing;
pub mod voter;

pub use authority::{Authority, Mark, Ownership, Stage, Takeover, Why};
pub use bound::{Bound, Guard, Means, Need, Wait};
pub use clocks::Clocks;
pub use holder::{Granted, Holder, Refusal};
pub use settings::{Contradiction, Figures, Settings, Watchdog};
pub use voter::{Deposed, Voter};

use model::{Generation, GroupName};
use std::fmt;

/// A group in one ownership. Another owner, or the same one later, has it in another generation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// Which group.
    pub group: GroupName,
    /// Which ownership of it.
    pub generation: Generation,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in generation {}", self.group, self.generation)
    }
}
