//! What is asked of monitors, and what follows from their answers.

use super::local::{Local, Phase, Unit, word};
use super::{AGAIN, Clock, Effect, OFFLINE_WITHIN, ONLINE_WITHIN, Refused, Runner, TERMINATE_WITHIN};
use crate::order::FailureSeen;
use lease::Pair;
use model::desired::{Clones, GroupSpec, ResourceSpec};
use model::{GroupName, ResourceName};
use planner::State;
use resource_api::outcome::{Role, Verdict};
use resource_api::{Checks, Outcome, ResourceId, Verb};
use std::collections::BTreeMap;
use std::time::Duration;

/// A reason is for people, and goes into the database.
const REASON_MAX: usize = 300;

impl Runner {
    /// The file has a group that is not known here, or has it otherwise.
    pub(super) fn take_up(&mut self, spec: &GroupSpec) {
        let local = self.groups.entry(spec.name.clone()).or_insert_with(|| Local::new(spec.clone()));
        local.spec = Some(spec.clone());
        let mut unknown = Vec::new();
        for one in &spec.resources {
            match local.units.get_mut(&one.name) {
                None => {
                    let unit = Unit::new(one.clone());
                    self.effects.push(Effect::Open(unit.instance(&spec.name, spec.policy.clones)));
                    local.units.insert(one.name.clone(), unit);
                    unknown.push(one.name.clone());
                }
                Some(unit) => {
                    unit.next = Some(Some(one.clone()));
                    settle(&spec.name, spec.policy.clones, unit, &mut self.effects);
                }
            }
        }
        let gone =
            local.units.iter_mut().filter(|(name, _)| !spec.resources.iter().any(|one| one.name == **name));
        for (_, unit) in gone {
            unit.next = Some(None);
        }
        self.sweep(&spec.name);
        for one in unknown {
            self.call(&spec.name, &one, Verb::Probe);
        }
        self.touch(&spec.name);
    }

    /// The file has a group no more: what runs of it is stopped, whoever leads.
    pub(super) fn take_away(&mut self, name: &GroupName) {
        let Some(local) = self.groups.get_mut(name) else { return };
        local.spec = None;
        for unit in local.units.values_mut() {
            unit.next = Some(None);
        }
        if let Some(opened) = &mut local.opened {
            opened.phase = Phase::Closing;
            self.wind_down(name);
        } else {
            for one in local.next_to_stop() {
                // It is known here.
                let _ = self.stop(name, &one);
            }
        }
        self.sweep(name);
    }

    /// What the file does not know any more, and does not run, is forgotten.
    fn sweep(&mut self, name: &GroupName) {
        let Some(local) = self.groups.get_mut(name) else { return };
        let is_done =
            |unit: &Unit| unit.next == Some(None) && unit.state == State::Offline && unit.call.is_none();
        let done: Vec<ResourceName> =
            local.units.iter().filter(|(_, unit)| is_done(unit)).map(|(name, _)| name.clone()).collect();
        for one in done {
            local.units.remove(&one);
            self.effects.push(Effect::Forget(id(name, &one)));
        }
        // Who follows the reports has to hear of it once more: it stays, empty.
    }

    pub(super) fn probe(&mut self, group: &GroupName, one: &ResourceName) -> Result<(), Refused> {
        if self.unit(group, one)?.call.is_none() {
            self.call(group, one, Verb::Probe);
        }
        Ok(())
    }

    pub(super) fn start(&mut self, clock: Clock, pair: &Pair, one: &ResourceName) -> Result<(), Refused> {
        let unit = self.unit(&pair.group, one)?;
        match unit.state {
            State::Online | State::Starting => return Ok(()),
            State::Offline => {}
            state => {
                let text = format!("{}/{one} is {} here", pair.group, word(state));
                return Err(Refused::NotNow(text));
            }
        }
        let is_open = self.open(clock, pair, false)?;
        let unit = self.unit(&pair.group, one)?;
        unit.state = State::Starting;
        unit.text.clear();
        if is_open {
            // A resource that is new in a group that runs has a gate as well.
            if let Some((pair, until)) =
                self.holder.refresh(clock.boot).into_iter().find(|(other, _)| other == pair)
            {
                let local = self.known(&pair.group)?;
                let (targets, up) = (local.targets(), local.addresses_up());
                self.effects.push(Effect::Renew { group: pair.group, targets, up, until });
            }
            self.call(&pair.group, one, Verb::Online);
        } else {
            self.known(&pair.group)?.waiting.push(one.clone());
        }
        self.touch(&pair.group);
        Ok(())
    }

    pub(super) fn stop(&mut self, group: &GroupName, one: &ResourceName) -> Result<(), Refused> {
        self.known(group)?.waiting.retain(|waiting| waiting != one);
        let unit = self.unit(group, one)?;
        match (unit.state, unit.call) {
            (State::Offline | State::Stopping, _) => return Ok(()),
            (State::StopFailed, Some(_)) => return Ok(()),
            (_, Some((call, _))) => self.effects.push(Effect::Cancel(call)),
            (_, None) => {}
        }
        let unit = self.unit(group, one)?;
        unit.state = State::Stopping;
        unit.again = None;
        self.effects.push(Effect::Watch(id(group, one), false));
        self.call(group, one, Verb::Offline);
        self.touch(group);
        Ok(())
    }

    /// Every resource of the group that knows roles becomes a primary, or a replica.
    pub(super) fn turn(&mut self, pair: &Pair, verb: Verb) -> Result<(), Refused> {
        let local = self.known(&pair.group)?;
        let runs = |unit: &&Unit| unit.state.serves();
        if verb == Verb::Promote && !local.units.values().all(|unit| runs(&unit)) {
            return Err(Refused::NotNow(format!("not all of {} is online here", pair.group)));
        }
        let free = local.units.iter().filter(|(_, unit)| unit.state.serves() && unit.call.is_none());
        let all: Vec<ResourceName> = free.map(|(name, _)| name.clone()).collect();
        for one in all {
            self.call(&pair.group, &one, verb);
        }
        Ok(())
    }

    /// Asks the monitor of a resource for something.
    pub(super) fn call(&mut self, group: &GroupName, one: &ResourceName, verb: Verb) {
        let Some(unit) = self.groups.get_mut(group).and_then(|local| local.units.get_mut(one)) else {
            return;
        };
        self.last_call += 1;
        let call = self.last_call;
        unit.call = Some((call, verb));
        let within = within(&unit.spec, verb);
        let id = id(group, one);
        self.calls.insert(call, (id.clone(), verb));
        let mut arguments = BTreeMap::new();
        // Whoever asks the network whether somebody else has an address need not, where it was ours until now.
        if verb == Verb::Online && (unit.has_run || self.following.contains(group)) {
            arguments.insert("skip-probe".to_owned(), "true".to_owned());
        }
        self.effects.push(Effect::Call { call, id, verb, within, arguments });
    }

    /// An agent says how well its resource would do as the primary here; nothing: not at all.
    pub fn scored(&mut self, id: &ResourceId, score: Option<i64>) {
        if let Ok(unit) = self.unit(&id.group, &id.resource)
            && unit.score != score
        {
            unit.score = score;
            self.touch(&id.group);
        }
    }

    /// Somebody wants a resource to be taken for failed.
    ///
    /// # Errors
    /// It does not run here.
    pub fn fail_on_demand(&mut self, clock: Clock, id: &ResourceId, why: String) -> Result<(), Refused> {
        self.running(id)?;
        self.fail(clock, &id.group, &id.resource, false, why);
        self.touch(&id.group);
        Ok(())
    }

    /// Somebody wants a resource to be stopped and started where it is.
    ///
    /// # Errors
    /// It does not run here.
    pub fn restart(&mut self, id: &ResourceId) -> Result<(), Refused> {
        self.running(id)?.state = State::Changed;
        self.touch(&id.group);
        Ok(())
    }

    fn running(&mut self, id: &ResourceId) -> Result<&mut Unit, Refused> {
        let unit = self.unit(&id.group, &id.resource)?;
        match unit.state.serves() {
            true => Ok(unit),
            false => Err(Refused::NotNow(format!("{id} is {} here", word(unit.state)))),
        }
    }

    /// A monitor has answered.
    pub fn outcome(&mut self, clock: Clock, call: u64, outcome: &Outcome) {
        let Some((id, verb)) = self.calls.remove(&call) else { return };
        let (group, one) = (&id.group, &id.resource);
        let Ok(unit) = self.unit(group, one) else { return };
        // Cut short, and something else has been asked since.
        if unit.call != Some((call, verb)) {
            return;
        }
        unit.call = None;
        match verb {
            Verb::Probe => self.probed(clock, group, one, outcome),
            Verb::Online if outcome.is_good() => self.is_online(group, one, None),
            Verb::Online => self.fail(clock, group, one, true, told(outcome)),
            Verb::Offline if stopped(outcome) => self.is_offline(group, one),
            Verb::Offline => self.call(group, one, Verb::Terminate),
            Verb::Terminate if stopped(outcome) => self.is_offline(group, one),
            Verb::Terminate => {
                unit.state = State::StopFailed;
                unit.text = told(outcome);
                unit.again = Some(clock.boot.plus(AGAIN));
            }
            Verb::Promote | Verb::Demote => self.turned(clock, group, one, verb, outcome),
            _ => {}
        }
        if let Ok(unit) = self.unit(group, one)
            && std::mem::take(&mut unit.look_again)
            && unit.state.serves()
            && unit.call.is_none()
        {
            self.call(group, one, Verb::Probe);
        }
        self.touch(group);
        self.after(group);
    }

    /// A monitor has noticed something.
    pub fn noticed(&mut self, clock: Clock, id: &ResourceId, outcome: &Outcome) {
        // What ended with its lease did not fail.
        self.expire(clock);
        let (group, one) = (&id.group, &id.resource);
        let Ok(unit) = self.unit(group, one) else { return };
        // While something is being done, its outcome says more; but it may say nothing of this.
        if unit.call.is_some() {
            unit.look_again |= !outcome.is_good();
            return;
        }
        match (unit.state, outcome.verdict) {
            (State::Online | State::Changed, Verdict::Running { role }) => {
                let local = self.groups.get_mut(group);
                if let Some(local) = local.filter(|_| role != Role::Started) {
                    local.primary = role == Role::Primary;
                }
            }
            (State::Online | State::Changed, Verdict::NotRunning) => {
                self.fail(clock, group, one, false, "it does not run any more".to_owned());
            }
            (State::Online | State::Changed, Verdict::Failed { .. }) => {
                self.fail(clock, group, one, false, told(outcome));
            }
            (State::Offline | State::Unknown | State::StopFailed, _) => {
                self.probed(clock, group, one, outcome);
            }
            _ => return,
        }
        self.touch(group);
        self.after(group);
    }

    /// What could not be stopped is ended once more: what stood in the way may be gone. The monitor may have
    /// died of it, or somebody has mended it.
    pub(super) fn try_again(&mut self, clock: Clock) {
        let mut due = Vec::new();
        for (group, local) in &mut self.groups {
            for (one, unit) in &mut local.units {
                if unit.call.is_none() && unit.again.is_some_and(|again| again <= clock.boot) {
                    unit.again = Some(clock.boot.plus(AGAIN));
                    due.push((group.clone(), one.clone()));
                }
            }
        }
        for (group, one) in due {
            self.call(&group, &one, Verb::Terminate);
        }
    }

    /// What a look at a resource has found of which nothing, or nothing good, was known.
    fn probed(&mut self, clock: Clock, group: &GroupName, one: &ResourceName, outcome: &Outcome) {
        let Ok(unit) = self.unit(group, one) else { return };
        match outcome.verdict {
            Verdict::Running { .. } | Verdict::Done if unit.state == State::StopFailed => {}
            Verdict::Running { role } => self.is_online(group, one, Some(role)),
            Verdict::Done => self.is_online(group, one, None),
            Verdict::NotRunning if unit.state.serves() => {
                self.fail(clock, group, one, false, "it does not run any more".to_owned());
            }
            Verdict::NotRunning => self.is_offline(group, one),
            // What cannot be there at all does not run.
            Verdict::Failed { failure } if failure.is_permanent_here() => {
                self.is_offline(group, one);
                if let Ok(unit) = self.unit(group, one) {
                    unit.text = told(outcome);
                }
            }
            Verdict::Failed { .. } if unit.state == State::StopFailed => {}
            Verdict::Failed { .. } => {
                unit.state = State::Failed;
                unit.text = told(outcome);
                let _ = clock;
            }
        }
    }

    fn is_online(&mut self, group: &GroupName, one: &ResourceName, role: Option<Role>) {
        let Some(local) = self.groups.get_mut(group) else { return };
        if role == Some(Role::Primary) {
            local.primary = true;
        }
        let Some(unit) = local.units.get_mut(one) else { return };
        unit.state = match &unit.next {
            Some(Some(next)) if !same(&unit.spec, next) => State::Changed,
            _ => State::Online,
        };
        unit.text.clear();
        unit.again = None;
        unit.has_run = true;
        self.effects.push(Effect::Watch(id(group, one), true));
    }

    fn is_offline(&mut self, group: &GroupName, one: &ResourceName) {
        let Some(local) = self.groups.get_mut(group) else { return };
        let clones = local.clones();
        let Some(unit) = local.units.get_mut(one) else { return };
        unit.state = State::Offline;
        unit.text.clear();
        unit.again = None;
        settle(group, clones, unit, &mut self.effects);
        if !local.may_run() {
            local.primary = false;
        }
        self.sweep(group);
    }

    /// A resource failed.
    pub(super) fn fail(
        &mut self,
        clock: Clock,
        group: &GroupName,
        one: &ResourceName,
        at_start: bool,
        reason: String,
    ) {
        let Some(local) = self.groups.get_mut(group) else { return };
        let Some(unit) = local.units.get_mut(one) else { return };
        unit.state = State::Failed;
        unit.text.clone_from(&reason);
        let failure = FailureSeen { resource: one.clone(), at: clock.wall, at_start, reason };
        local.failures.push(failure.clone());
        self.effects.push(Effect::Watch(id(group, one), false));
        self.effects.push(Effect::Record(group.clone(), failure));
    }

    fn turned(&mut self, clock: Clock, group: &GroupName, one: &ResourceName, verb: Verb, outcome: &Outcome) {
        let unable =
            matches!(outcome.verdict, Verdict::Failed { failure: resource_api::Failure::Unimplemented });
        if !outcome.is_good() && !unable {
            self.fail(clock, group, one, false, told(outcome));
            return;
        }
        let Some(local) = self.groups.get_mut(group) else { return };
        let is_over =
            local.units.values().all(|unit| !matches!(unit.call, Some((_, other)) if other == verb));
        if is_over && local.units.values().all(|unit| unit.state.serves()) {
            local.primary = verb == Verb::Promote;
        } else if verb == Verb::Demote && is_over {
            local.primary = false;
        }
    }

    /// A group that is being closed goes on being closed.
    fn after(&mut self, group: &GroupName) {
        let Some(local) = self.groups.get(group) else { return };
        if local.opened.is_some_and(|opened| opened.phase == Phase::Closing) {
            self.wind_down(group);
        } else if local.spec.is_none() {
            self.take_away(&group.clone());
        }
    }

    fn unit(&mut self, group: &GroupName, one: &ResourceName) -> Result<&mut Unit, Refused> {
        let unknown = || Refused::Unknown(format!("{group}/{one}"));
        self.groups.get_mut(group).and_then(|local| local.units.get_mut(one)).ok_or_else(unknown)
    }
}

/// Takes up what the file says now, where it makes no difference to what runs, or nothing does.
fn settle(group: &GroupName, clones: Option<Clones>, unit: &mut Unit, effects: &mut Vec<Effect>) {
    let Some(Some(next)) = &unit.next else { return };
    if same(&unit.spec, next) || unit.state == State::Offline || unit.state == State::Unknown {
        let before = unit.instance(group, clones);
        unit.spec = next.clone();
        unit.next = None;
        if unit.state == State::Changed {
            unit.state = State::Online;
        }
        let now = unit.instance(group, clones);
        if now != before {
            effects.push(Effect::Open(now));
        }
    } else if unit.state == State::Online {
        unit.state = State::Changed;
    }
}

/// Whether what runs as the one runs as the other.
fn same(one: &ResourceSpec, other: &ResourceSpec) -> bool {
    one.kind == other.kind && one.parameters == other.parameters
}

fn id(group: &GroupName, resource: &ResourceName) -> ResourceId {
    ResourceId { group: group.clone(), resource: resource.clone() }
}

fn stopped(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Done | Verdict::NotRunning)
}

fn told(outcome: &Outcome) -> String {
    outcome.to_string().chars().take(REASON_MAX).collect()
}

fn within(spec: &ResourceSpec, verb: Verb) -> Duration {
    let said = |ms: Option<u64>, usual| ms.map_or(usual, Duration::from_millis);
    match verb {
        Verb::Online | Verb::Promote => said(spec.policy.online_within_ms, ONLINE_WITHIN),
        Verb::Offline | Verb::Demote => said(spec.policy.offline_within_ms, OFFLINE_WITHIN),
        Verb::Terminate => TERMINATE_WITHIN,
        _ => Duration::from_millis(Checks::default().is_alive_deadline_ms),
    }
}
