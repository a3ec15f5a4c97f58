//! The daemon's part: what the crate's documentation asks of whoever drives it, around a replicated log.
//!
//! What a daemon does on hearing something is worked out at once and carried out a little later, in order,
//! so that it can be frozen between the two.

use crate::raft::{Command, Database, Disk, id};
use crate::world::{
    Broken, DRIFT_PPM, Event, GROUPS, HEALED_US, HEARTBEAT_US, Message, NODES, World, descending,
};
use lease::authority::Applied;
use lease::{Authority, Clocks, Granted, Holder, Mark, Pair, Settings, Stage, Takeover, Voter};
use model::stored::LeaseRequest;
use model::{Generation, GroupName, Incarnation, Moment};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const LEASE: Duration = Duration::from_millis(1_400);

const SUSPICION: Duration = Duration::from_millis(250);

/// Something worked out and still to be done.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Send(usize, Message),
    Write(usize, Moment, Moment),
    Close(Pair),
}

/// A leader's own.
pub(crate) struct Leads {
    authority: Authority,
    matched: [usize; NODES],
    /// The latest mark that each voter has sent back.
    marks: [u64; NODES],
    heard: [Moment; NODES],
}

/// A daemon in one life, with the disk that outlives it.
pub(crate) struct Shell {
    pub(crate) life: u64,
    pub(crate) up: bool,
    disk: Disk,
    database: Database,
    commit: usize,
    holder: Holder,
    voter: Voter,
    clocks: Clocks,
    leader: Option<usize>,
    leads: Option<Leads>,
    votes: BTreeSet<usize>,
    /// When a leader was last heard, or an election called; and how long this one is waited for.
    quiet: (Moment, Duration),
    closing: BTreeSet<Pair>,
    /// When its loop last looked at its clock.
    looked: Moment,
    effects_until_us: u64,
}

pub(crate) fn name(group: usize) -> GroupName {
    format!("g{group}").parse().unwrap()
}

pub(crate) fn pair(group: usize, generation: Generation) -> Pair {
    Pair { group: name(group), generation }
}

fn index(pair: &Pair) -> usize {
    (0..GROUPS).find(|group| name(*group) == pair.group).unwrap()
}

fn incarnation(life: u64) -> Incarnation {
    Incarnation(life.to_be_bytes())
}

impl Shell {
    pub(crate) fn new(node: usize, now: Moment, settings: Settings) -> Self {
        Self {
            life: 1,
            up: true,
            disk: Disk::default(),
            database: Database::default(),
            commit: 0,
            holder: Holder::new(id(node), incarnation(1), settings),
            voter: Voter::new(now),
            clocks: Clocks::new(u32::try_from(DRIFT_PPM).unwrap()),
            leader: None,
            leads: None,
            votes: BTreeSet::new(),
            quiet: (now, Duration::from_millis(200)),
            closing: BTreeSet::new(),
            looked: now,
            effects_until_us: 0,
        }
    }
}

impl World {
    pub(crate) fn begin_life(&mut self, node: usize) {
        let (now, settings) = (self.now(node), self.settings);
        let shell = &mut self.shells[node];
        let (disk, life) = (std::mem::take(&mut shell.disk), shell.life);
        *shell = Shell { disk, life, ..Shell::new(node, now, settings) };
        // What is committed is on the disk, but how far is not known before a leader says so.
        let life = if self.broken == Broken::SameLife { 1 } else { life };
        shell.holder = Holder::new(id(node), incarnation(life), settings);
        if self.broken == Broken::RestartedVoterForgets {
            shell.voter = Voter::new(Moment::default());
        }
        for group in 0..GROUPS {
            // The gate's map says which generation it was opened for.
            let Some(deadline) = self.referee.deadline(node, group) else { continue };
            let generation = self.gate_generations[node][group];
            self.shells[node].holder.adopt(now, pair(group, generation), deadline);
            if self.broken == Broken::AdoptedForGood {
                self.effect(node, Effect::Write(group, now.plus(LEASE), now));
            }
        }
    }

    pub(crate) fn now(&self, node: usize) -> Moment {
        self.clocks[node].now(self.now_us)
    }

    fn effect(&mut self, node: usize, effect: Effect) {
        let soon = self.now_us + self.dice.within(5, 300);
        if self.broken == Broken::WritesOutOfOrder && matches!(effect, Effect::Write(..)) {
            let late = soon + self.dice.within(0, 400_000);
            self.push(late, node, self.shells[node].life, Event::Effect(effect));
            return;
        }
        let at = self.shells[node].effects_until_us.max(soon);
        self.shells[node].effects_until_us = at;
        self.push(at, node, self.shells[node].life, Event::Effect(effect));
    }

    fn say(&mut self, node: usize, to: usize, message: Message) {
        self.effect(node, Effect::Send(to, message));
    }

    pub(crate) fn daemon(&mut self, node: usize, event: Event) {
        match event {
            Event::Tick => self.tick(node),
            Event::Look => self.lead(node),
            Event::Receive(from, message) => self.receive(node, from, message),
            Event::Effect(effect) => self.carry_out(node, effect),
            Event::Restart { .. } | Event::Fault => {}
        }
    }

    fn carry_out(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Send(to, message) => self.send(node, to, message),
            Effect::Write(group, deadline, worked_out) => {
                let late = self.broken == Broken::RelativeGate;
                let now = self.now(node);
                let deadline = if late { now.plus(deadline.since(worked_out)) } else { deadline };
                self.referee.write(self.now_us, node, group, Some(deadline), &self.clocks);
            }
            Effect::Close(pair) => {
                self.referee.write(self.now_us, node, index(&pair), None, &self.clocks);
                let shell = &mut self.shells[node];
                shell.closing.remove(&pair);
                shell.holder.closed(&pair);
                self.release(node, &pair);
            }
        }
    }

    fn release(&mut self, node: usize, pair: &Pair) {
        let ownership = self.shells[node].database.groups[index(pair)];
        let mine = ownership.owner == id(node) && ownership.generation == pair.generation;
        if let Some(leader) = self.shells[node].leader.filter(|_| mine && ownership.stage == Stage::Revoked) {
            self.say(node, leader, Message::Propose(Command::Release(index(pair), pair.generation)));
        }
    }

    fn tick(&mut self, node: usize) {
        let now = self.now(node);
        let every = HEARTBEAT_US - self.dice.within(0, HEARTBEAT_US / 10);
        self.push(self.now_us + every, node, self.shells[node].life, Event::Tick);
        self.act(node);
        let shell = &mut self.shells[node];
        shell.looked = now;
        if shell.leads.is_some() {
            self.append(node);
            self.lead(node);
        } else if now.since(shell.quiet.0) > shell.quiet.1 {
            self.campaign(node);
        }
        let beat = Message::Beat { life: self.shells[node].life, clock: now };
        for other in (0..NODES).filter(|other| *other != node) {
            self.say(node, other, beat.clone());
        }
        let request = self.shells[node].holder.ask(now);
        if let Some(leader) = self.shells[node].leader {
            self.say(node, leader, Message::Request(request));
        }
    }

    /// As a holder: what has to be closed, prolonged and opened.
    fn act(&mut self, node: usize) {
        let now = self.now(node);
        for pair in self.shells[node].holder.expire(now) {
            if self.broken == Broken::ReleasedBeforeClosed {
                self.release(node, &pair);
            }
            if self.shells[node].closing.insert(pair.clone()) {
                self.effect(node, Effect::Close(pair));
            }
        }
        let mut writes = self.shells[node].holder.refresh(now);
        for group in 0..GROUPS {
            let ownership = self.shells[node].database.groups[group];
            if ownership.owner == id(node) && ownership.stage == Stage::Held {
                let pair = pair(group, ownership.generation);
                writes.extend(self.shells[node].holder.open(now, &pair).map(|deadline| (pair, deadline)));
            }
        }
        for (pair, mut deadline) in writes {
            if self.broken == Broken::FromReceipt {
                deadline = now.plus(LEASE);
            }
            self.gate_generations[node][index(&pair)] = pair.generation;
            self.effect(node, Effect::Write(index(&pair), deadline, now));
        }
    }

    fn campaign(&mut self, node: usize) {
        let patience = Duration::from_millis(self.dice.within(200, 500));
        let now = self.now(node);
        let shell = &mut self.shells[node];
        shell.quiet = (now, patience);
        shell.leader = None;
        shell.disk.term += 1;
        shell.disk.voted = Some(node);
        shell.votes = BTreeSet::from([node]);
        let message = Message::Vote { term: shell.disk.term, newest: shell.disk.newest() };
        for other in (0..NODES).filter(|other| *other != node) {
            self.say(node, other, message.clone());
        }
    }

    /// A higher term has been heard of.
    fn follow(&mut self, node: usize, term: u64) {
        let shell = &mut self.shells[node];
        if term > shell.disk.term {
            shell.disk.term = term;
            shell.disk.voted = None;
            shell.leads = None;
            shell.leader = None;
            shell.votes.clear();
        }
    }

    fn receive(&mut self, node: usize, from: usize, message: Message) {
        match message {
            Message::Vote { term, newest } => {
                self.follow(node, term);
                let now = self.now(node);
                let shell = &mut self.shells[node];
                let free = shell.disk.voted.is_none_or(|voted| voted == from);
                if term == shell.disk.term && free && newest >= shell.disk.newest() {
                    shell.disk.voted = Some(from);
                    shell.quiet.0 = now;
                    self.say(node, from, Message::Voted { term });
                }
            }
            Message::Voted { term } => {
                let shell = &mut self.shells[node];
                if term == shell.disk.term && shell.leads.is_none() && !shell.votes.is_empty() {
                    shell.votes.insert(from);
                    if shell.votes.len() > NODES / 2 {
                        self.win(node);
                    }
                }
            }
            Message::Append { term, log, commit, mark } => {
                self.appended(node, from, term, &log, commit, mark);
            }
            Message::Appended { term, length, mark, evidence } => {
                self.answered(node, from, term, length, mark, evidence);
            }
            Message::Replaced { term } => self.follow(node, term),
            Message::Beat { life, clock } => {
                let now = self.now(node);
                self.shells[node].clocks.observe(now, id(from), incarnation(life), clock);
                self.lead(node);
            }
            Message::Request(request) => self.requested(node, request),
            Message::Grant(mut grant) => {
                if self.broken == Broken::RenewedAfterRevocation {
                    grant.as_of = model::Revision(0);
                }
                let now = self.now(node);
                if self.shells[node].holder.granted(now, &grant) != Granted::Useless {
                    self.act(node);
                }
            }
            Message::Propose(command) => self.propose(node, command),
            Message::Start(group) => {
                let now = self.now(node);
                self.effect(node, Effect::Write(group, now.plus(LEASE), now));
            }
        }
    }

    fn appended(
        &mut self,
        node: usize,
        from: usize,
        term: u64,
        log: &[(u64, Command)],
        commit: usize,
        mark: u64,
    ) {
        self.follow(node, term);
        let now = self.now(node);
        let shell = &mut self.shells[node];
        let current = shell.disk.term;
        if term < current {
            let both = self.broken == Broken::VoterAnswersBoth;
            let message = Message::Appended { term, length: 0, mark, evidence: None };
            self.say(node, from, if both { message } else { Message::Replaced { term: current } });
            return;
        }
        // The note comes before everything else.
        if shell.voter.hears(now, term).is_err() {
            return;
        }
        shell.leader = Some(from);
        shell.quiet.0 = now;
        shell.disk.take(log);
        shell.commit = shell.commit.max(commit.min(log.len()));
        let evidence = shell.voter.evidence(now, term);
        self.apply(node);
        self.say(node, from, Message::Appended { term, length: log.len(), mark, evidence });
    }

    fn answered(
        &mut self,
        node: usize,
        from: usize,
        term: u64,
        length: usize,
        mark: u64,
        evidence: Option<Duration>,
    ) {
        let now = self.now(node);
        let shell = &mut self.shells[node];
        let Some(leads) = shell.leads.as_mut().filter(|_| term == shell.disk.term) else { return };
        leads.matched[from] = leads.matched[from].max(length);
        leads.marks[from] = leads.marks[from].max(mark);
        leads.heard[from] = now;
        if let Some(age) = evidence {
            leads.authority.evidence(now, id(from), age);
        }
        let mut matched = leads.matched;
        matched[node] = shell.disk.log.len();
        matched.sort_unstable();
        let majority = matched[NODES - 1 - NODES / 2];
        if majority > shell.commit && shell.disk.log[majority - 1].0 == term {
            shell.commit = majority;
            self.apply(node);
        }
        self.grant(node);
    }

    /// What is committed is applied, and told to whoever it concerns.
    fn apply(&mut self, node: usize) {
        let shell = &mut self.shells[node];
        let commit = shell.commit.min(shell.disk.log.len());
        if commit <= shell.database.applied {
            return;
        }
        shell.database.apply(&shell.disk.log[..commit]);
        let database = &shell.database;
        let mine = |(_, ownership): &(usize, &lease::Ownership)| {
            ownership.owner == id(node) && ownership.stage == Stage::Held
        };
        let owned = database.groups.iter().enumerate().filter(mine);
        let owned = owned.map(|(group, ownership)| (name(group), ownership.generation)).collect();
        shell.holder.applied(database.revision, owned);
        self.authority_applies(node);
        self.act(node);
        self.lead(node);
    }

    fn authority_applies(&mut self, node: usize) {
        let shell = &mut self.shells[node];
        let Some(leads) = &mut shell.leads else { return };
        let groups: BTreeMap<_, _> = shell
            .database
            .groups
            .iter()
            .enumerate()
            .map(|(group, ownership)| (name(group), *ownership))
            .collect();
        let (entry_term, as_of) = (shell.database.entry_term, shell.database.revision);
        leads.authority.applied(Applied { entry_term, as_of, lease: LEASE, groups: &groups });
    }

    fn win(&mut self, node: usize) {
        let now = self.now(node);
        let shell = &mut self.shells[node];
        let everybody: BTreeSet<_> = (0..NODES).map(id).collect();
        let electorate =
            if self.broken == Broken::EvidenceOfOne { BTreeSet::from([id(node)]) } else { everybody };
        let won = if self.broken == Broken::NewLeaderDoesNotWait { Moment::default() } else { now };
        let authority = Authority::new(won, id(node), shell.disk.term, vec![electorate], &mut shell.voter);
        shell.leads = Some(Leads { authority, matched: [0; NODES], marks: [0; NODES], heard: [now; NODES] });
        shell.leader = Some(node);
        shell.votes.clear();
        shell.disk.log.push((shell.disk.term, Command::Nothing));
        self.append(node);
    }

    fn append(&mut self, node: usize) {
        let mark = self.clocks[node].ns(self.now_us);
        let shell = &self.shells[node];
        let message = Message::Append {
            term: shell.disk.term,
            log: shell.disk.log.clone(),
            commit: shell.commit,
            mark,
        };
        for other in (0..NODES).filter(|other| *other != node) {
            self.say(node, other, message.clone());
        }
    }

    fn requested(&mut self, node: usize, request: LeaseRequest) {
        let mut now = self.now(node);
        let mark = if self.broken == Broken::RoundBefore { 0 } else { self.clocks[node].ns(self.now_us) };
        if self.broken == Broken::ArrivalDatedEarly {
            now = self.shells[node].looked;
        }
        if let Some(leads) = &mut self.shells[node].leads {
            leads.authority.requested(now, Mark(mark), request);
        }
        self.grant(node);
    }

    fn grant(&mut self, node: usize) {
        let now = self.now(node);
        let shell = &mut self.shells[node];
        let Some(leads) = &mut shell.leads else { return };
        let others = (0..NODES).filter(|other| *other != node).map(|other| leads.marks[other]).collect();
        let answered = descending(others)[NODES / 2 - 1];
        let quorum = if self.broken == Broken::NoQuorum { u64::MAX } else { answered };
        for grant in leads.authority.grants(now, Mark(quorum), &mut shell.voter) {
            let to = usize::try_from(grant.request.node.0 - 1).unwrap();
            self.say(node, to, Message::Grant(grant));
        }
    }

    fn propose(&mut self, node: usize, command: Command) {
        let shell = &mut self.shells[node];
        let open = &shell.disk.log[shell.commit.min(shell.disk.log.len())..];
        let proposed = open.iter().any(|(_, other)| *other == command);
        if shell.leads.is_some() && !proposed {
            shell.disk.log.push((shell.disk.term, command));
            self.append(node);
        }
    }

    /// As a leader: who has been silent for too long loses what he had, and what is free is given away.
    fn lead(&mut self, node: usize) {
        let now = self.now(node);
        let witnesses: Vec<_> = (0..NODES).filter(|other| *other != node).map(id).collect();
        let witnesses = if self.broken == Broken::Nothing { &witnesses } else { &[][..] };
        for group in 0..GROUPS {
            let shell = &self.shells[node];
            let Some(leads) = &shell.leads else { return };
            let ownership = shell.database.groups[group];
            let owner = usize::try_from(ownership.owner.0 - 1).unwrap();
            // Far too early, so that much happens.
            let up = |other: usize| other == node || now.since(leads.heard[other]) < SUSPICION;
            match (
                ownership.stage,
                leads.authority.takeover(now, &name(group), self.wait, &shell.clocks, witnesses),
            ) {
                (Stage::Held, _) => {
                    let moved = self.now_us < HEALED_US && self.dice.percent(1);
                    if !up(owner) || moved {
                        self.propose(node, Command::Revoke(group, ownership.generation));
                    }
                }
                (_, Takeover::Now) => {
                    let ready: Vec<usize> = (0..NODES).filter(|other| up(*other)).collect();
                    let to = ready[usize::try_from(self.dice.within(0, ready.len() as u64)).unwrap()];
                    if self.broken == Broken::StartBeforeCommit {
                        self.say(node, to, Message::Start(group));
                    }
                    self.propose(node, Command::Own(group, ownership.generation, to));
                }
                (_, Takeover::At(at)) => {
                    let at_us = self.clocks[node].when(at);
                    // Nearer is what the next heartbeat is waited for, which looks again itself.
                    if at_us > self.now_us + HEARTBEAT_US / 8 && at_us < self.now_us + HEARTBEAT_US {
                        self.push(at_us + 1, node, self.shells[node].life, Event::Look);
                    }
                }
                (_, Takeover::Never(_)) => {}
            }
        }
    }
}
