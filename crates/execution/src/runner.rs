//! The node's half: what runs here, what may, and what is done about the difference.
//!
//! It does what the leader orders, and nothing else, but for one thing: what may not run here any more, it
//! stops without being asked. The rules:
//!
//! * A group is *opened* before anything of it starts: the lease lets it, its monitors know the deadline, and
//!   its gate is open until then. It is *closed* last of all, once nothing of it runs, and only then is its
//!   ownership released.
//! * When the lease has ended, or the ownership is gone, the whole group is stopped here, whatever the plan
//!   was. The kernel's gate and the monitors do so by themselves at the same moment; this half finds out how
//!   far they came, finishes it, and says so.
//! * What is released is not opened again in that ownership: the database may hold the release already, and
//!   somebody else the group, before this node knows. Nor is anything started in an ownership that a life
//!   before this one may have released: where nothing of it runs any more, it is given back.
//! * Orders name the ownership that they are about. One of an older leader, or for an ownership that this
//!   node does not have, is refused.
//! * A resource does one thing at a time. Who is to stop while it starts is cut short.
//! * What cannot be stopped is tried to be ended at any price, and where that fails too, it stays, marked,
//!   and is tried again: nobody starts it elsewhere meanwhile.
//!
//! The caller gives it the time, what happened, and the database; and carries out the [`Effect`]s in their
//! order. `local` is one group; `calls` is what monitors answer; `feeding` is what a watchdog goes by.

mod calls;
mod feeding;
mod local;
#[cfg(test)]
mod tests;

pub use feeding::Feeding;

use crate::order::{Order, Report};
use lease::{Granted, Holder, Pair, Settings};
use local::{Local, Opened, Phase};
use model::desired::ClusterSpec;
use model::stored::{LeaseGrant, LeaseRequest};
use model::{Generation, GroupName, Incarnation, Moment, NodeId, ResourceName, Revision, Timestamp};
use planner::{Action, State};
use resource_api::{Instance, ResourceId, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// What a node's clocks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Since boot, for everything that counts.
    pub boot: Moment,
    /// For people.
    pub wall: Timestamp,
}

/// What a gate is in front of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A clustered address.
    Address(IpAddr),
    /// The processes of a resource.
    Processes(ResourceId),
}

/// What the caller has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The monitors may be asked for this resource from now on; of a known one: with these parameters.
    Open(Instance),
    /// Nobody asks for it any more.
    Forget(ResourceId),
    /// It is looked after, or no more.
    Watch(ResourceId, bool),
    /// Ask its monitor. Answered by [`Runner::outcome`].
    Call {
        /// By which the answer is recognised.
        call: u64,
        /// Which.
        id: ResourceId,
        /// What.
        verb: Verb,
        /// How long it may take.
        within: Duration,
        /// What the verb has to know besides.
        arguments: BTreeMap<String, String>,
    },
    /// The answer to that call is not wanted any more: it is to be cut short.
    Cancel(u64),
    /// Tell the monitors the deadline, end the sessions that the addresses had, and open the gates until
    /// then. Answered by [`Runner::gate_opened`].
    OpenGate {
        /// For whom.
        pair: Pair,
        /// Which gates.
        targets: Vec<Target>,
        /// Until when.
        until: Moment,
        /// It was found running in this ownership: a daemon before this one had opened it. Sessions are ended
        /// only where the gate has been closed since.
        found: bool,
        /// What monitors stop first if the deadline passes: all of a list at once.
        stops: Vec<Vec<ResourceName>>,
    },
    /// Gates and monitors get a later deadline.
    Renew {
        /// Of which group.
        group: GroupName,
        /// Its gates.
        targets: Vec<Target>,
        /// Addresses that are up, and that nobody is taking away: the kernel may be told to keep them until
        /// then. One that is on its way out must not be: to keep it would bring it back (the kernel adds an
        /// address that it is told to change and does not have), on a node that has just given it up.
        up: Vec<IpAddr>,
        /// Until when.
        until: Moment,
    },
    /// The gates are closed, and stay.
    CloseGate(Vec<Target>),
    /// Nothing of the group is here: its gates go, and the monitors' deadline does.
    Closed {
        /// Which group.
        group: GroupName,
        /// Its gates.
        targets: Vec<Target>,
    },
    /// Write down that this node has the group no more in that ownership.
    Release(Pair),
    /// Write down a failure, then call [`Runner::recorded`].
    Record(GroupName, crate::order::FailureSeen),
}

/// How long a resource may take to come online, if the file does not say: Windows' pending time-out, which
/// administrators know.
const ONLINE_WITHIN: Duration = Duration::from_secs(180);

/// And to go offline. Shorter, because all others wait for it: after it, it is ended at any price.
const OFFLINE_WITHIN: Duration = Duration::from_secs(60);

/// Ending something at any price is a signal, and some looks at whether it worked.
const TERMINATE_WITHIN: Duration = Duration::from_secs(20);

/// What could not be stopped is ended again so often.
const AGAIN: Duration = Duration::from_secs(10);

/// A release is written down within milliseconds where there is a majority; one that is not in the database
/// after so long is asked for again.
const WRITTEN: Duration = Duration::from_secs(2);

/// A node's half.
#[derive(Debug)]
pub struct Runner {
    me: NodeId,
    incarnation: Incarnation,
    /// No grant of a life before this one lasts longer than that.
    latest_of_before: Moment,
    holder: Holder,
    held: BTreeMap<GroupName, Generation>,
    /// The latest ownership of each group that was released here, or may have been before this life.
    spent: BTreeMap<GroupName, Generation>,
    /// When each of them was released again last.
    released: BTreeMap<GroupName, Moment>,
    /// What a life before this one may have had, until it is found running or given back; nothing: it is not
    /// known yet, since there was no lease.
    inherited: Option<BTreeMap<GroupName, Generation>>,
    following: BTreeSet<GroupName>,
    /// Nothing of a life before this one is left that its watchdog has to be thought of for.
    settled: bool,
    revision: Revision,
    groups: BTreeMap<GroupName, Local>,
    calls: BTreeMap<u64, (ResourceId, Verb)>,
    last_call: u64,
    number: u64,
    leaving: bool,
    /// What the database says of this node's gates and watchdog is so.
    keeps_its_word: bool,
    effects: Vec<Effect>,
}

/// An order is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Of an older or a newer ownership than this node has.
    #[error("{group} in generation {ordered} is not this node's; it has it in {}", in_words(*.held))]
    OtherOwnership {
        /// Which group.
        group: GroupName,
        /// The order's.
        ordered: Generation,
        /// What this node has.
        held: Option<Generation>,
    },
    /// There is none of that name.
    #[error("{0} is not known here")]
    Unknown(String),
    /// Something else has to happen first.
    #[error("{0}")]
    NotNow(String),
    /// The lease says no.
    #[error(transparent)]
    Lease(#[from] lease::Refusal),
}

fn in_words(generation: Option<Generation>) -> String {
    generation.map_or_else(|| "none".to_owned(), |generation| format!("generation {generation}"))
}

impl Runner {
    /// A life of a daemon begins, at `born`.
    #[must_use]
    pub fn new(me: NodeId, incarnation: Incarnation, settings: Settings, born: Moment) -> Self {
        Self {
            me,
            incarnation,
            latest_of_before: born.plus(settings.lease()),
            holder: Holder::new(me, incarnation, settings),
            held: BTreeMap::new(),
            spent: BTreeMap::new(),
            released: BTreeMap::new(),
            inherited: None,
            following: BTreeSet::new(),
            settled: false,
            revision: Revision(0),
            groups: BTreeMap::new(),
            calls: BTreeMap::new(),
            last_call: 0,
            number: 1,
            leaving: false,
            keeps_its_word: true,
            effects: Vec::new(),
        }
    }

    /// Other timers are in force.
    pub fn set_settings(&mut self, settings: Settings) {
        self.holder.set_settings(settings);
    }

    /// What has to be done, in this order; asked for after each call of anything here.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The database here is at `revision`: this is the file, and these ownerships are this node's, of which
    /// some follow at once on another one of the same group.
    pub fn applied(
        &mut self,
        clock: Clock,
        revision: Revision,
        spec: &ClusterSpec,
        held: BTreeMap<GroupName, Generation>,
        following: BTreeSet<GroupName>,
    ) {
        if revision < self.revision {
            return;
        }
        self.revision = revision;
        for group in &spec.groups {
            if self.groups.get(&group.name).is_none_or(|local| !local.is_of(group)) {
                self.take_up(group);
            }
        }
        let gone: Vec<GroupName> =
            self.groups.keys().filter(|name| spec.group(name).is_none()).cloned().collect();
        for name in gone {
            self.take_away(&name);
        }
        self.held.clone_from(&held);
        self.following = following;
        self.spent.retain(|name, _| spec.group(name).is_some() || held.contains_key(name));
        self.released.retain(|name, _| held.contains_key(name));
        self.holder.applied(revision, held);
        self.expire(clock);
        self.go_on(clock);
    }

    /// A heartbeat is due: what has ended is stopped, and the lease is asked for.
    pub fn beat(&mut self, clock: Clock) -> LeaseRequest {
        self.go_on(clock);
        self.expire(clock);
        self.try_again(clock);
        self.give_back(clock);
        self.holder.ask(clock.boot)
    }

    /// A grant has come.
    pub fn granted(&mut self, clock: Clock, grant: &LeaseGrant) -> Granted {
        let granted = self.holder.granted(clock.boot, grant);
        self.expire(clock);
        self.go_on(clock);
        granted
    }

    /// How much is left of the lease.
    #[must_use]
    pub fn remaining(&self, clock: Clock) -> Duration {
        self.holder.remaining(clock.boot)
    }

    /// Does what the leader wants, as far as it may.
    ///
    /// # Errors
    /// [`Refused`]; nothing was done.
    pub fn order(&mut self, clock: Clock, order: &Order) -> Result<u64, Refused> {
        let held = self.held.get(&order.group).copied();
        let stops = matches!(order.action, Action::Stop | Action::Probe);
        // What nobody owns here may be stopped; what was started in another ownership may not.
        if held != Some(order.generation) && !(stops && held.is_none()) {
            let (group, ordered) = (order.group.clone(), order.generation);
            return Err(Refused::OtherOwnership { group, ordered, held });
        }
        let pair = Pair { group: order.group.clone(), generation: order.generation };
        match (order.action, &order.resource) {
            (Action::Probe, Some(one)) => self.probe(&order.group, one)?,
            (Action::Start, Some(one)) => self.start(clock, &pair, one)?,
            (Action::Stop, Some(one)) => self.stop(&order.group, one)?,
            (Action::Promote, _) => self.turn(&pair, Verb::Promote)?,
            (Action::Demote, _) => self.turn(&pair, Verb::Demote)?,
            (Action::Release, _) => self.release(&pair)?,
            (action, resource) => {
                let whom = resource.as_ref().map_or_else(String::new, |one| format!("/{one}"));
                return Err(Refused::Unknown(format!("`{action}` of {}{whom}", order.group)));
            }
        }
        Ok(self.number)
    }

    /// What is the case here, as far as it has changed since a report of this life; zero: all of it.
    #[must_use]
    pub fn report(&self, since: u64) -> Report {
        let changed = self.groups.iter().filter(|(_, local)| local.changed > since);
        let groups = changed.map(|(name, local)| (name.clone(), local.report())).collect();
        let (node, incarnation, number) = (self.me, self.incarnation, self.number);
        let (revision, leaving) = (self.revision, self.leaving);
        Report { node, incarnation, number, since, revision, leaving, groups }
    }

    /// Grows with every change of what [`Self::report`] says.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The daemon is asked to stop; the leader is told so.
    pub fn leave(&mut self) {
        self.leaving = true;
        self.number += 1;
    }

    /// Whether nothing is open here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.values().all(|local| local.opened.is_none())
    }

    /// Everything is stopped here, and closed.
    pub fn close_all(&mut self, clock: Clock) {
        let open: Vec<GroupName> = self
            .groups
            .iter()
            .filter(|(_, local)| local.opened.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in open {
            if let Some(opened) = self.groups.get_mut(&name).and_then(|local| local.opened.as_mut()) {
                opened.phase = Phase::Closing;
            }
            self.wind_down(&name);
        }
        self.expire(clock);
    }

    /// A failure is in the database.
    pub fn recorded(&mut self, group: &GroupName, failure: &crate::order::FailureSeen) {
        if let Some(local) = self.groups.get_mut(group) {
            local.failures.retain(|other| other != failure);
            self.touch(group);
        }
    }

    /// The gates of a group are open, or could not be opened.
    pub fn gate_opened(&mut self, clock: Clock, pair: &Pair, opened: Result<(), String>) {
        let Some(local) = self.groups.get_mut(&pair.group) else { return };
        let Some(open) = &mut local.opened else { return };
        if open.generation != pair.generation || open.phase != Phase::Opening {
            return;
        }
        let waiting = std::mem::take(&mut local.waiting);
        match opened {
            Ok(()) => {
                open.phase = Phase::Open;
                for one in waiting {
                    self.call(&pair.group, &one, Verb::Online);
                }
            }
            Err(why) => {
                for one in waiting {
                    self.fail(clock, &pair.group, &one, true, format!("its gate cannot be opened: {why}"));
                }
                if let Some(local) = self.groups.get_mut(&pair.group) {
                    // Nothing of it was started.
                    local.opened = Some(Opened { generation: pair.generation, phase: Phase::Closing });
                    local.settle_failed_starts();
                }
                self.wind_down(&pair.group);
            }
        }
        self.touch(&pair.group);
    }

    /// With the first lease of this life it is known what lives before it may have had: whatever they knew of
    /// was written when that lease was granted, and is applied here.
    fn inherit(&mut self, clock: Clock) {
        if self.inherited.is_none() && !self.holder.remaining(clock.boot).is_zero() {
            self.spent.clone_from(&self.held);
            self.inherited = Some(self.held.clone());
        }
    }

    /// What is released, here or perhaps by a life before this one, and still this node's as far as it knows:
    /// it is released once more, until the database has it. Whatever became of the first time, nobody gets the
    /// group before.
    fn give_back(&mut self, clock: Clock) {
        let over = |(group, generation): &(&GroupName, &Generation)| {
            let is_spent = self.spent.get(*group).is_some_and(|spent| spent >= *generation);
            let is_asked = self.released.get(*group).is_some_and(|at| at.plus(WRITTEN) > clock.boot);
            let is_here = |local: &Local| local.opened.is_some() || local.may_run();
            is_spent && !is_asked && !self.groups.get(*group).is_some_and(is_here)
        };
        let over: Vec<Pair> = self.held.iter().filter(over).map(pair).collect();
        for pair in over {
            self.released.insert(pair.group.clone(), clock.boot);
            self.closed(&pair);
        }
    }

    /// The deadlines of all that goes on are moved on.
    fn go_on(&mut self, clock: Clock) {
        self.inherit(clock);
        // What was found running, and is this node's, is opened as soon as there is a lease.
        let found: Vec<Pair> =
            self.held.iter().filter(|(name, _)| self.is_found_running(name)).map(pair).collect();
        for pair in found {
            if self.open(clock, &pair, true).is_err() {
                // Somebody else may know the deadline that it had, its monitor or its gate; this one knows
                // when it has passed at the latest.
                self.holder.adopt(clock.boot, pair, self.latest_of_before);
            }
        }
        for (pair, until) in self.holder.refresh(clock.boot) {
            let Some(local) = self.groups.get(&pair.group) else { continue };
            let (targets, up) = (local.targets(), local.addresses_up());
            self.effects.push(Effect::Renew { group: pair.group, targets, up, until });
        }
        self.give_back(clock);
    }

    fn is_found_running(&self, name: &GroupName) -> bool {
        let Some(local) = self.groups.get(name) else { return false };
        local.opened.is_none() && local.units.values().any(|unit| unit.state == State::Online)
    }

    /// What has to be closed is closed.
    fn expire(&mut self, clock: Clock) {
        for pair in self.holder.expire(clock.boot) {
            match self.groups.get_mut(&pair.group) {
                None => self.closed(&pair),
                Some(local) => {
                    let known = local
                        .opened
                        .get_or_insert(Opened { generation: pair.generation, phase: Phase::Open });
                    if known.generation == pair.generation && known.phase != Phase::Closing {
                        known.phase = Phase::Closing;
                        local.waiting.clear();
                        let targets = local.targets();
                        self.effects.push(Effect::CloseGate(targets));
                        self.touch(&pair.group);
                    }
                    self.wind_down(&pair.group);
                }
            }
        }
    }

    /// Opens a group, or sees that it is open. Whether its gates are open already.
    fn open(&mut self, clock: Clock, pair: &Pair, found: bool) -> Result<bool, Refused> {
        let local = self.known(&pair.group)?;
        match local.opened {
            Some(Opened { generation, phase: Phase::Open })
                if generation == pair.generation && local.may_run() =>
            {
                Ok(true)
            }
            Some(Opened { generation, phase: Phase::Opening }) if generation == pair.generation => Ok(false),
            Some(Opened { generation, phase }) if generation != pair.generation || phase != Phase::Open => {
                Err(Refused::NotNow(format!("{} is being stopped here", pair.group)))
            }
            // Open, and nothing of it runs: it is opened anew. While this process did nothing, the monitors
            // may have seen the deadline pass, and a deadline that has passed is not prolonged.
            opened => {
                let (targets, stops) = (local.targets(), local.stops());
                if !self.keeps_its_word {
                    return Err(Refused::NotNow(
                        "the cluster is yet to hear what guards this node".to_owned(),
                    ));
                }
                if opened.is_none() {
                    self.not_spent(pair, found)?;
                }
                let until = self.holder.open(clock.boot, pair)?;
                let local = self.known(&pair.group)?;
                local.opened = Some(Opened { generation: pair.generation, phase: Phase::Opening });
                self.effects.push(Effect::OpenGate { pair: pair.clone(), targets, until, found, stops });
                self.touch(&pair.group);
                Ok(false)
            }
        }
    }

    /// What was released is over; what a life before this one had goes on if it was found running.
    fn not_spent(&mut self, pair: &Pair, found: bool) -> Result<(), Refused> {
        let inherited = self.inherited.as_mut().filter(|_| found);
        if inherited.and_then(|inherited| inherited.remove(&pair.group)) == Some(pair.generation) {
            return Ok(());
        }
        match self.spent.get(&pair.group).is_some_and(|spent| *spent >= pair.generation) {
            true => Err(Refused::NotNow(format!("{pair} is given back by this node"))),
            false => Ok(()),
        }
    }

    /// Closes a group of which nothing runs.
    fn closed(&mut self, pair: &Pair) {
        let targets = match self.groups.get_mut(&pair.group) {
            Some(local) => {
                local.opened = None;
                local.units.values_mut().for_each(|unit| unit.has_run = false);
                local.primary = false;
                local.targets()
            }
            None => Vec::new(),
        };
        self.holder.closed(pair);
        let spent = self.spent.entry(pair.group.clone()).or_default();
        *spent = pair.generation.max(*spent);
        if let Some(inherited) = &mut self.inherited {
            inherited.remove(&pair.group);
        }
        self.effects.push(Effect::Closed { group: pair.group.clone(), targets });
        self.effects.push(Effect::Release(pair.clone()));
        self.touch(&pair.group);
    }

    fn release(&mut self, pair: &Pair) -> Result<(), Refused> {
        let local = self.known(&pair.group)?;
        if let Some((name, unit)) = local.units.iter().find(|(_, unit)| unit.state.may_run()) {
            let (group, state) = (&pair.group, local::word(unit.state));
            return Err(Refused::NotNow(format!("{group}/{name} is {state} here")));
        }
        match local.opened {
            Some(opened) if opened.generation != pair.generation => {
                Err(Refused::NotNow(format!("{} is open in another generation", pair.group)))
            }
            _ => {
                self.closed(pair);
                Ok(())
            }
        }
    }

    /// Stops all of a group, what nothing needs first; once nothing is left, closes it.
    fn wind_down(&mut self, group: &GroupName) {
        let Some(local) = self.groups.get(group) else { return };
        let Some(opened) = local.opened else { return };
        let next = local.next_to_stop();
        if next.is_empty() && !local.may_run() {
            let pair = Pair { group: group.clone(), generation: opened.generation };
            self.closed(&pair);
            return;
        }
        for one in next {
            // It is known here.
            let _ = self.stop(group, &one);
        }
    }

    fn known(&mut self, group: &GroupName) -> Result<&mut Local, Refused> {
        self.groups.get_mut(group).ok_or_else(|| Refused::Unknown(group.to_string()))
    }

    fn touch(&mut self, group: &GroupName) {
        self.number += 1;
        if let Some(local) = self.groups.get_mut(group) {
            local.changed = self.number;
        }
    }
}

fn pair((group, generation): (&GroupName, &Generation)) -> Pair {
    Pair { group: group.clone(), generation: *generation }
}
