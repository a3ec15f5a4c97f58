//! Whether a majority stands behind this node's view, and who is missing.

use super::Node;
use model::NodeId;

/// The majority, as seen from this node now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// Whether a majority stands behind a leader that this node hears or is.
    pub has: bool,
    /// How many votes there are.
    pub votes: usize,
    /// How many are needed.
    pub needed: usize,
    /// How many this node can count on, itself included.
    pub present: usize,
    /// The voters that are not present.
    pub missing: Vec<NodeId>,
    /// The leader, if this node hears one or is one.
    pub leader: Option<NodeId>,
}

impl Quorum {
    /// Whether enough voters are there for a leader to be found soon.
    #[must_use]
    pub fn in_reach(&self) -> bool {
        self.votes > 0 && self.present >= self.needed
    }
}

impl Node {
    /// The majority, as seen from this node now.
    #[must_use]
    pub fn quorum(&self) -> Quorum {
        let nobody =
            Quorum { has: false, votes: 0, needed: 0, present: 0, missing: Vec::new(), leader: None };
        let (Some(standing), Some(own)) = (self.standing(), self.id()) else { return nobody };
        let here = |id: NodeId| if id == own { standing.stopped.is_none() } else { self.is_up(id) };
        let votes = standing.voters.len();
        let missing: Vec<NodeId> = standing.voters.iter().copied().filter(|id| !here(*id)).collect();
        let needed = if votes == 0 { 0 } else { votes / 2 + 1 };
        let present = votes - missing.len();
        // An isolated leader goes on calling itself one, so what counts is how long ago a majority
        // answered it, or this node heard it.
        let seen = standing.quorum_within(self.timers().election_max * 2);
        let leader = standing.leader.filter(|_| seen);
        let has = leader.is_some() && present >= needed;
        Quorum { has, votes, needed, present, missing, leader: leader.filter(|_| has) }
    }
}
