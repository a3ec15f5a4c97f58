//! What each step does, with the rule that it would break beside it.

use crate::world::{A, B, Broken, H, Kind, LEASE, Leader, Log, State, Step, World, group, id, pair};
use lease::authority::Applied;
use lease::{Authority, Clocks, Granted, Mark, Takeover, Voter};
use model::stored::{LeaseGrant, LeaseRequest};
use model::{Generation, Moment};
use std::collections::BTreeMap;

impl World {
    /// Steps that may be possible; what is not, changes nothing.
    pub(crate) fn possible(&self, state: &State, steps: &mut Vec<Step>) {
        if self.over(state) {
            return;
        }
        if state.tick < self.end {
            steps.push(Step::Tick);
            if self.pauses && !state.paused {
                steps.push(Step::TickPaused);
            }
        }
        if self.kind == Kind::Gate || state.watched() {
            self.holders(state, steps);
        }
        for leader in [A, B].into_iter().filter(|leader| state.leaders[*leader].is_some()) {
            self.leaders(state, leader, steps);
        }
        if self.succession && state.leaders[B].is_none() {
            steps.extend([Step::Elect(A), Step::Elect(H)]);
        }
        if state.leaders[B].as_ref().is_some_and(|leads| leads.told == 0) {
            steps.extend([Step::Evidence(A), Step::Evidence(H)]);
        }
        if self.restarts && !state.restarted {
            steps.extend([Step::Restart(A), Step::Restart(H)]);
        }
    }

    /// Whether H cannot become effective any more, and what it did last has arrived.
    fn over(&self, state: &State) -> bool {
        let under_way = !state.requests.is_empty() || !state.grants.is_empty() || state.writing.is_some();
        let waits = state.leaders.iter().flatten().any(|leads| leads.waiting);
        let asks = state.asked < self.requests && state.tick <= self.asks_until;
        // Until a successor may have started all the same, to see that one can.
        let slack = if self.kind == Kind::Process { 4 } else { 2 };
        let recent = state.effective() || state.last_effect.is_some_and(|last| state.tick <= last + slack);
        !(under_way || waits || asks || recent || self.back)
    }

    fn holders(&self, state: &State, steps: &mut Vec<Step>) {
        if state.asked < self.requests && state.tick <= self.asks_until {
            steps.push(Step::Ask);
        }
        steps.extend(state.grants.iter().map(|grant| Step::Receive(*grant)));
        if state.writing.is_some() {
            steps.push(Step::Write);
        }
        if self.kind == Kind::Process {
            steps.push(if state.feeding { Step::Feed } else { Step::Check });
        }
        if state.holder_applied < state.log {
            steps.push(Step::HolderApplies);
        }
    }

    fn leaders(&self, state: &State, leader: usize, steps: &mut Vec<Step>) {
        let Some(leads) = &state.leaders[leader] else { return };
        steps.extend(state.requests.iter().map(|request| Step::Arrive(leader, *request)));
        // What nobody has asked for makes evidence later and grants nothing.
        if leads.rounds < self.rounds && leads.waiting {
            // Without a succession, who answers makes no difference.
            let answering = |other: &usize| *other != leader && (self.succession || *other == B);
            steps.extend([A, B, H].into_iter().filter(answering).map(|other| Step::Round(leader, other)));
        }
        if leads.waiting {
            steps.push(Step::Issue(leader));
        }
        if leads.applied != state.log {
            steps.push(Step::LeaderApplies(leader));
        }
        if state.log == Log::HeldByH {
            steps.push(Step::Revoke(leader));
        }
        if state.log <= Log::Revoked {
            steps.push(Step::Give(leader, false));
            if self.back {
                steps.push(Step::Give(leader, true));
            }
        }
    }

    /// Takes a step; whether it was possible.
    pub(crate) fn take(&self, state: &mut State, step: Step) -> bool {
        match step {
            Step::Tick => self.tick(state, false),
            Step::TickPaused => self.tick(state, true),
            Step::Restart(node) => self.restart(state, node),
            // However long it takes to send: as if it were under way for so long.
            Step::Ask => {
                state.asked += 1;
                let request = state.holder.ask(state.now(H));
                state.requests.push(request);
            }
            Step::Arrive(leader, request) => return self.arrive(state, leader, request),
            Step::Round(leader, voter) => return self.round(state, leader, voter),
            Step::Issue(leader) => return self.issue(state, leader),
            Step::Receive(grant) => self.receive(state, &grant),
            Step::Write => return self.write(state),
            Step::Check => state.feeding = state.holder.overdue(state.now(H)).next().is_none(),
            Step::Feed => {
                state.feeding = false;
                state.fed = state.now(H);
            }
            Step::HolderApplies => self.holder_applies(state),
            Step::LeaderApplies(leader) => {
                let (log, term) = (state.log, term_of(leader));
                let Some(leads) = &mut state.leaders[leader] else { return false };
                self.leader_applies(leads, log, term);
            }
            Step::Revoke(leader) => return self.revoke(state, leader),
            Step::Give(leader, back) => return self.give(state, leader, back),
            Step::Elect(voter) => return self.elect(state, voter),
            Step::Evidence(voter) => return self.evidence(state, voter),
        }
        true
    }

    fn tick(&self, state: &mut State, paused: bool) {
        if state.effective() {
            state.last_effect = Some(state.tick);
        }
        state.tick += 1;
        for node in [A, B, H] {
            state.clocks[node] += state.rates[node];
        }
        if paused {
            state.paused = true;
            state.clocks[H] -= state.rates[H];
        }
    }

    fn restart(&self, state: &mut State, node: usize) {
        let start =
            if self.broken == Broken::RestartedVoterForgets { Moment::default() } else { state.now(node) };
        state.voters[node] = Voter::new(start);
        // A leader's life ends with its daemon's.
        if node == A {
            state.leaders[A] = None;
        }
        state.restarted = true;
    }

    fn arrive(&self, state: &mut State, leader: usize, request: LeaseRequest) -> bool {
        let mut now = state.now(leader);
        let Some(leads) = &mut state.leaders[leader] else { return false };
        if self.broken == Broken::ArrivalDatedEarly {
            now = Moment(now.0.saturating_sub(std::time::Duration::from_millis(state.rates[leader])));
        }
        let mark = if self.broken == Broken::RoundBefore { 0 } else { leads.rounds };
        leads.authority.requested(now, Mark(mark), request);
        leads.waiting = true;
        state.requests.retain(|other| *other != request);
        true
    }

    fn round(&self, state: &mut State, leader: usize, voter: usize) -> bool {
        if !self.answers(state, leader, voter) {
            return false;
        }
        let Some(leads) = &mut state.leaders[leader] else { return false };
        leads.rounds += 1;
        leads.quorum = leads.rounds;
        true
    }

    /// Whether a voter answers a leader's message.
    fn answers(&self, state: &mut State, leader: usize, voter: usize) -> bool {
        let (term, now) = (term_of(leader), state.now(voter));
        if self.broken == Broken::VoterAnswersBoth {
            return true;
        }
        if term < state.terms[voter] || state.voters[voter].hears(now, term).is_err() {
            return false;
        }
        state.terms[voter] = term;
        true
    }

    fn issue(&self, state: &mut State, leader: usize) -> bool {
        let now = state.now(leader);
        let Some(leads) = &mut state.leaders[leader] else { return false };
        let quorum = if self.broken == Broken::NoQuorum { u64::MAX } else { leads.quorum };
        let grants = leads.authority.grants(now, Mark(quorum), &mut state.voters[leader]);
        leads.waiting &= grants.is_empty();
        state.grants.extend(&grants);
        !grants.is_empty()
    }

    fn receive(&self, state: &mut State, grant: &LeaseGrant) {
        let now = state.now(H);
        state.grants.retain(|other| other != grant);
        let mut grant = *grant;
        if self.broken == Broken::RenewedAfterRevocation {
            grant.as_of = model::Revision(0);
        }
        if let Granted::Until(_) = state.holder.granted(now, &grant) {
            self.act(state);
        }
    }

    fn holder_applies(&self, state: &mut State) {
        state.holder_applied = state.log;
        let owned = Self::groups(state.log)[&group()];
        let held = state.log != Log::Revoked && owned.owner == id(H);
        let owned: BTreeMap<_, Generation> =
            held.then_some((group(), owned.generation)).into_iter().collect();
        state.holder.applied(state.log.revision(), owned);
        self.act(state);
    }

    /// H's daemon does what its holder says.
    fn act(&self, state: &mut State) {
        let now = state.now(H);
        for pair in state.holder.expire(now) {
            state.gate = None;
            state.running = false;
            state.writing = None;
            state.holder.closed(&pair);
        }
        let owned = Self::groups(state.holder_applied)[&group()];
        let opened = state.holder.open(now, &pair(owned.generation.0));
        let refreshed = state.holder.refresh(now).first().map(|(_, deadline)| *deadline);
        let Some(mut deadline) = opened.ok().or(refreshed) else { return };
        if self.broken == Broken::FromReceipt {
            deadline = now.plus(LEASE);
        }
        state.writing = Some((deadline, now));
        // A deadline does not care when it is written; nothing else is worth the states.
        if self.kind == Kind::Gate && self.broken != Broken::RelativeGate {
            self.write(state);
        }
    }

    fn write(&self, state: &mut State) -> bool {
        let Some((deadline, worked_out)) = state.writing.take() else { return false };
        let now = state.now(H);
        match self.kind {
            Kind::Gate if self.broken == Broken::RelativeGate => {
                state.gate = Some(now.plus(deadline.since(worked_out)));
            }
            Kind::Gate => state.gate = Some(deadline),
            Kind::Process => state.running = true,
        }
        true
    }

    pub(crate) fn leader_applies(&self, leader: &mut Leader, log: Log, entry_term: u64) {
        leader.applied = log;
        let groups = Self::groups(log);
        leader.authority.applied(Applied {
            entry_term,
            as_of: log.revision(),
            lease: LEASE,
            groups: &groups,
        });
    }

    fn revoke(&self, state: &mut State, leader: usize) -> bool {
        let proposed = state.leaders[leader].as_ref().is_some_and(|leads| leads.applied == Log::HeldByH);
        if state.log != Log::HeldByH || !proposed {
            return false;
        }
        if self.broken == Broken::WaitBeforeRevocation {
            let (as_of, groups) = (Log::HeldByH.revision(), Self::groups(Log::Revoked));
            let Some(leads) = &mut state.leaders[leader] else { return false };
            leads.authority.applied(Applied {
                entry_term: term_of(leader),
                as_of,
                lease: LEASE,
                groups: &groups,
            });
            return true;
        }
        if !commits(state, leader) {
            return false;
        }
        self.commit(state, leader, Log::Revoked);
        true
    }

    fn give(&self, state: &mut State, leader: usize, back: bool) -> bool {
        let Some(leads) = &state.leaders[leader] else { return false };
        let free =
            leads.authority.takeover(state.now(leader), &group(), self.wait(), &Clocks::default(), &[])
                == Takeover::Now;
        // Ownerships follow each other in the database, whatever a leader believes.
        let early = self.broken == Broken::WaitBeforeRevocation && state.log == Log::HeldByH;
        if !free || state.log != Log::Revoked && !early {
            return false;
        }
        if self.broken == Broken::StartBeforeCommit && !back {
            state.successor = true;
            return true;
        }
        if !commits(state, leader) {
            return false;
        }
        self.commit(state, leader, if back { Log::GivenToH } else { Log::GivenToB });
        state.successor |= !back;
        true
    }

    /// Whoever commits something applies it first. A later leader has it from its election on.
    fn commit(&self, state: &mut State, leader: usize, log: Log) {
        state.log = log;
        if let Some(leads) = &mut state.leaders[leader] {
            self.leader_applies(leads, log, term_of(leader));
        }
    }

    fn elect(&self, state: &mut State, voter: usize) -> bool {
        state.terms[B] = 2;
        state.terms[voter] = 2;
        let mut electorate: Vec<_> = (0..3).map(id).collect();
        if self.broken == Broken::EvidenceOfOne {
            electorate.retain(|node| *node == id(B));
        }
        let electorates = vec![electorate.into_iter().collect()];
        let won = if self.broken == Broken::NewLeaderDoesNotWait { Moment::default() } else { state.now(B) };
        let authority = Authority::new(won, id(B), 2, electorates, &mut state.voters[B]);
        let (log, mut leader) = (
            state.log,
            Leader { authority, applied: state.log, rounds: 0, quorum: 0, told: 0, waiting: false },
        );
        self.leader_applies(&mut leader, log, 2);
        state.leaders[B] = Some(leader);
        true
    }

    fn evidence(&self, state: &mut State, voter: usize) -> bool {
        let (now, then) = (state.now(B), state.now(voter));
        if state.terms[voter] < 2 && !self.answers(state, B, voter) {
            return false;
        }
        let Some(age) = state.voters[voter].evidence(then, 2) else { return false };
        let Some(leads) = &mut state.leaders[B] else { return false };
        leads.authority.evidence(now, id(voter), age);
        leads.told += 1;
        true
    }
}

fn term_of(leader: usize) -> u64 {
    if leader == B { 2 } else { 1 }
}

/// Whether a majority still follows this leader. Their answers would be evidence; they are not noted, which
/// leaves the next leader with less to go by than it has.
fn commits(state: &State, leader: usize) -> bool {
    state.terms.iter().filter(|term| **term <= term_of(leader)).count() >= 2
        && state.terms[leader] <= term_of(leader)
}
