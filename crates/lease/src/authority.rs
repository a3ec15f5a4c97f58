//! The leader's side: who is granted what, and when somebody else may have it.
//!
//! One for each term that this node leads, made when it has won it, with nothing from before.
//!
//! 1. Requests arrive ([`Authority::requested`]) and wait.
//! 2. A majority has answered a heartbeat round that was begun after a request arrived: it is granted
//!    ([`Authority::grants`]). No disk takes part in that.
//! 3. The database's ownership, whenever it changes here, comes in whole ([`Authority::applied`]). A pair
//!    that is revoked keeps the last renewal that it was in; later ones do not count for it.
//! 4. [`Authority::takeover`] says when another node may have a revoked pair.
//!
//! What it knows of its predecessors' grants is that none is later than its own victory, or, once a majority
//! of voters has said so ([`Authority::evidence`]), than the last answer that any predecessor had.
//!
//! A fence that is confirmed, an operator's word that a node is down, and a node's own release are all one
//! thing here: the pair is [`Stage::Released`] in the database, which is free at once, and outlives leaders.

use crate::bound::{Lack, Wait};
use crate::clocks::Clocks;
use crate::voter::Voter;
use model::stored::{LeaseGrant, LeaseRequest};
use model::{Generation, GroupName, Moment, NodeId, Revision};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

/// A reading of whatever dates the engine's heartbeat rounds (CLOCK_MONOTONIC in nanoseconds, or a round's
/// number): marks are compared with each other, and with nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(pub u64);

/// Whose a group is, as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ownership {
    /// The latest owner.
    pub owner: NodeId,
    /// Its generation.
    pub generation: Generation,
    /// How far it has got.
    pub stage: Stage,
}

/// The stages of an ownership, in their order. The next one is of a higher generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The owner may run the group, under its lease.
    Held,
    /// It may no more; but it may not know that yet.
    Revoked,
    /// It does no more: it said so itself after it had stopped, or a fence or an operator confirmed it.
    Released,
}

/// When another node may have a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// At once.
    Now,
    /// At this moment of the leader's clock.
    At(Moment),
    /// Not as things stand.
    Never(Why),
}

/// Why nobody else may have a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The leader is new, and has not applied an entry of its own term: it may not know the latest owners.
    NotYetKnown,
    /// Its ownership has to be revoked first, or released.
    StillHeld(NodeId),
    /// However long it waited.
    Unprotected(Lack),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYetKnown => f.write_str("the new leader does not know the latest owners yet"),
            Self::StillHeld(owner) => write!(f, "it is node {owner}'s until that is revoked or released"),
            Self::Unprotected(lack) => lack.fmt(f),
        }
    }
}

/// As many requests of one node wait at most. More would mean that no quorum has answered for longer than
/// the longest lease is renewed in, and then none of them is of use.
const WAITING_MAX: usize = 64;

/// When a witness has not heard of the end of a wait yet: so much later it is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// A leader in one term.
///
/// `K` is by what ownerships are told apart: the group, where there is one of each; group and node, where there
/// may be several, each of which is waited for by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority<K: Ord = GroupName> {
    me: NodeId,
    term: u64,
    won: Moment,
    electorates: Vec<BTreeSet<NodeId>>,
    answered: BTreeMap<NodeId, Told>,
    waiting: BTreeMap<NodeId, VecDeque<Asked>>,
    /// When the last request of each node that was granted had arrived.
    renewed: BTreeMap<NodeId, Moment>,
    known: Option<Known>,
    groups: BTreeMap<K, Group>,
}

/// What a voter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Told {
    /// When it last answered an older leader, at the latest, on this node's clock.
    answered: Moment,
    /// When it said so.
    at: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Asked {
    request: LeaseRequest,
    arrived: Moment,
    mark: Mark,
}

/// What a grant says beside whom it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Known {
    as_of: Revision,
    lease: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Group {
    ownership: Ownership,
    /// Of a revoked one: the last renewal that it was in, if it was in one of this term.
    renewed: Option<Moment>,
}

/// What the database says, as far as leases go, once this node has applied it.
#[derive(Debug)]
pub struct Applied<'a, K = GroupName> {
    /// The term of the latest applied entry.
    pub entry_term: u64,
    /// The revision that changed any ownership last. The latest applied one does as well, but lets nodes
    /// that lag behind wait for what does not concern them.
    pub as_of: Revision,
    /// How long leases last. While a change of profile is under way, bounds are those of the longer one.
    pub lease: Duration,
    /// Every group that was ever owned.
    pub groups: &'a BTreeMap<K, Ownership>,
}

// Written out, because a derive would ask the same of `K`.
impl<K> Clone for Applied<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Applied<'_, K> {}

impl<K: Ord + Clone> Authority<K> {
    /// This node, `me`, has won `term`; `now` is read after that. `electorates` are the voters as of then:
    /// one set, or two while a change of them is under way.
    #[must_use]
    pub fn new(
        now: Moment,
        me: NodeId,
        term: u64,
        electorates: Vec<BTreeSet<NodeId>>,
        voter: &mut Voter,
    ) -> Self {
        let mut authority = Self {
            me,
            term,
            won: now,
            electorates,
            answered: BTreeMap::new(),
            waiting: BTreeMap::new(),
            renewed: BTreeMap::new(),
            known: None,
            groups: BTreeMap::new(),
        };
        if let Some(age) = voter.evidence(now, term) {
            authority.evidence(now, me, age);
        }
        authority
    }

    /// A voter has said, `age` before it answered this leader of this term, that it had last answered an
    /// older one then ([`Voter::evidence`]). `now` is read after that arrived.
    pub fn evidence(&mut self, now: Moment, voter: NodeId, age: Duration) {
        let told = Told { answered: Moment(now.0.saturating_sub(age)), at: now };
        // Any answer of this term is true; the one that was under way for the shortest time says most.
        let known = self.answered.entry(voter).or_insert(told);
        if told.answered < known.answered {
            *known = told;
        }
    }

    /// A request has arrived; `now` and `mark` are read after that. It is authentic, and of the one life of
    /// that node that is listened to.
    pub fn requested(&mut self, now: Moment, mark: Mark, request: LeaseRequest) {
        let waiting = self.waiting.entry(request.node).or_default();
        // A lease that would have ended is asked for in vain.
        if let Some(known) = self.known {
            waiting.retain(|asked| asked.arrived.plus(known.lease) > now);
        }
        if waiting.len() < WAITING_MAX {
            waiting.push_back(Asked { request, arrived: now, mark });
        }
    }

    /// What this node has applied of the database: all of it, whenever it has changed.
    pub fn applied(&mut self, applied: Applied<'_, K>) {
        let older = self.known.is_some_and(|known| known.as_of > applied.as_of);
        if applied.entry_term != self.term || older {
            return;
        }
        self.known = Some(Known { as_of: applied.as_of, lease: applied.lease });
        let before = std::mem::take(&mut self.groups);
        for (name, ownership) in applied.groups {
            let same = |group: &&Group| group.ownership == *ownership;
            let renewed = match before.get(name).filter(same) {
                Some(group) => group.renewed,
                None => self.renewed.get(&ownership.owner).copied(),
            };
            self.groups.insert(name.clone(), Group { ownership: *ownership, renewed });
        }
    }

    /// A majority has answered a round that was begun at `quorum`: what is granted now, to be sent. `now` is
    /// read before the call; `voter` is this node's own, which notes that its leader had a quorum.
    pub fn grants(&mut self, now: Moment, quorum: Mark, voter: &mut Voter) -> Vec<LeaseGrant> {
        let Some(known) = self.known else { return Vec::new() };
        let mut grants = Vec::new();
        for (node, waiting) in &mut self.waiting {
            let before_the_round = waiting.iter().filter(|asked| asked.mark < quorum).count();
            let Some(latest) = waiting.drain(..before_the_round).next_back() else { continue };
            let renewed = self.renewed.entry(*node).or_insert(latest.arrived);
            *renewed = latest.arrived.max(*renewed);
            grants.push(LeaseGrant {
                request: latest.request,
                leader: self.me,
                as_of: known.as_of,
                lease_ns: ns(known.lease),
                clock_ns: ns(latest.arrived.0),
            });
        }
        // Whoever has told a new leader may not count itself into an old one's majority any more.
        if !grants.is_empty() && voter.hears(now, self.term).is_err() {
            grants.clear();
        }
        grants
    }

    /// Whether this node knows whose everything is: it has applied an entry of its own term.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// When another node than its owner may have a group, for whose present ownership `wait` is the bound
    /// ([`crate::Bound::wait`]).
    ///
    /// `clocks` are those of the others; while none of `others` confirms by its clock that the wait is over, the
    /// answer is a moment soon.
    #[must_use]
    pub fn takeover(
        &self,
        now: Moment,
        group: &K,
        wait: Wait,
        clocks: &Clocks,
        others: &[NodeId],
    ) -> Takeover {
        if self.known.is_none() {
            return Takeover::Never(Why::NotYetKnown);
        }
        // Nobody ever had it.
        let Some(group) = self.groups.get(group) else { return Takeover::Now };
        match (group.ownership.stage, wait) {
            (Stage::Released, _) | (Stage::Revoked, Wait::For(Duration::ZERO)) => Takeover::Now,
            (Stage::Held, _) => Takeover::Never(Why::StillHeld(group.ownership.owner)),
            (Stage::Revoked, Wait::Never(lack)) => Takeover::Never(Why::Unprotected(lack)),
            (Stage::Revoked, Wait::For(wait)) => {
                let before = self.before(clocks);
                let renewed = group.renewed.map_or(before, |renewed| renewed.max(before));
                let at = renewed.plus(wait);
                if at > now {
                    Takeover::At(at)
                } else if clocks.confirm(renewed, wait, others.iter().copied()) {
                    Takeover::Now
                } else {
                    Takeover::At(now.plus(ASK_AGAIN))
                }
            }
        }
    }

    /// No grant of a predecessor is for a request that was sent later than this.
    fn before(&self, clocks: &Clocks) -> Moment {
        let evidence = self.electorates.iter().map(|voters| {
            let told = voters.iter().filter_map(|voter| Some((*voter, *self.answered.get(voter)?)));
            let credible = told
                .filter(|(voter, told)| *voter == self.me || clocks.vouch(*voter, told.answered, told.at));
            let mut answered: Vec<Moment> = credible.map(|(_, told)| told.answered).collect();
            answered.sort_unstable();
            // Of all majorities, the one whose latest answer is earliest.
            answered.get(voters.len() / 2).copied()
        });
        let latest = evidence.collect::<Option<Vec<_>>>().and_then(|each| each.into_iter().max());
        latest.map_or(self.won, |latest| latest.min(self.won))
    }
}

fn ns(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
