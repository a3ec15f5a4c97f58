//! The groups, as `status` shows them.
//!
//! Whose they are is in the database, on every node. What runs, nodes tell their leader; so another node asks
//! the leader for this part, and where no leader answers, says what it knows of itself.

use crate::leading::lease;
use crate::node::Node;
use crate::peer::paths;
use crate::planning::view;
use ::lease::bound::Protection;
use api::{Alarm, GroupShown, ResourceShown};
use execution::{CopyReport, Reports, protection};
use model::NodeId;
use model::desired::GroupSpec;
use model::stored::{ClusterState, CopyRecord, GroupRecord};
use planner::{Standing, State};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long the leader may take to say what runs. `status` answers in any case.
const LIMIT: Duration = Duration::from_millis(500);

/// Instead of a plan's reason, where none is known.
const NO_PLAN: &str = "no leader with a plan is in reach: shown is what this node knows by itself";

/// What one node knows of the groups, and can tell another.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    /// All of them.
    pub(crate) groups: Vec<GroupShown>,
    /// Those that wait for a person. Only a leader knows of any.
    pub(crate) alarms: Vec<Alarm>,
}

/// What the leader knows; what this node does, where no leader answers.
pub(crate) async fn known(node: &Node) -> Known {
    let leader = node.quorum().leader.filter(|leader| Some(*leader) != node.id());
    if let Some(leader) = leader
        && let Ok(known) = node.call_json(leader, paths::GROUPS, &(), LIMIT).await
    {
        return known;
    }
    known_here(node)
}

/// What this node knows.
pub(crate) fn known_here(node: &Node) -> Known {
    let alarms = if crate::planning::leads(node) { super::alarms::not_safe(node) } else { Vec::new() };
    Known { groups: own(node), alarms }
}

/// The groups as this node knows them.
pub(crate) fn own(node: &Node) -> Vec<GroupShown> {
    let (mut reports, _) = node.leading.reports();
    if let Some(report) = node.running.report(0) {
        reports.take(report);
    }
    let state = node.state();
    let plan = node.leading.plan();
    let nothing = GroupRecord::default();
    let shown = state.spec.groups.iter().map(|spec| {
        let record = state.groups.get(&spec.name).unwrap_or(&nothing);
        let planned =
            plan.as_ref().and_then(|plan| plan.report.groups.iter().find(|report| report.group == spec.name));
        let reason = match (&plan, planned) {
            (Some(_), planned) => planned.map_or_else(String::new, |report| report.reason.clone()),
            (None, _) => NO_PLAN.to_owned(),
        };
        // Without a plan nobody can say that nothing more will be done.
        let is_moving = plan
            .as_ref()
            .map_or(!record.wanted_offline, |plan| plan.steps.iter().any(|step| step.group == spec.name));
        shown(node, &state, spec, record, &reports, reason, is_moving)
    });
    shown.collect()
}

fn shown(
    node: &Node,
    state: &ClusterState,
    spec: &GroupSpec,
    record: &GroupRecord,
    reports: &Reports,
    reason: String,
    is_moving: bool,
) -> GroupShown {
    let standing = |id: NodeId| {
        let member = state.nodes.get(&id)?;
        Some(view::standing(node, node.quorum().has, id, member))
    };
    let there = |id: &NodeId| standing(*id).is_some_and(|standing| standing != Standing::Down);
    let copies: Vec<&CopyReport> = reports
        .iter()
        .filter(|report| there(&report.node))
        .filter_map(|report| report.groups.get(&spec.name))
        .collect();
    let resources: Vec<ResourceShown> = spec
        .resources
        .iter()
        .map(|one| {
            let told = copies.iter().filter_map(|copy| copy.resources.get(&one.name));
            let told = told.max_by_key(|report| rank(shown_state(report.state)));
            let state = told.map_or("offline", |report| shown_state(report.state));
            ResourceShown {
                name: one.name.to_string(),
                kind: one.kind.to_string(),
                state: state.to_owned(),
                reason: told.map(|report| report.text.clone()).filter(|text| !text.is_empty()),
            }
        })
        .collect();
    let owner = record.copies.iter().next();
    let bound = owner.map(|(id, copy)| lease::bound(state, state.spec.profile, &spec.name, *id, copy));
    let wait = owner.and_then(|(id, copy)| protection::wait_ms(lease::wait(state, &spec.name, *id, copy)));
    GroupShown {
        name: spec.name.to_string(),
        state: group_state(spec, record, &resources, is_moving).to_owned(),
        owner: owners(state, spec, record),
        generation: record.copies.values().map(|copy| copy.generation.0).max().unwrap_or(record.generation.0),
        reason,
        protected_by: bound.as_ref().map(protected_by),
        takeover_bound_ms: wait,
        takeover: bound.map(|bound| {
            let guest =
                owner.and_then(|(id, _)| state.nodes.get(id)).is_some_and(|member| member.means.guest);
            let vouched = state.spec.assume_pause_below_ms.map(Duration::from_millis);
            let limit = vouched.unwrap_or(node.timers().in_flight);
            match guest {
                true => format!(
                    "{bound}\n  its node is a virtual machine: pauses beyond {limit:?} are not covered"
                ),
                false => bound.to_string(),
            }
        }),
        resources,
    }
}

/// Who has it. Of a clone all, the primary first.
fn owners(state: &ClusterState, spec: &GroupSpec, record: &GroupRecord) -> Option<String> {
    let mut owners: Vec<(&NodeId, &CopyRecord)> = record.copies.iter().collect();
    owners.sort_by_key(|(id, copy)| (!copy.primary, **id));
    let names = owners.iter().filter_map(|(id, _)| execution::overview::name(state, **id));
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    match spec.policy.clones {
        None => names.into_iter().next(),
        Some(_) => (!names.is_empty()).then(|| names.join(", ")),
    }
}

fn shown_state(state: State) -> &'static str {
    match state {
        State::Offline => "offline",
        State::Online | State::Changed => "online",
        State::Starting | State::Stopping | State::Unknown => "pending",
        State::Failed | State::StopFailed => "failed",
    }
}

/// Of several copies, the word that matters most is shown.
fn rank(word: &str) -> u8 {
    match word {
        "failed" => 3,
        "pending" => 2,
        "online" => 1,
        _ => 0,
    }
}

fn group_state(
    spec: &GroupSpec,
    record: &GroupRecord,
    resources: &[ResourceShown],
    is_moving: bool,
) -> &'static str {
    let count = |word: &str| resources.iter().filter(|one| one.state == word).count();
    let optional = |one: &ResourceShown| {
        spec.resources.iter().any(|it| it.name.as_str() == one.name && it.policy.optional)
    };
    let needed = resources.iter().filter(|one| !optional(one));
    let all_online = needed.clone().all(|one| one.state == "online") && count("online") > 0;
    match () {
        () if all_online || (resources.is_empty() && !record.copies.is_empty()) => "online",
        // Whatever has failed of it: something is being done about it.
        () if count("pending") > 0 || is_moving => "pending",
        () if count("online") > 0 => "partial",
        () if count("failed") > 0 => "failed",
        // It is wanted, and nobody has it.
        () if !record.wanted_offline && !record.failures.is_empty() => "failed",
        () => "offline",
    }
}

/// What the wait for it follows from, in a word.
fn protected_by(bound: &::lease::Bound) -> String {
    let decisive = bound.decisive().map(|resource| resource.protection);
    decisive.unwrap_or(Protection::Tolerance).as_str().to_owned()
}
