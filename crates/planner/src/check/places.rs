//! Is everything where it may be?

use super::{is_left_alone, known, state};
use crate::plan::Plan;
use crate::view::{Degree, NodeView, Standing, View};
use model::desired::{ClusterSpec, Effect, GroupSpec, Place, Rule, WhenNoneReady};
use model::{GroupName, NodeName};
use std::collections::BTreeMap;

/// Where each group is to be, and whether as the primary.
type Places<'a> = BTreeMap<&'a GroupName, Vec<(&'a NodeName, bool)>>;

pub(super) fn check(spec: &ClusterSpec, view: &View, plan: &Plan, faults: &mut Vec<String>) {
    let places: Places<'_> = plan
        .report
        .groups
        .iter()
        .map(|report| (&report.group, report.places.iter().map(|at| (&at.node, at.primary)).collect()))
        .collect();
    for group in &spec.groups {
        let Some(at) = places.get(&group.name) else {
            faults.push(format!("the report says nothing of {}", group.name));
            continue;
        };
        if is_left_alone(spec, view, group) {
            continue;
        }
        let known = known(view, &group.name);
        if known.wanted_offline && !at.is_empty() {
            faults.push(format!("{} is wanted offline", group.name));
        }
        count(group, at, faults);
        for (node, _) in at {
            let Some(node) = view.nodes.iter().find(|one| one.name == **node) else {
                faults.push(format!("{} is to be on {node}, which is no node", group.name));
                continue;
            };
            fit(spec, view, group, node, faults);
            company(spec, view, group, node, &places, faults);
        }
    }
    capacity(spec, view, &places, faults);
}

fn count(group: &GroupSpec, at: &[(&NodeName, bool)], faults: &mut Vec<String>) {
    let clones = group.policy.clones;
    let most = clones.map_or(1, |clones| clones.max.map_or(usize::MAX, |max| max as usize));
    let primaries = at.iter().filter(|(_, primary)| *primary).count();
    if at.len() > most {
        faults.push(format!("{} is to be on {} nodes, and may be on {most}", group.name, at.len()));
    }
    if primaries > clones.map_or(0, |clones| clones.primaries as usize) {
        faults.push(format!("{} is to have {primaries} primaries", group.name));
    }
    for (place, (node, _)) in at.iter().enumerate() {
        if at[..place].iter().any(|(other, _)| other == node) {
            faults.push(format!("{} is to be twice on {node}", group.name));
        }
    }
}

/// Whether a node is one for a group at all.
fn fit(spec: &ClusterSpec, view: &View, group: &GroupSpec, node: &NodeView, faults: &mut Vec<String>) {
    let known = known(view, &group.name);
    let here = known.copies.iter().any(|copy| {
        copy.node == node.name && (copy.owned || copy.resources.values().any(|state| state.may_run()))
    });
    let mut fault = |what: String| faults.push(format!("{} is to be on {}: {what}", group.name, node.name));
    match node.standing {
        Standing::Up => {}
        Standing::Paused if here => {}
        standing => fault(format!("which is {standing:?}")),
    }
    if !group.possible_owners.is_empty() && !group.possible_owners.contains(&node.name) {
        fault("no possible owner".to_owned());
    }
    for rule in &group.policy.rules {
        let speaks = speaks(spec, view, node, rule);
        if !rule.primary
            && (rule.then == Effect::Never && speaks == Some(true)
                || rule.then == Effect::Only && speaks == Some(false))
        {
            fault("against a rule".to_owned());
        }
    }
    match unreadiness(view, group, node, false) {
        None | Some((Degree::Lowered, _)) => {}
        Some((Degree::NotReady, _))
            if spec.when_none_ready == WhenNoneReady::BestEffort
                && !some_other_is_ready(spec, view, group) => {}
        Some((_, what)) => fault(what),
    }
}

/// What speaks against starting a group on a node, the worst of it. Said of it as if it were nowhere, what runs
/// there counts too, and what is optional, of which one may disagree otherwise: it can be given up.
fn unreadiness(
    view: &View,
    group: &GroupSpec,
    node: &NodeView,
    as_if_nowhere: bool,
) -> Option<(Degree, String)> {
    let known = known(view, &group.name);
    let mut worst: Option<(Degree, String)> = None;
    for one in &group.resources {
        let path = format!("{}/{}", group.name, one.name);
        let runs = state(&known, &node.name, &one.name).serves();
        if one.policy.unmanaged || ((runs || one.policy.optional) && !as_if_nowhere) {
            continue;
        }
        for reason in &node.not_ready {
            let speaks_of_it = match &reason.resource {
                Some(of) => *of == path,
                None => reason.kind == one.kind,
            };
            if speaks_of_it && worst.as_ref().is_none_or(|(degree, _)| reason.degree > *degree) {
                worst = Some((reason.degree, format!("not ready for {}", one.name)));
            }
        }
    }
    worst
}

/// Whether there is a node that is surely ready for a group: up, a possible owner, with nothing that speaks
/// against it, and nothing that ever failed there.
fn some_other_is_ready(spec: &ClusterSpec, view: &View, group: &GroupSpec) -> bool {
    let failed_at = |node: &NodeView| {
        view.groups.values().any(|group| group.failures.iter().any(|failure| failure.node == node.name))
    };
    view.nodes.iter().any(|node| {
        let possible = group.possible_owners.is_empty() || group.possible_owners.contains(&node.name);
        let ruled_out = group.policy.rules.iter().any(|rule| {
            let speaks = speaks(spec, view, node, rule);
            !rule.primary
                && (rule.then == Effect::Never && speaks == Some(true)
                    || rule.then == Effect::Only && speaks == Some(false))
        });
        let unready =
            unreadiness(view, group, node, true).is_some_and(|(degree, _)| degree > Degree::Lowered);
        node.standing == Standing::Up && possible && !ruled_out && !unready && !failed_at(node)
    })
}

/// Whether a rule speaks of a node now; nothing: it speaks of another time.
fn speaks(spec: &ClusterSpec, view: &View, node: &NodeView, rule: &Rule) -> Option<bool> {
    let (when, now) = (&rule.when, &view.now);
    let hour = when.hours.is_none_or(|(first, until)| {
        let mut hour = first;
        while hour != until {
            if hour == now.hour {
                return true;
            }
            hour = (hour + 1) % 24;
        }
        false
    });
    let day = when.days.is_empty() || when.days.contains(&now.day);
    let date =
        when.from.is_none_or(|from| now.date >= from) && when.until.is_none_or(|until| now.date <= until);
    let of_file = spec.nodes.iter().find(|one| one.name == node.name);
    let value = |key: &str| {
        let found = node.attributes.get(key).or_else(|| of_file.and_then(|one| one.attributes.get(key)));
        found.map(String::as_str)
    };
    (hour && day && date).then(|| rule.node.iter().all(|(key, condition)| condition.holds(value(key))))
}

/// Whether those are there that it must be with, and none that it must not be with.
fn company(
    spec: &ClusterSpec,
    view: &View,
    group: &GroupSpec,
    node: &NodeView,
    places: &Places<'_>,
    faults: &mut Vec<String>,
) {
    let domain = |name: &NodeName| {
        let of_file = spec.nodes.iter().find(|one| one.name == *name);
        of_file.and_then(|one| one.failure_domain.clone())
    };
    let same = |one: &NodeName, other: &NodeName, place: Place| {
        one == other
            || (place == Place::FailureDomain && domain(one).is_some() && domain(one) == domain(other))
    };
    for target in &group.policy.runs_with {
        let Some(at) = places.get(&target.group) else { continue };
        if !at.iter().any(|(other, primary)| **other == node.name && (*primary || !target.primary)) {
            faults.push(format!("{} is to be on {} without {target}", group.name, node.name));
        }
    }
    for target in &group.policy.never_with {
        let Some(at) = places.get(&target.group) else { continue };
        let alone = |name: &GroupName| spec.group(name).is_some_and(|other| is_left_alone(spec, view, other));
        if at.iter().any(|(other, primary)| {
            (*primary || !target.primary) && same(other, &node.name, group.policy.apart_by)
        }) && !alone(&target.group)
        {
            faults.push(format!("{} is to be on {} with {target}", group.name, node.name));
        }
    }
    let own = places.get(&group.name).map_or(&[][..], Vec::as_slice);
    if group.policy.clones.is_some() && group.policy.apart_by == Place::FailureDomain {
        let others = own.iter().filter(|(other, _)| **other != node.name);
        if others.into_iter().any(|(other, _)| same(other, &node.name, Place::FailureDomain)) {
            faults.push(format!("two copies of {} are to be in the domain of {}", group.name, node.name));
        }
    }
}

/// Whether no node has more than fits. What is left alone may be too much; nothing may be added to it.
fn capacity(spec: &ClusterSpec, view: &View, places: &Places<'_>, faults: &mut Vec<String>) {
    for node in &spec.nodes {
        for (measure, capacity) in &node.capacity {
            let users = spec.groups.iter().filter(|group| {
                places.get(&group.name).is_some_and(|at| at.iter().any(|(other, _)| **other == node.name))
            });
            let (mut used, mut is_ours) = (0_u128, false);
            for group in users {
                let amount = group.policy.uses.get(measure).copied().unwrap_or(0);
                used += u128::from(amount);
                is_ours |= amount > 0 && !is_left_alone(spec, view, group);
            }
            if is_ours && used > u128::from(*capacity) {
                faults.push(format!("{} is to have {used} {measure}, and has {capacity}", node.name));
            }
        }
    }
}
