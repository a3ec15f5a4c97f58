//! The node's side: what may be open here, until when, and what has to be closed.
//!
//! The daemon drives it; gates and monitors carry out what it says, by themselves where the daemon cannot:
//! every deadline is an absolute [`Moment`] of this machine, so a late write opens nothing.
//!
//! * With each heartbeat: [`Holder::expire`], then [`Holder::ask`], and the request is sent.
//! * A grant has come: [`Holder::granted`], then [`Holder::refresh`], which says what to write into the gates
//!   and to tell the monitors.
//! * The database has changed here: [`Holder::applied`], then [`Holder::expire`] and [`Holder::refresh`].
//! * A group is to start: [`Holder::open`], first of all. It is stopped: [`Holder::closed`], last of all,
//!   and then its ownership may be released.
//! * After a restart: [`Holder::adopt`] each gate that stands.
//!
//! The rules it keeps:
//!
//! * A lease counts from the moment before its request was sent. Grants may be late, repeated or out of
//!   order: each one speaks for itself, and the latest request counts.
//! * A grant counts only once this node has applied what it names, and covers what this node owns then. So
//!   nobody revives what he lost while he was cut off, and a new ownership needs no new grant.
//! * What has expired is not revived: it is closed, and then opened anew. The monitors have stopped it by
//!   then, and nobody has to guess how far.
//! * No generation is opened before every older one here is closed.
//! * What ran before a restart goes on until the deadline it had, and is prolonged only by a grant of this
//!   life for the same generation.
//! * A node whose clock stood still for longer than its successor waits closes everything before it acts.

use crate::Pair;
use crate::pause::{Exchange, PauseWatch};
use crate::settings::{LEASE_MAX, Settings};
use model::stored::{LeaseGrant, LeaseRequest};
use model::{Generation, GroupName, Incarnation, Moment, NodeId, Revision};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a node may run, in one life of its daemon.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    settings: Settings,
    node: NodeId,
    incarnation: Incarnation,
    last_number: u64,
    /// When each request that may still be answered was sent.
    asked: BTreeMap<u64, Moment>,
    /// Grants that name what is not applied here yet, and until when they last.
    waiting: Vec<(Revision, Moment)>,
    /// Until when this node has its lease.
    until: Option<Moment>,
    /// The revision that is applied here, and what this node owns as of it.
    owned: Option<(Revision, BTreeMap<GroupName, Generation>)>,
    /// What may have effects here.
    here: BTreeMap<Pair, Here>,
    pauses: PauseWatch,
}

/// Something that may have effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Here {
    /// The deadline that its gate and its monitor have.
    until: Moment,
    /// It has to be closed, whatever comes.
    closing: bool,
}

/// What became of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// This node has its lease until then.
    Until(Moment),
    /// It will count as soon as this revision is applied here.
    Waits(Revision),
    /// It is for another life, for no request, for one that a later grant has overtaken, or too late.
    Useless,
    /// This node's clock stood still for so long at least. Everything here has to be closed: see
    /// [`Holder::expire`].
    Paused(Duration),
}

/// Why something must not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no lease at the moment.
    #[error("{0} is not opened: this node has no lease; it needs a leader with a quorum")]
    NoLease(Pair),
    /// It is not this node's, or no more, or not yet.
    #[error("{0} is not opened: this node does not own it in that generation")]
    NotOwned(Pair),
    /// Something of the group is here that has to be closed first.
    #[error("{wanted} is not opened: {first} has to be closed first")]
    NotClosed {
        /// What is asked for.
        wanted: Pair,
        /// What is still here.
        first: Pair,
    },
}

impl Holder {
    /// A life of a daemon begins, with nothing. `incarnation` was never used before.
    #[must_use]
    pub fn new(node: NodeId, incarnation: Incarnation, settings: Settings) -> Self {
        Self {
            settings,
            node,
            incarnation,
            last_number: 0,
            asked: BTreeMap::new(),
            waiting: Vec::new(),
            until: None,
            owned: None,
            here: BTreeMap::new(),
            pauses: PauseWatch::default(),
        }
    }

    /// The settings have changed. What is granted stays granted.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// A request to be sent. `now` is read before: the lease counts from it.
    pub fn ask(&mut self, now: Moment) -> LeaseRequest {
        self.last_number += 1;
        self.asked.retain(|_, sent| sent.plus(LEASE_MAX) > now);
        self.asked.insert(self.last_number, now);
        LeaseRequest { node: self.node, incarnation: self.incarnation, number: self.last_number }
    }

    /// A grant has arrived; `now` is read after that.
    pub fn granted(&mut self, now: Moment, grant: &LeaseGrant) -> Granted {
        let LeaseRequest { node, incarnation, number } = grant.request;
        if (node, incarnation) != (self.node, self.incarnation) {
            return Granted::Useless;
        }
        let Some(sent) = self.asked.get(&number).copied() else { return Granted::Useless };
        let lease = Duration::from_nanos(grant.lease_ns).min(LEASE_MAX);
        let clock = Duration::from_nanos(grant.clock_ns);
        let exchange = Exchange { leader: grant.leader, sent, clock, received: now };
        let paused = self.pauses.observe(exchange, self.settings.figures(), lease);
        if paused > self.settings.pause_tolerated() {
            self.stood_still(now);
            return Granted::Paused(paused);
        }
        // Earlier requests can give nothing that this one does not.
        self.asked = self.asked.split_off(&(number + 1));
        let until = sent.plus(lease);
        if until <= now {
            return Granted::Useless;
        }
        if self.owned.as_ref().is_none_or(|(applied, _)| *applied < grant.as_of) {
            self.waiting.retain(|(_, until)| *until > now);
            self.waiting.push((grant.as_of, until));
            return Granted::Waits(grant.as_of);
        }
        Granted::Until(self.prolong(until))
    }

    /// This node has applied `revision`, as of which it holds these groups in these generations.
    pub fn applied(&mut self, revision: Revision, owned: BTreeMap<GroupName, Generation>) {
        if self.owned.as_ref().is_some_and(|(applied, _)| *applied > revision) {
            return;
        }
        self.owned = Some((revision, owned));
        let (usable, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(as_of, _)| *as_of <= revision);
        self.waiting = waiting;
        for (_, until) in usable {
            self.prolong(until);
        }
    }

    /// A gate stands since before this life, with a deadline that its kernel enforces: what is behind it
    /// goes on until then.
    pub fn adopt(&mut self, now: Moment, pair: Pair, deadline: Moment) {
        // Nobody can have been granted more than the longest lease from now.
        let credible = deadline > now && deadline <= now.plus(LEASE_MAX);
        let until = if credible { deadline } else { now };
        self.here.insert(pair, Here { until, closing: !credible });
    }

    /// Something is about to start: the deadline that its gate and its monitor get first.
    ///
    /// # Errors
    /// It must not start.
    pub fn open(&mut self, now: Moment, pair: &Pair) -> Result<Moment, Refusal> {
        if !self.owns(pair) {
            return Err(Refusal::NotOwned(pair.clone()));
        }
        let until = self.until.filter(|until| *until > now);
        let until = until.ok_or_else(|| Refusal::NoLease(pair.clone()))?;
        let in_the_way = |(other, here): &(&Pair, &Here)| {
            other.group == pair.group && (*other != pair || here.closing || here.until <= now)
        };
        if let Some((first, _)) = self.here.iter().find(in_the_way) {
            return Err(Refusal::NotClosed { wanted: pair.clone(), first: first.clone() });
        }
        self.here.insert(pair.clone(), Here { until, closing: false });
        Ok(until)
    }

    /// The deadlines to put into gates and to tell monitors, of all that goes on.
    pub fn refresh(&mut self, now: Moment) -> Vec<(Pair, Moment)> {
        let Some(until) = self.until.filter(|until| *until > now) else { return Vec::new() };
        let Some((_, owned)) = &self.owned else { return Vec::new() };
        let goes_on = |(pair, here): &(&Pair, &mut Here)| {
            !here.closing && here.until > now && owned.get(&pair.group) == Some(&pair.generation)
        };
        let each = self.here.iter_mut().filter(goes_on);
        each.map(|(pair, here)| {
            here.until = here.until.max(until);
            (pair.clone(), here.until)
        })
        .collect()
    }

    /// What has to be closed: what has expired, and what is not this node's any more. It is named until it
    /// is [`Self::closed`], and is not prolonged meanwhile.
    pub fn expire(&mut self, now: Moment) -> Vec<Pair> {
        let mut close = Vec::new();
        for (pair, here) in &mut self.here {
            // Before the first lease of this life, what is applied here may be old.
            let known = self.owned.as_ref().filter(|_| self.until.is_some());
            let lost = known.is_some_and(|(_, owned)| owned.get(&pair.group) != Some(&pair.generation));
            here.closing |= lost || here.until <= now;
            if here.closing {
                close.push(pair.clone());
            }
        }
        close
    }

    /// Something is closed: its gate first, then its processes ended and their connections destroyed. Only
    /// then may its ownership be released.
    pub fn closed(&mut self, pair: &Pair) {
        self.here.remove(pair);
    }

    /// What is past its deadline and not closed yet.
    pub fn overdue(&self, now: Moment) -> impl Iterator<Item = &Pair> {
        self.here.iter().filter(move |(_, here)| here.until <= now).map(|(pair, _)| pair)
    }

    /// Until when what is here of a group may have effects; nothing: none of it is here. For what only a watchdog
    /// protects, it must not be fed after that before it is [`Self::closed`].
    ///
    /// What a life before this one left may go on until a deadline that this life does not know: only a lease of this
    /// life counts.
    #[must_use]
    pub fn deadline(&self, group: &GroupName) -> Option<Moment> {
        let here = self.here.iter().filter(|(pair, _)| pair.group == *group);
        let until = here.map(|(_, here)| here.until).min()?;
        Some(until.min(self.until.unwrap_or_default()))
    }

    /// Until when this node has its lease; nothing: it has had none in this life.
    #[must_use]
    pub fn until(&self) -> Option<Moment> {
        self.until
    }

    /// How much is left of the lease.
    #[must_use]
    pub fn remaining(&self, now: Moment) -> Duration {
        self.until.map_or(Duration::ZERO, |until| until.since(now))
    }

    fn owns(&self, pair: &Pair) -> bool {
        let owned = self.owned.as_ref().filter(|_| self.until.is_some());
        owned.and_then(|(_, owned)| owned.get(&pair.group)) == Some(&pair.generation)
    }

    fn prolong(&mut self, until: Moment) -> Moment {
        *self.until.insert(self.until.map_or(until, |before| before.max(until)))
    }

    /// All that was counted on this node's clock lasted longer than it should have.
    fn stood_still(&mut self, now: Moment) {
        self.asked.clear();
        self.waiting.clear();
        self.pauses.forget();
        if let Some(until) = &mut self.until {
            *until = now.min(*until);
        }
        for here in self.here.values_mut() {
            *here = Here { until: now.min(here.until), closing: true };
        }
    }
}

#[cfg(test)]
mod tests;
