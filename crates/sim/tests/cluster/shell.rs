//! A node's daemon: what `daemon::running` does around the runner, and who gets which message.

use crate::broken::Broken;
use crate::cluster::{id, index};
use crate::database::{SimEngine, Waiting};
use crate::leading::Leading;
use crate::net::{Message, NETWORKS};
use crate::world::{Event, World};
use execution::{Effect, Order, Runner, Sequel};
use lease::Voter;
use membership::peers::PeerTable;
use model::stored::{Actor, ClusterState, Command, Heartbeat, LeaseGrant, Outcome, Proposal};
use model::{Generation, GroupName, Incarnation, Moment, RequestId, Revision};
use planner::Action;
use resource_api::{ResourceId, Verb};
use sim::runtime::Process;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// As in the daemon: what has not changed is told again so often.
const ANYWAY: Duration = Duration::from_secs(1);

/// As in the daemon: how long the leader may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// As in the daemon: how long one attempt at a write may take, and when it is tried again.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(500);

/// As in the daemon: how long an order waits for the database to arrive.
const APPLIED: Duration = Duration::from_secs(2);

/// Who waits for the outcome of a proposal.
#[derive(Debug, Clone)]
pub(crate) enum Asker {
    Executor,
    Node(usize),
}

/// Something that a node writes about itself, until it is written.
struct Write {
    proposal: Arc<Proposal>,
    failure: Option<(GroupName, execution::FailureSeen)>,
    again: Moment,
}

/// An order that waits for the database.
struct Ordered {
    until: Moment,
    from: usize,
    order: Order,
    number: u64,
}

#[derive(Default)]
struct Telling {
    /// Whom we told last, and up to which number.
    told: Option<(usize, u64)>,
    under_way: Option<UnderWay>,
    said: Moment,
}

#[derive(Clone, Copy)]
struct UnderWay {
    number: u64,
    leader: usize,
    report: u64,
    sent: Moment,
}

/// A daemon in one life.
pub(crate) struct Daemon {
    pub(crate) life: u64,
    pub(crate) up: bool,
    pub(crate) frozen_until_us: u64,
    /// While it is open.
    pub(crate) engine: Option<SimEngine>,
    /// What the database shows, and the term of its latest entry.
    pub(crate) state: Arc<ClusterState>,
    pub(crate) entry_term: u64,
    /// What this node has, as of the latest revision that was shown to this life. A database that is opened
    /// again shows older ones at first.
    held: (Revision, BTreeMap<GroupName, Generation>),
    pub(crate) voter: Voter,
    pub(crate) runner: Runner,
    /// Until when this life feeds the watchdog, and whether it has.
    pub(crate) fed_until: Moment,
    pub(crate) has_fed: bool,
    pub(crate) peers: PeerTable,
    pub(crate) clocks: lease::Clocks,
    pub(crate) leading: Leading,
    pub(crate) waiting: Waiting,
    /// The latest life that was heard of, by node; and that asked for something.
    lives: Vec<u64>,
    pub(crate) asked_by: Vec<u64>,
    sequence: u64,
    ticked: Moment,
    decided: Moment,
    telling: Telling,
    writes: Vec<Write>,
    orders: Vec<Ordered>,
}

fn incarnation(life: u64) -> Incarnation {
    Incarnation(life.to_be_bytes())
}

impl Daemon {
    /// Whoever asked for something here, and has no answer yet, goes home.
    pub(crate) fn gives_up(&mut self) {
        self.writes.retain(|write| !matches!(write.proposal.actor, Actor::Local { .. }));
    }

    pub(crate) fn new(node: usize, nodes: usize, world: &World) -> Self {
        let now = world.machines[node].clock.now(world.now_us);
        let mut peers = PeerTable::new(world.timers.silence);
        let others = (0..nodes).filter(|other| *other != node).map(|other| (id(other), NETWORKS));
        peers.set_members(&others.collect());
        Self {
            life: 1,
            up: true,
            frozen_until_us: 0,
            engine: None,
            state: Arc::default(),
            entry_term: 0,
            held: Default::default(),
            voter: Voter::new(now),
            runner: Runner::new(id(node), incarnation(1), world.settings, now),
            fed_until: Moment::default(),
            has_fed: false,
            peers,
            clocks: lease::Clocks::new(lease::settings::DRIFT_PPM),
            leading: Leading::default(),
            waiting: Waiting::new(),
            lives: vec![0; nodes],
            asked_by: vec![0; nodes],
            sequence: 0,
            ticked: now,
            decided: now,
            telling: Telling::default(),
            writes: Vec::new(),
            orders: Vec::new(),
        }
    }
}

impl World {
    /// A daemon starts, with what is on its disk.
    pub(crate) fn begin_life(&mut self, node: usize) {
        let now = self.now(node);
        let (broken, lives) = (self.broken, self.daemons[node].life);
        let life = if broken == Broken::SameLife { 1 } else { lives };
        let daemon = &mut self.daemons[node];
        daemon.runner = Runner::new(id(node), incarnation(life), self.settings, now);
        if broken == Broken::RestartedVoterForgets {
            daemon.voter = Voter::new(Moment::default());
        }
        daemon.ticked = now;
        if broken == Broken::AdoptedForGood {
            self.prolong_what_stands(node);
        }
        self.begin_feeding(node);
        self.wakes_up(node);
        let first = self.now_us + self.dice.within(100, 20_000);
        self.push_daemon(first, node, Event::Tick);
    }

    fn prolong_what_stands(&mut self, node: usize) {
        let until = self.now(node).plus(self.timers.lease);
        for target in crate::broken::all_targets(&self.spec) {
            if self.is_gate_open(node, &target) {
                self.open_gate(node, &target, until);
            }
        }
    }

    /// The loop of heartbeats.
    pub(crate) fn tick(&mut self, node: usize) {
        let now = self.now(node);
        let beat_us = u64::try_from(self.timers.heartbeat.as_micros()).unwrap();
        let next = self.now_us + beat_us + self.dice.within(0, beat_us / 50);
        self.push_daemon(next, node, Event::Tick);
        let daemon = &mut self.daemons[node];
        if now.since(daemon.ticked) > self.timers.heartbeat * 2 {
            // We were stalled, not they.
            daemon.peers.forgive(now);
        }
        daemon.ticked = now;
        daemon.sequence += 1;
        let (sequence, life) = (daemon.sequence, daemon.life);
        let clock = self.clock(node);
        let beat = Heartbeat {
            node: id(node),
            incarnation: incarnation(life),
            network: 0,
            sequence,
            clock: clock.wall,
            boot: now,
        };
        self.send_beats(node, beat);
        let request = self.with(node, |runner| runner.beat(clock));
        if let Some(leader) = self.leader(node) {
            self.say(node, leader, Message::Request(request));
        }
        self.daemons[node].peers.tick(now);
        self.authority_applies(node);
        self.grant(node);
        self.write_down(node);
        self.follow_orders(node);
        self.tell(node);
        self.look(node);
    }

    /// Gives news to the runner, and carries out what follows; it may be frozen between the two.
    pub(crate) fn with<R>(&mut self, node: usize, news: impl FnOnce(&mut Runner) -> R) -> R {
        let result = news(&mut self.daemons[node].runner);
        self.follow(node);
        let effects = self.daemons[node].runner.effects();
        let now = self.now(node);
        if !effects.is_empty() && self.is_bad() && self.dice.per_mille(2) {
            let freeze = self.dice.within(1_000, 3_000_000);
            self.freeze(node, freeze);
        }
        let thaws = self.daemons[node].frozen_until_us;
        if thaws > self.now_us {
            // All that is decided before the freeze is felt comes after it, in its order.
            self.push_daemon(thaws, node, Event::CarryOut(now, effects));
        } else {
            self.carry_out(node, now, effects);
        }
        result
    }

    /// The daemon does nothing for so long; its machine goes on.
    pub(crate) fn freeze(&mut self, node: usize, for_us: u64) {
        let until = &mut self.daemons[node].frozen_until_us;
        *until = (self.now_us + for_us).max(*until);
        Process::freeze(node as u64, Duration::from_micros(*until));
    }

    pub(crate) fn carry_out(&mut self, node: usize, decided: Moment, mut effects: Vec<Effect>) {
        self.daemons[node].decided = decided;
        while !effects.is_empty() {
            let mut left = effects.into_iter();
            while let Some(effect) = left.next() {
                self.carry_out_one(node, effect);
                let thaws = self.daemons[node].frozen_until_us;
                if thaws > self.now_us {
                    // In the middle of it: the rest comes after it.
                    self.push_daemon(thaws, node, Event::CarryOut(decided, left.collect()));
                    return;
                }
            }
            self.follow(node);
            effects = self.daemons[node].runner.effects();
        }
        self.tell(node);
    }

    fn carry_out_one(&mut self, node: usize, effect: Effect) {
        if !matches!(effect, Effect::Renew { .. } | Effect::Watch(..) | Effect::Open(_)) {
            self.tell_people(node, || format!("{effect:?}"));
        }
        match effect {
            Effect::Open(_) | Effect::Forget(_) => {}
            Effect::Watch(id, on) => {
                let resource = self.resource(&id);
                self.watch(node, resource, on);
            }
            Effect::Call { call, id, verb, within, .. } => {
                if verb == Verb::Offline && self.broken == Broken::ReleasedBeforeStopped {
                    self.release_early(node, &id.group);
                }
                self.call(node, call, id, verb, within);
            }
            Effect::Cancel(call) => self.machines[node].monitor.cancel(call),
            Effect::OpenGate { pair, targets, until, found, .. } if self.timeouts && !targets.is_empty() => {
                self.lease(node, &pair.group, until);
                for target in &targets {
                    self.opens_in_time(node, &pair, target, until, found);
                }
            }
            Effect::Renew { group, targets, until, .. } if self.timeouts => {
                targets.iter().for_each(|target| self.renews_in_time(node, target, until));
                self.prolong(node, &group, until);
            }
            Effect::OpenGate { pair, targets, until, found, .. } => {
                let until = self.written(node, until);
                self.lease(node, &pair.group, until);
                for target in &targets {
                    if !(found && self.is_gate_open(node, target)) {
                        self.close_gate(node, target);
                    }
                    self.open_gate(node, target, until);
                }
                let fails = self.is_bad() && self.dice.per_mille(10);
                let opened = if fails { Err("no room".to_owned()) } else { Ok(()) };
                let clock = self.clock(node);
                self.daemons[node].runner.gate_opened(clock, &pair, opened);
            }
            Effect::Renew { group, targets, until, .. } => {
                let until = self.written(node, until);
                targets.iter().for_each(|target| self.open_gate(node, target, until));
                self.prolong(node, &group, until);
            }
            Effect::CloseGate(targets) => targets.iter().for_each(|target| self.close_gate(node, target)),
            Effect::Closed { group, targets } => {
                targets.iter().for_each(|target| self.close_gate(node, target));
                self.machines[node].monitor.unlease(&group);
            }
            Effect::Release(pair) => {
                let command =
                    Command::Release { node: id(node), copies: vec![(pair.group, pair.generation)] };
                self.write_soon(node, command, None);
            }
            Effect::Record(group, failure) => {
                let execution::FailureSeen { resource, at_start, reason, .. } = failure.clone();
                let command = Command::RecordFailure {
                    group: group.clone(),
                    resource,
                    node: id(node),
                    at_start,
                    reason,
                };
                self.write_soon(node, command, Some((group, failure)));
            }
        }
    }

    /// What is written for a deadline; where something is broken, not what was decided.
    fn written(&self, node: usize, until: Moment) -> Moment {
        let now = self.now(node);
        match self.broken {
            Broken::FromReceipt if until > now => now.plus(self.timers.lease),
            Broken::RelativeDeadline => now.plus(until.since(self.daemons[node].decided)),
            _ => until,
        }
    }

    fn release_early(&mut self, node: usize, group: &GroupName) {
        let held = self.daemons[node].state.copies_of(id(node));
        if let Some(generation) = held.get(group) {
            let copies = vec![(group.clone(), *generation)];
            self.write_soon(node, Command::Release { node: id(node), copies }, None);
        }
    }

    pub(crate) fn proposal(&mut self, node: usize, command: Command, at: model::Timestamp) -> Arc<Proposal> {
        let mut request = [0; 16];
        request[..8].copy_from_slice(&self.dice.next().to_be_bytes());
        request[8..].copy_from_slice(&self.dice.next().to_be_bytes());
        let actor = Actor::Node(format!("n{}", node + 1).parse().unwrap());
        Arc::new(Proposal { request: RequestId(request), at, actor, command })
    }

    fn write_soon(
        &mut self,
        node: usize,
        command: Command,
        failure: Option<(GroupName, execution::FailureSeen)>,
    ) {
        let at = failure.as_ref().map_or(self.clock(node).wall, |(_, failure)| failure.at);
        let proposal = self.proposal(node, command, at);
        self.daemons[node].writes.push(Write { proposal, failure, again: Moment::default() });
        self.write_down(node);
    }

    /// What an administrator has asked of this node.
    pub(crate) fn write_of_somebody(&mut self, node: usize, command: Command) {
        let at = self.clock(node).wall;
        let mut proposal = (*self.proposal(node, command, at)).clone();
        proposal.actor = Actor::Local { node: format!("n{}", node + 1).parse().unwrap(), uid: 0 };
        let proposal = Arc::new(proposal);
        self.daemons[node].writes.push(Write { proposal, failure: None, again: Moment::default() });
        self.write_down(node);
    }

    /// What is not written yet is proposed, to whoever leads.
    fn write_down(&mut self, node: usize) {
        let now = self.now(node);
        let Some(leader) = self.leader(node) else { return };
        let due = self.daemons[node].writes.iter_mut().filter(|write| write.again <= now);
        let mut proposals = Vec::new();
        for write in due {
            write.again = now.plus(ATTEMPT);
            proposals.push(write.proposal.clone());
        }
        for proposal in proposals {
            self.say(node, leader, Message::Propose(proposal));
        }
    }

    fn decided(&mut self, node: usize, request: RequestId, outcome: Option<&Outcome>) {
        let now = self.now(node);
        let writes = &mut self.daemons[node].writes;
        let Some(place) = writes.iter().position(|write| write.proposal.request == request) else { return };
        if outcome.is_none() {
            writes[place].again = now.plus(AGAIN);
            return;
        }
        if let Some((group, failure)) = writes.remove(place).failure {
            self.with(node, |runner| runner.recorded(&group, &failure));
        }
    }

    /// A database has been opened, or a daemon begins to live with one that is open.
    pub(crate) fn wakes_up(&mut self, node: usize) {
        if self.applied_here(node).0.cluster.is_some() {
            self.database_changed(node);
        }
    }

    /// The database has changed here.
    pub(crate) fn database_changed(&mut self, node: usize) {
        if !self.founded {
            return;
        }
        let clock = self.clock(node);
        let (state, entry_term) = self.applied_here(node);
        let daemon = &mut self.daemons[node];
        (daemon.state, daemon.entry_term) = (state.clone(), entry_term);
        if state.revision >= daemon.held.0 {
            daemon.held = (state.revision, state.copies_of(id(node)));
        }
        let (held, following) = (state.copies_of(id(node)), state.following(id(node)));
        let (revision, spec) = (state.revision, self.spec.clone());
        self.with(node, |runner| runner.applied(clock, revision, &spec, held, following));
        self.authority_applies(node);
        self.follow_orders(node);
        self.wake(node);
    }

    pub(crate) fn answered_call(&mut self, node: usize, call: u64, outcome: &resource_api::Outcome) {
        let clock = self.clock(node);
        self.tell_people(node, || format!("call {call}: {outcome}"));
        self.with(node, |runner| runner.outcome(clock, call, outcome));
    }

    pub(crate) fn heard_of(&mut self, node: usize, id: &ResourceId, outcome: &resource_api::Outcome) {
        let clock = self.clock(node);
        self.tell_people(node, || format!("noticed {id}: {outcome}"));
        self.with(node, |runner| runner.noticed(clock, id, outcome));
    }

    fn granted(&mut self, node: usize, grant: &LeaseGrant) {
        let clock = self.clock(node);
        self.with(node, |runner| runner.granted(clock, grant));
    }

    /// An order has come. It waits for what its leader had applied.
    fn ordered(&mut self, node: usize, from: usize, order: Order, number: u64) {
        let until = self.now(node).plus(APPLIED);
        if self.leader(node).is_some_and(|leader| leader != from) {
            self.say(node, from, Message::Ordered { answer: None, number });
            return;
        }
        self.daemons[node].orders.push(Ordered { until, from, order, number });
        self.follow_orders(node);
    }

    fn follow_orders(&mut self, node: usize) {
        let now = self.now(node);
        let daemon = &mut self.daemons[node];
        let is_due = |one: &Ordered| one.order.revision <= daemon.state.revision || one.until <= now;
        let (due, later) = std::mem::take(&mut daemon.orders).into_iter().partition(is_due);
        daemon.orders = later;
        for Ordered { from, order, number, .. } in due {
            let answer = self.follow_order(node, order);
            self.say(node, from, Message::Ordered { answer, number });
        }
    }

    fn follow_order(&mut self, node: usize, order: Order) -> Option<(Incarnation, u64)> {
        let held = self.daemons[node].held.1.get(&order.group).copied();
        let ordered = order.generation;
        let stops = matches!(order.action, Action::Stop | Action::Probe);
        let order = match held {
            Some(generation) if self.broken == Broken::OrdersOfAnyGeneration => Order { generation, ..order },
            _ => order,
        };
        let clock = self.clock(node);
        let answer = self.with(node, |runner| runner.order(clock, &order));
        self.tell_people(node, || format!("order {order:?}: {answer:?}"));
        let report = answer.ok()?;
        self.oracle.followed(self.now_us, ordered, held, stops);
        Some((incarnation(self.daemons[node].life), report))
    }

    /// Tells the leader what runs here: at once when it has changed, and from time to time when not.
    fn tell(&mut self, node: usize) {
        let now = self.now(node);
        let Some(leader) = self.leader(node) else { return };
        let daemon = &mut self.daemons[node];
        let telling = &mut daemon.telling;
        if let Some(under_way) = telling.under_way {
            if now.since(under_way.sent) < LIMIT && under_way.leader == leader {
                return;
            }
            *telling = Telling::default();
        }
        let since = telling.told.filter(|(whom, _)| *whom == leader).map_or(0, |(_, number)| number);
        if since == daemon.runner.number() && now.since(telling.said) < ANYWAY {
            return;
        }
        let report = daemon.runner.report(since);
        let number = self.dice.next();
        telling.said = now;
        telling.under_way = Some(UnderWay { number, leader, report: report.number, sent: now });
        self.say(node, leader, Message::Report { report, number });
    }

    fn report_known(&mut self, node: usize, sequel: Sequel, number: u64) {
        let telling = &mut self.daemons[node].telling;
        let Some(under_way) = telling.under_way.take_if(|under_way| under_way.number == number) else {
            return;
        };
        telling.told = (sequel == Sequel::Known).then_some((under_way.leader, under_way.report));
        self.tell(node);
    }

    /// Whether a message of that life is listened to.
    fn listens(&mut self, node: usize, from: usize, life: u64) -> bool {
        let known = &mut self.daemons[node].lives[from];
        *known = life.max(*known);
        *known == life || self.broken == Broken::OldLivesAreHeard
    }

    pub(crate) fn receive(
        &mut self,
        node: usize,
        from: usize,
        life: u64,
        to_life: Option<u64>,
        message: Message,
    ) {
        let for_another = to_life.is_some_and(|life| life != self.daemons[node].life);
        if for_another || !self.listens(node, from, life) {
            return;
        }
        self.daemons[node].asked_by[from] = life;
        match message {
            Message::Beat(beat) => self.heard(node, &beat),
            Message::Request(request) => self.requested(node, request),
            Message::Grant(grant) => self.granted(node, &grant),
            Message::Report { report, number } => self.reported(node, from, report, number),
            Message::Reported { sequel, number } => self.report_known(node, sequel, number),
            Message::Order { order, number } => self.ordered(node, from, order, number),
            Message::Ordered { answer, number } => self.answered_order(node, number, answer),
            Message::Propose(proposal) => self.proposed(node, from, proposal),
            Message::Decided { request, outcome } => self.decided(node, request, outcome.as_ref()),
            Message::StartEarly(group) => self.start_early(node, &group),
        }
    }

    fn proposed(&mut self, node: usize, from: usize, proposal: Arc<Proposal>) {
        let request = proposal.request;
        if self.propose(node, proposal, ATTEMPT) {
            self.daemons[node].waiting.insert(request, Asker::Node(from));
        } else {
            self.say(node, from, Message::Decided { request, outcome: None });
        }
    }

    fn heard(&mut self, node: usize, beat: &Heartbeat) {
        let clock = self.clock(node);
        self.daemons[node].clocks.observe(clock.boot, beat.node, beat.incarnation, beat.boot);
        let changes = self.daemons[node].peers.heard(clock.boot, clock.wall, beat);
        if !changes.is_empty() {
            self.wake(node);
        }
        debug_assert_ne!(index(beat.node), node);
    }

    /// Only where something is broken: everything of a group is started, before anything is committed.
    fn start_early(&mut self, node: usize, group: &GroupName) {
        let spec = self.spec.clone();
        let until = self.now(node).plus(self.timers.lease);
        for one in &spec.group(group).unwrap().resources {
            let id = ResourceId { group: group.clone(), resource: one.name.clone() };
            let resource = self.resource(&id);
            self.set_runs(node, resource, true);
        }
        for target in crate::broken::targets(&spec, group) {
            self.open_gate(node, &target, until);
        }
        self.lease(node, group, until);
    }
}

/// What is asked and not answered yet, by number.
pub(crate) type Asked<T> = BTreeMap<u64, (Moment, T)>;
