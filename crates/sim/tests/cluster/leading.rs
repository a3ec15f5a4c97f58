//! The leader's part: what `daemon::leading` does around authority, planner and executor.

use crate::broken::Broken;
use crate::cluster::{id, index};
use crate::database::{Waiting, revoked_first};
use crate::net::Message;
use crate::shell::{ATTEMPT, Asked, Asker};
use crate::world::{Event, World};
use execution::executor::Situation;
use execution::{Dispatch, Executor, Key, Report, Reports, Sequel, overview, protection};
use lease::authority::Applied;
use lease::{Authority, Mark, Ownership, Settings, Stage, Takeover, Wait, Why};
use model::stored::{ClusterState, Command, CopyStage, LeaseRequest, NodeIntent, Outcome, Proposal};
use model::{GroupName, Incarnation, Moment, NodeId, RequestId, ResourceName};
use planner::{NodeView, Now, Standing, Step, View};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// As in the daemon: how long a node may take to say that it is at it.
const LIMIT: Duration = Duration::from_secs(3);

/// What is told apart.
type Share = (GroupName, NodeId);

#[derive(Default)]
pub(crate) struct Leading {
    authority: Option<(u64, Authority<Share>)>,
    reports: Reports,
    /// Counts their changes.
    reported: u64,
    executor: Executor,
    looked: Option<Looked>,
    woken: bool,
    /// Orders, by number.
    ordered: Asked<Key>,
    /// Proposals.
    proposed: BTreeMap<RequestId, (Moment, Key)>,
    /// Only where something is broken: when each takeover is due by the wall clock.
    due_ms: BTreeMap<(Share, u64), u64>,
}

/// What plans depend on.
struct Looked {
    revision: u64,
    reported: u64,
    standing: BTreeMap<NodeId, Standing>,
    next_ms: Option<u64>,
}

impl World {
    /// What the leases of whoever leads depend on has changed: the term, what a majority has answered, the
    /// database.
    pub(crate) fn leading_moves(&mut self, node: usize) {
        let now = self.now(node);
        let term = self.leads(node);
        let electorates = self.electorates(node);
        let ignores = self.broken == Broken::EvidenceIgnored;
        let daemon = &mut self.daemons[node];
        let known = daemon.leading.authority.as_ref().map(|(term, _)| *term);
        match term {
            None => daemon.leading.authority = None,
            Some(term) if known != Some(term) => {
                let won = if ignores { Moment::default() } else { now };
                let authority = Authority::new(won, id(node), term, electorates, &mut daemon.voter);
                daemon.leading.authority = Some((term, authority));
            }
            Some(_) => {}
        }
        self.authority_applies(node);
        self.grant(node);
    }

    pub(crate) fn evidence(&mut self, node: usize, term: u64, voter: NodeId, age: Duration) {
        let now = self.now(node);
        if let Some((known, authority)) = &mut self.daemons[node].leading.authority
            && *known == term
        {
            authority.evidence(now, voter, age);
        }
    }

    /// The authority hears of what is applied.
    pub(crate) fn authority_applies(&mut self, node: usize) {
        let lease = self.timers.lease;
        let (state, entry_term) = self.applied_here(node);
        let Some((_, authority)) = &mut self.daemons[node].leading.authority else { return };
        let groups: BTreeMap<Share, Ownership> = shares(&state).collect();
        authority.applied(Applied { entry_term, as_of: state.owned_as_of, lease, groups: &groups });
    }

    /// A node asks for its lease.
    pub(crate) fn requested(&mut self, node: usize, request: LeaseRequest) {
        let (now, mark) = (self.now(node), Mark(self.mark(node)));
        if let Some((_, authority)) = &mut self.daemons[node].leading.authority {
            authority.requested(now, mark, request);
        }
        self.grant(node);
    }

    /// Grants what a majority stands behind.
    pub(crate) fn grant(&mut self, node: usize) {
        let now = self.now(node);
        let Some(term) = self.daemons[node].leading.authority.as_ref().map(|(term, _)| *term) else { return };
        let mark = match self.quorum_mark(node, term) {
            _ if self.broken == Broken::NoQuorum => u64::MAX,
            Some(mark) => mark,
            None => return,
        };
        let daemon = &mut self.daemons[node];
        let Some((_, authority)) = &mut daemon.leading.authority else { return };
        for grant in authority.grants(now, Mark(mark), &mut daemon.voter) {
            self.say(node, index(grant.request.node), Message::Grant(grant));
        }
    }

    /// A node says what runs on it.
    pub(crate) fn reported(&mut self, node: usize, from: usize, report: Report, number: u64) {
        let leading = &mut self.daemons[node].leading;
        let whose = report.node;
        let known = |reports: &Reports| reports.of(whose).map(|known| (known.incarnation, known.number));
        let before = known(&leading.reports);
        let sequel: Sequel = leading.reports.take(report);
        leading.reported += u64::from(known(&leading.reports) != before);
        self.say(node, from, Message::Reported { sequel, number });
        self.wake(node);
    }

    /// Something has changed that plans depend on.
    pub(crate) fn wake(&mut self, node: usize) {
        if self.leads(node).is_some() && !std::mem::replace(&mut self.daemons[node].leading.woken, true) {
            let soon = self.now_us + self.dice.within(20, 400);
            self.push_daemon(soon, node, Event::Look);
        }
    }

    /// A plan is made if there is a reason, and its steps are taken.
    pub(crate) fn look(&mut self, node: usize) {
        self.daemons[node].leading.woken = false;
        let now = self.now(node);
        let leads = self.leads(node).is_some() && self.has_majority(node);
        let leading = &mut self.daemons[node].leading;
        if !leads {
            if leading.looked.take().is_some() {
                let authority = leading.authority.take();
                *leading = Leading { authority, ..Leading::default() };
            }
            return;
        }
        if !leading.authority.as_ref().is_some_and(|(_, authority)| authority.is_known()) {
            return;
        }
        self.give_up_waiting(node, now);
        let standing = self.standings(node);
        let wall_ms = self.machines[node].clock.wall_ms(self.now_us);
        let daemon = &self.daemons[node];
        let due = daemon.leading.executor.next_moment().is_some_and(|next| next <= now);
        let (revision, reported) = (daemon.state.revision.0, daemon.leading.reported);
        let same = |last: &Looked| {
            let waited_for = last.next_ms.is_none_or(|next| next > wall_ms);
            (last.revision, last.reported) == (revision, reported) && last.standing == standing && waited_for
        };
        if !due && daemon.leading.looked.as_ref().is_some_and(same) {
            return;
        }
        let view = self.view(node, &standing, wall_ms);
        let plan = planner::plan(&self.daemons[node].state.spec, &view);
        self.tell_people(node, || {
            let steps: Vec<String> = plan.steps.iter().map(Step::in_short).collect();
            format!("plans {steps:?}")
        });
        let waits = |step: &Step| step.not_before_ms;
        let next_ms = plan.steps.iter().filter_map(waits).chain(plan.report.next_ms).min();
        let asked = self.next_steps(node, &standing, wall_ms, &plan);
        self.daemons[node].leading.looked = Some(Looked { revision, reported, standing, next_ms });
        for (key, dispatch) in asked {
            self.take(node, key, dispatch);
        }
    }

    fn next_steps(
        &mut self,
        node: usize,
        standing: &BTreeMap<NodeId, Standing>,
        wall_ms: u64,
        plan: &planner::Plan,
    ) -> Vec<(Key, Dispatch)> {
        let mut executor = std::mem::take(&mut self.daemons[node].leading.executor);
        let daemon = &self.daemons[node];
        let may_take = |group: &GroupName, owner: NodeId| {
            matches!(self.takeover(node, group, owner), planner::Takeover::Now)
        };
        let at = Situation {
            now: self.now(node),
            wall_ms,
            state: &daemon.state,
            reports: &daemon.leading.reports,
            standing,
            may_take: &may_take,
        };
        let asked = executor.next(&at, plan);
        self.daemons[node].leading.executor = executor;
        asked
    }

    /// What was asked and not answered in time counts as refused.
    fn give_up_waiting(&mut self, node: usize, now: Moment) {
        let Leading { executor, ordered, proposed, .. } = &mut self.daemons[node].leading;
        ordered.retain(|_, (until, key)| {
            let waits = *until > now;
            if !waits {
                executor.refused(now, key);
            }
            waits
        });
        proposed.retain(|_, (until, key)| {
            let waits = *until > now;
            if !waits {
                executor.refused(now, key);
            }
            waits
        });
    }

    fn has_majority(&self, node: usize) -> bool {
        let is_up = |other: usize| other == node || self.daemons[node].peers.is_up(id(other));
        let present = (0..self.daemons.len()).filter(|other| is_up(*other)).count();
        present > self.daemons.len() / 2 && self.has_quorum(node)
    }

    fn standings(&self, node: usize) -> BTreeMap<NodeId, Standing> {
        let daemon = &self.daemons[node];
        let of = |(other, record): (&NodeId, &model::stored::NodeRecord)| {
            let standing = match record.intent {
                _ if index(*other) != node && !daemon.peers.is_up(*other) => Standing::Down,
                NodeIntent::Active => Standing::Up,
                NodeIntent::Paused => Standing::Paused,
                NodeIntent::Draining => Standing::Draining,
            };
            (*other, standing)
        };
        daemon.state.nodes.iter().map(of).collect()
    }

    fn view(&mut self, node: usize, standing: &BTreeMap<NodeId, Standing>, wall_ms: u64) -> View {
        self.note_what_is_due(node, wall_ms);
        self.may_disturb_the_wait(node);
        let daemon = &self.daemons[node];
        let nodes = standing
            .iter()
            .map(|(id, standing)| NodeView::new(daemon.state.nodes[id].name.clone(), *standing));
        let takeover = |group: &GroupName, owner: NodeId, _: &model::stored::CopyRecord| {
            let is_up = index(owner) == node || daemon.peers.is_up(owner);
            if is_up { planner::Takeover::Now } else { self.takeover(node, group, owner) }
        };
        let groups = overview::groups(&daemon.state, &daemon.leading.reports, standing, takeover);
        View { now: Now::at(wall_ms, 0), nodes: nodes.collect(), groups }
    }

    /// What happens while a leader waits matters most.
    fn may_disturb_the_wait(&mut self, node: usize) {
        let copies = self.daemons[node].state.groups.values().flat_map(|record| &record.copies);
        let waits_for =
            copies.filter(|(_, copy)| copy.stage == CopyStage::Revoked).map(|(owner, _)| *owner).next_back();
        let Some(owner) = waits_for.map(index).filter(|owner| *owner != node && self.is_bad()) else {
            return;
        };
        match self.dice.within(0, 1_000) {
            0..50 => self.set_clock(node),
            // Only there does it count for how long a machine stands still.
            50..200 if self.assumed => self.stall(owner),
            50..70 => self.stall(owner),
            70..80 => self.kill_daemon(owner),
            _ => {}
        }
    }

    /// When somebody else may have what that node has of a group.
    fn takeover(&self, node: usize, group: &GroupName, owner: NodeId) -> planner::Takeover {
        let daemon = &self.daemons[node];
        let Some(copy) = daemon.state.groups.get(group).and_then(|record| record.copies.get(&owner)) else {
            return planner::Takeover::Now;
        };
        let wait = self.wait(&daemon.state, group, owner, copy);
        let now = self.now(node);
        let wall_ms = self.machines[node].clock.wall_ms(self.now_us);
        let share = (group.clone(), owner);
        let Some((_, authority)) = &daemon.leading.authority else {
            return planner::Takeover::Never("no term".to_owned());
        };
        if self.broken == Broken::TakeoverByWallClock
            && let Some(due_ms) = daemon.leading.due_ms.get(&(share.clone(), copy.generation.0))
        {
            return if *due_ms <= wall_ms { planner::Takeover::Now } else { planner::Takeover::At(*due_ms) };
        }
        let in_ms = |span: Duration| {
            planner::Takeover::At(wall_ms + u64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap())
        };
        let others: Vec<NodeId> = daemon.peers.up().collect();
        match (authority.takeover(now, &share, wait, &daemon.clocks, &others), wait) {
            (Takeover::Now, _) => planner::Takeover::Now,
            (Takeover::At(at), _) => in_ms(at.since(now)),
            (Takeover::Never(Why::StillHeld(_)), _) if self.broken == Broken::RevocationSkipped => {
                self.takeover_of_held(node, owner, wait)
            }
            (Takeover::Never(Why::StillHeld(_)), Wait::For(span)) => in_ms(span),
            (Takeover::Never(why), _) => planner::Takeover::Never(why.to_string()),
        }
    }

    /// Only where something is broken: who has been silent for the wait has lost what he holds.
    fn takeover_of_held(&self, node: usize, owner: NodeId, wait: Wait) -> planner::Takeover {
        let seen = self.daemons[node].peers.last_seen(self.now(node), owner);
        let silent = index(owner) != node && seen.is_some_and(|seen| Wait::For(seen) >= wait);
        if silent { planner::Takeover::Now } else { planner::Takeover::Never("held".to_owned()) }
    }

    /// Only where something is broken: what is waited for is timed on the wall clock.
    fn note_what_is_due(&mut self, node: usize, wall_ms: u64) {
        if self.broken != Broken::TakeoverByWallClock {
            return;
        }
        let mut due = Vec::new();
        for (group, record) in &self.daemons[node].state.groups {
            for (owner, copy) in record.copies.iter().filter(|(_, copy)| copy.stage == CopyStage::Revoked) {
                let key = ((group.clone(), *owner), copy.generation.0);
                if let planner::Takeover::At(at) = self.takeover(node, group, *owner)
                    && !self.daemons[node].leading.due_ms.contains_key(&key)
                {
                    due.push((key, at.max(wall_ms)));
                }
            }
        }
        self.daemons[node].leading.due_ms.extend(due);
    }

    /// How long a successor waits.
    fn wait(
        &self,
        state: &ClusterState,
        group: &GroupName,
        owner: NodeId,
        copy: &model::stored::CopyRecord,
    ) -> Wait {
        let gate = |name: &ResourceName| {
            let spec =
                state.spec.group(group).and_then(|spec| spec.resources.iter().find(|one| one.name == *name));
            spec.map_or(protection::GateOf::Nothing, |one| protection::gate_of(&one.kind))
        };
        let settings: &Settings = &self.settings;
        let wait = protection::bound(settings, &state.nodes[&owner].means, copy, gate).wait();
        match wait {
            Wait::For(wait) if self.broken == Broken::NoInFlight => {
                Wait::For(wait.saturating_sub(self.timers.in_flight))
            }
            Wait::For(wait)
                if self.broken == Broken::StallCountedOnce
                    && self.assumed
                    && wait > self.timers.lease * 2 =>
            {
                Wait::For(wait - crate::cluster::STALL)
            }
            Wait::For(wait) if self.broken == Broken::WatchdogCountedOnce && wait > self.timers.lease * 2 => {
                let once = crate::watchdog::TIMEOUT + crate::watchdog::GRANULARITY;
                Wait::For(if self.watched { wait - once } else { wait })
            }
            wait => wait,
        }
    }

    /// Asks the database or a node.
    fn take(&mut self, node: usize, key: Key, dispatch: Dispatch) {
        self.tell_people(node, || format!("asks {dispatch:?}"));
        let now = self.now(node);
        let command = match dispatch {
            Dispatch::Order { node: whom, order } => {
                let number = self.dice.next();
                self.daemons[node].leading.ordered.insert(number, (now.plus(LIMIT), key));
                self.say(node, index(whom), Message::Order { order, number });
                return;
            }
            Dispatch::Own { group, node: owner, if_generation, failover } => {
                if self.broken == Broken::StartBeforeCommit {
                    self.say(node, index(owner), Message::StartEarly(group.clone()));
                }
                Command::Own { group, node: owner, if_generation, failover }
            }
            Dispatch::SetPrimary { group, node, generation, primary } => {
                Command::SetPrimary { group, node, generation, primary }
            }
            Dispatch::Revoke { .. } if self.broken == Broken::RevocationSkipped => {
                self.daemons[node].leading.executor.refused(now, &key);
                return;
            }
            Dispatch::Revoke { node, copies } => Command::Revoke { node, copies },
            Dispatch::Free { node, copies } => Command::Release { node, copies },
        };
        let at = self.clock(node).wall;
        if self.broken == Broken::RevocationSkipped {
            for first in revoked_first(&self.daemons[node].state.clone(), &command) {
                let proposal = self.proposal(node, first, at);
                self.propose(node, proposal, ATTEMPT);
            }
        }
        let proposal: Arc<Proposal> = self.proposal(node, command, at);
        let request = proposal.request;
        self.daemons[node].leading.proposed.insert(request, (now.plus(ATTEMPT), key.clone()));
        self.daemons[node].waiting.insert(request, Asker::Executor);
        if !self.propose(node, proposal, ATTEMPT) {
            self.daemons[node].leading.proposed.remove(&request);
            self.daemons[node].leading.executor.refused(now, &key);
        }
    }

    pub(crate) fn answered_order(&mut self, node: usize, number: u64, answer: Option<(Incarnation, u64)>) {
        let now = self.now(node);
        let leading = &mut self.daemons[node].leading;
        let Some((_, key)) = leading.ordered.remove(&number) else { return };
        match answer {
            Some((incarnation, report)) => leading.executor.told(now, &key, incarnation, report),
            None => leading.executor.refused(now, &key),
        }
        self.wake(node);
    }

    /// It is known what became of a proposal, or that it cannot be known here; who waits for it hears it.
    pub(crate) fn decided_here(&mut self, node: usize, request: RequestId, outcome: Option<&Outcome>) {
        let now = self.now(node);
        let daemon = &mut self.daemons[node];
        let waiting: &mut Waiting = &mut daemon.waiting;
        match waiting.remove(&request) {
            None => {}
            Some(Asker::Node(from)) => {
                self.say(node, from, Message::Decided { request, outcome: outcome.cloned() });
            }
            Some(Asker::Executor) => {
                let Some((_, key)) = daemon.leading.proposed.remove(&request) else { return };
                match outcome {
                    Some(Outcome::Done { revision, .. }) => daemon.leading.executor.done(&key, *revision),
                    _ => daemon.leading.executor.refused(now, &key),
                }
                self.wake(node);
            }
        }
    }
}

/// Every ownership that the database knows.
fn shares(state: &ClusterState) -> impl Iterator<Item = (Share, Ownership)> + '_ {
    state.groups.iter().flat_map(|(group, record)| {
        record.copies.iter().map(|(node, copy)| {
            let stage = match copy.stage {
                CopyStage::Held => Stage::Held,
                CopyStage::Revoked => Stage::Revoked,
            };
            let ownership = Ownership { owner: *node, generation: copy.generation, stage };
            ((group.clone(), *node), ownership)
        })
    })
}
