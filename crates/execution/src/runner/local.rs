//! One group on this node.

use crate::order::{CopyReport, FailureSeen, ResourceReport};
use crate::protection::{GateOf, gate_of};
use crate::runner::Target;
use model::desired::{Clones, Exclusive, GroupSpec, ResourceSpec, Value};
use model::{Generation, GroupName, Moment, ResourceName};
use planner::State;
use resource_api::{Checks, Instance, ResourceId, Verb};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A group, as far as it is here.
#[derive(Debug)]
pub(super) struct Local {
    /// As the file has it; nothing: it has it no more, and what runs is stopped.
    pub(super) spec: Option<GroupSpec>,
    pub(super) opened: Option<Opened>,
    pub(super) units: BTreeMap<ResourceName, Unit>,
    /// To be started as soon as the gates are open.
    pub(super) waiting: Vec<ResourceName>,
    pub(super) primary: bool,
    /// Not in the database yet.
    pub(super) failures: Vec<FailureSeen>,
    /// The report's number at its last change.
    pub(super) changed: u64,
}

/// It may have effects here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) generation: Generation,
    pub(super) phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its gates are being opened.
    Opening,
    /// They are open.
    Open,
    /// It is stopped and closed, whatever is ordered.
    Closing,
}

/// A resource.
#[derive(Debug)]
pub(super) struct Unit {
    /// As its monitor knows it.
    pub(super) spec: ResourceSpec,
    /// As the file has it now, where that is another; `None` inside: not at all.
    pub(super) next: Option<Option<ResourceSpec>>,
    pub(super) state: State,
    pub(super) text: String,
    /// What its monitor is asked just now.
    pub(super) call: Option<(u64, Verb)>,
    /// Something was noticed while it was asked for something else: it is looked at afterwards.
    pub(super) look_again: bool,
    /// How well it would do as the primary here, as it rates itself.
    pub(super) score: Option<i64>,
    /// It has run in this ownership.
    pub(super) has_run: bool,
    /// When it is ended once more, although nobody asks.
    pub(super) again: Option<Moment>,
}

impl Unit {
    pub(super) fn new(spec: ResourceSpec) -> Self {
        Self {
            spec,
            next: None,
            state: State::Unknown,
            text: String::new(),
            call: None,
            look_again: false,
            score: None,
            has_run: false,
            again: None,
        }
    }

    /// What its monitor is told. `clones` is what the file says of copies of its group.
    pub(super) fn instance(&self, group: &GroupName, clones: Option<Clones>) -> Instance {
        let ResourceSpec { name, kind, policy, parameters, .. } = &self.spec;
        let usual = Checks::default();
        let checks = Checks {
            looks_alive_ms: policy.looks_alive_ms.unwrap_or(usual.looks_alive_ms),
            is_alive_ms: policy.is_alive_ms.unwrap_or(usual.is_alive_ms),
            ..usual
        };
        let id = ResourceId { group: group.clone(), resource: name.clone() };
        let mut parameters = parameters.clone();
        if kind.as_str().starts_with("ocf:") {
            parameters.extend(clones.into_iter().flat_map(meta));
        }
        Instance { id, kind: kind.clone(), parameters, checks }
    }
}

/// What agents find in their environment of the copies that there are, as OCF has it.
fn meta(clones: Clones) -> Vec<(String, Value)> {
    let one = |name: &str, value: &str| (format!("CRM_meta_{name}"), Value::Text(value.to_owned()));
    let primaries = clones.primaries.to_string();
    let mut all = vec![one("clone", "0"), one("clone_node_max", "1")];
    all.extend(clones.max.map(|max| one("clone_max", &max.to_string())));
    if clones.primaries > 0 {
        all.extend([
            one("promotable", "true"),
            one("promoted_max", &primaries),
            one("master_max", &primaries),
        ]);
    }
    all
}

impl Local {
    pub(super) fn new(spec: GroupSpec) -> Self {
        Self {
            spec: Some(spec),
            opened: None,
            units: BTreeMap::new(),
            waiting: Vec::new(),
            primary: false,
            failures: Vec::new(),
            changed: 0,
        }
    }

    pub(super) fn is_of(&self, spec: &GroupSpec) -> bool {
        self.spec.as_ref() == Some(spec)
    }

    pub(super) fn may_run(&self) -> bool {
        self.units.values().any(|unit| unit.state.may_run())
    }

    /// What the file says of copies of it.
    pub(super) fn clones(&self) -> Option<Clones> {
        self.spec.as_ref().and_then(|spec| spec.policy.clones)
    }

    /// How well it would do as the primary: as well as the worst of those that rate themselves.
    fn promotion(&self) -> Option<i32> {
        let scores = self.units.values().filter(|unit| unit.state.serves()).filter_map(|unit| unit.score);
        let worst = scores.min()?;
        Some(i32::try_from(worst.clamp(i64::from(i32::MIN), i64::from(i32::MAX))).unwrap_or(0))
    }

    /// Everything that its gates are in front of.
    pub(super) fn targets(&self) -> Vec<Target> {
        let name = self.spec.as_ref().map(|spec| &spec.name);
        let gated = self.units.values().filter(|unit| unit.spec.exclusive == Exclusive::Gate);
        gated.filter_map(|unit| target(name?, &unit.spec)).collect()
    }

    /// The addresses that are up and stay: online, and nothing is asked of their monitor.
    pub(super) fn addresses_up(&self) -> Vec<IpAddr> {
        let name = self.spec.as_ref().map(|spec| &spec.name);
        let stays = |unit: &&Unit| {
            unit.spec.exclusive == Exclusive::Gate && unit.state == State::Online && unit.call.is_none()
        };
        let targets = self.units.values().filter(stays).filter_map(|unit| target(name?, &unit.spec));
        let address = |target| match target {
            Target::Address(address) => Some(address),
            Target::Processes(_) => None,
        };
        targets.filter_map(address).collect()
    }

    /// Whether `one` needs `other`.
    fn needs(one: &Unit, other: &ResourceName) -> bool {
        one.spec.depends_on.iter().any(|any| any.names().contains(other))
    }

    /// What runs, is not being stopped, and is needed by nothing that runs.
    pub(super) fn next_to_stop(&self) -> Vec<ResourceName> {
        let is_needed = |name: &ResourceName| {
            self.units.iter().any(|(other, unit)| {
                other != name
                    && unit.state.may_run()
                    && unit.state != State::StopFailed
                    && Self::needs(unit, name)
            })
        };
        let stops =
            |unit: &Unit| unit.state.may_run() && !matches!(unit.state, State::Stopping | State::StopFailed);
        let next = self.units.iter().filter(|(name, unit)| stops(unit) && !is_needed(name));
        next.map(|(name, _)| name.clone()).collect()
    }

    /// In which order its resources are stopped: those of one list at the same time.
    pub(super) fn stops(&self) -> Vec<Vec<ResourceName>> {
        let mut left: Vec<&ResourceName> = self.units.keys().collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let needed = |name: &ResourceName| {
                left.iter().any(|other| **other != *name && Self::needs(&self.units[*other], name))
            };
            let (first, rest): (Vec<_>, Vec<_>) = left.iter().partition(|name| !needed(name));
            // A circle, which the planner breaks somewhere: all of it at once.
            let (first, rest) = if first.is_empty() { (rest, Vec::new()) } else { (first, rest) };
            order.push(first.into_iter().cloned().collect());
            left = rest;
        }
        order
    }

    /// Its gate did not open: what was to be started was not.
    pub(super) fn settle_failed_starts(&mut self) {
        for unit in self.units.values_mut() {
            if unit.state == State::Failed && unit.call.is_none() {
                unit.state = State::Offline;
            }
        }
    }

    pub(super) fn report(&self) -> CopyReport {
        let shown =
            self.units.iter().filter(|(_, unit)| unit.state != State::Offline || !unit.text.is_empty());
        let one = |(name, unit): (&ResourceName, &Unit)| {
            (name.clone(), ResourceReport { state: unit.state, text: unit.text.clone() })
        };
        CopyReport {
            open: self.opened.map(|opened| opened.generation),
            primary: self.primary,
            promotion: self.promotion(),
            resources: shown.map(one).collect(),
            failures: self.failures.clone(),
        }
    }
}

/// What a gate for a resource is in front of: its address, where it is one, and else its processes.
pub(crate) fn target(group: &GroupName, spec: &ResourceSpec) -> Option<Target> {
    let parameter = match (gate_of(&spec.kind), spec.kind.as_str()) {
        (GateOf::Address, "ip-address") => "address",
        (GateOf::Address, _) => "ip",
        (GateOf::Processes, _) => {
            let id = ResourceId { group: group.clone(), resource: spec.name.clone() };
            return Some(Target::Processes(id));
        }
        (GateOf::Nothing, _) => return None,
    };
    let Some(Value::Text(text)) = spec.parameters.get(parameter) else { return None };
    let address = text.split('/').next().unwrap_or_default();
    address.parse::<IpAddr>().ok().map(Target::Address)
}

/// A state, for messages.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Offline => "offline",
        State::Starting => "starting",
        State::Online | State::Changed => "online",
        State::Stopping => "stopping",
        State::Failed => "failed",
        State::StopFailed => "not to be stopped",
        State::Unknown => "not known yet",
    }
}
