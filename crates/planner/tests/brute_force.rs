//! Small clusters, held against every arrangement that there is.
//!
//! Nothing runs yet, so everybody is free. Each of the at most five to the sixth arrangements that breaks
//! no rule is looked at, by code that shares nothing with the planner:
//!
//! * Nobody has a place in another arrangement who has none in the plan, unless somebody who chooses
//!   before it has none there.
//! * Nobody would be better off on another node where it could be as well, by the criteria in their order,
//!   unless the report says that it yields.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use model::desired::{ClusterSpec, Effect, GroupSpec, Place, WhenNoneReady};
use planner::{Degree, NodeView, NotReady, Plan, Standing, View};
use support::random::{self, Dice, Kind};
use support::told;

/// So many clusters: some seconds.
const SEEDS: u64 = 10_000;

/// Where each group is: a node's place in the view, or nowhere.
type Arrangement = Vec<Option<usize>>;

#[test]
fn nobody_is_left_out_who_could_have_a_place() {
    let mut left_out = 0;
    for seed in 0..SEEDS {
        let (spec, view) = cluster(seed);
        let plan = planner::plan(&spec, &view);
        let order = order(&spec);
        let planned = planned(&spec, &view, &plan);
        left_out += usize::from(planned.iter().any(Option::is_none));
        let placed = |arrangement: &Arrangement| -> Vec<bool> {
            order.iter().map(|group| arrangement[*group].is_some()).collect()
        };
        let best = every(&spec, &view).map(|arrangement| placed(&arrangement)).max();
        assert_eq!(Some(placed(&planned)), best, "seed {seed}:\n{}\n{spec:#?}\n{view:#?}", told(&plan));
    }
    assert!(left_out > SEEDS as usize / 20, "only {left_out} clusters were too small");
}

#[test]
fn nobody_would_be_better_off_elsewhere() {
    let mut compared = 0;
    for seed in 0..SEEDS {
        let (spec, view) = cluster(seed);
        let plan = planner::plan(&spec, &view);
        let planned = planned(&spec, &view, &plan);
        for (group, at) in planned.iter().enumerate() {
            let Some(at) = at else { continue };
            let name = &spec.groups[group].name;
            let report = planner::explain(&spec, &view, name).unwrap();
            if report.considered.iter().any(|node| node.code == "yields") {
                continue;
            }
            for other in 0..view.nodes.len() {
                let mut moved = planned.clone();
                moved[group] = Some(other);
                if other != *at && is_allowed(&spec, &view, &moved) {
                    compared += 1;
                    let worth = |node: usize| {
                        let unready = unready(&spec.groups[group], &view.nodes[node]);
                        (-unready, score(&spec, &view, group, node))
                    };
                    let (here, there) = (worth(*at), worth(other));
                    assert!(
                        here >= there,
                        "seed {seed}: {name}: {here:?} < {there:?}\n{}\n{spec:#?}",
                        told(&plan)
                    );
                }
            }
        }
    }
    assert!(compared > SEEDS as usize, "only {compared} places were compared");
}

fn cluster(seed: u64) -> (ClusterSpec, View) {
    let kind = Kind { nodes_max: 4, groups_max: 6, runs: false, relations: false };
    let mut dice = Dice::new(seed);
    let spec = random::spec(&mut dice, kind);
    let view = random::view(&mut dice, &spec, kind);
    (spec, view)
}

/// Who chooses when: the more important first, then by name.
fn order(spec: &ClusterSpec) -> Vec<usize> {
    let mut order: Vec<usize> = (0..spec.groups.len()).collect();
    order.sort_by_key(|ix| (-spec.groups[*ix].policy.priority, spec.groups[*ix].name.clone()));
    order
}

fn planned(spec: &ClusterSpec, view: &View, plan: &Plan) -> Arrangement {
    let place = |group: &GroupSpec| {
        let at = plan.report.group(&group.name).unwrap().places.first()?;
        view.nodes.iter().position(|node| node.name == at.node)
    };
    spec.groups.iter().map(place).collect()
}

/// Every arrangement that breaks no rule.
fn every<'a>(spec: &'a ClusterSpec, view: &'a View) -> impl Iterator<Item = Arrangement> + 'a {
    let choices = view.nodes.len() + 1;
    let count = choices.pow(spec.groups.len() as u32);
    let arrangement = move |mut number: usize| -> Arrangement {
        let digit = |_| {
            let digit = number % choices;
            number /= choices;
            digit.checked_sub(1)
        };
        spec.groups.iter().map(digit).collect()
    };
    (0..count).map(arrangement).filter(|arrangement| is_allowed(spec, view, arrangement))
}

fn is_allowed(spec: &ClusterSpec, view: &View, arrangement: &Arrangement) -> bool {
    let domain = |node: usize| {
        let name = &view.nodes[node].name;
        spec.failure_domain(name).map_or(format!("node {name}"), |domain| format!("domain {domain}"))
    };
    for (group, at) in spec.groups.iter().zip(arrangement) {
        let Some(at) = at else { continue };
        let node = &view.nodes[*at];
        let possible = group.possible_owners.is_empty() || group.possible_owners.contains(&node.name);
        let ready = match unready(group, node) {
            0 | 1 => true,
            2 => spec.when_none_ready == WhenNoneReady::BestEffort && none_ready(view, group),
            _ => false,
        };
        if node.standing != Standing::Up || !possible || !ready {
            return false;
        }
        for never in &group.policy.never_with {
            let other = spec.groups.iter().position(|other| other.name == never.group).unwrap();
            let together = arrangement[other].is_some_and(|other| match group.policy.apart_by {
                Place::Node => other == *at,
                Place::FailureDomain => domain(other) == domain(*at),
            });
            if together {
                return false;
            }
        }
    }
    spec.nodes.iter().enumerate().all(|(place, node)| {
        let users = spec.groups.iter().zip(arrangement).filter(|(_, at)| **at == Some(place));
        let used: u64 = users.filter_map(|(group, _)| group.policy.uses.get("memory")).sum();
        node.capacity.get("memory").is_none_or(|capacity| used <= *capacity)
    })
}

/// How far from ready a node is for a group: 0, not at all; 1, others go before; 2, it is not what was validated;
/// 3, it cannot run there.
fn unready(group: &GroupSpec, node: &NodeView) -> i64 {
    let started = group.resources.iter().filter(|one| !one.policy.unmanaged);
    let of = |not: &NotReady| match not.degree {
        Degree::Lowered => 1,
        Degree::NotReady => 2,
        Degree::Unable => 3,
    };
    let reasons = started.flat_map(|one| node.not_ready.iter().filter(|not| not.kind == one.kind));
    reasons.map(of).max().unwrap_or(0)
}

fn none_ready(view: &View, group: &GroupSpec) -> bool {
    !view.nodes.iter().any(|node| {
        let possible = group.possible_owners.is_empty() || group.possible_owners.contains(&node.name);
        possible && node.standing == Standing::Up && unready(group, node) < 2
    })
}

/// What a node is worth to a group, as docs/policies.md says.
fn score(spec: &ClusterSpec, view: &View, group: usize, node: usize) -> i64 {
    let (group, name) = (&spec.groups[group], &view.nodes[node].name);
    let preferred = group.preferred_owners.iter().rev().position(|one| one == name);
    let rules = group.policy.rules.iter().map(|rule| match rule.then {
        Effect::Score(score) => i64::from(score),
        _ => 0,
    });
    preferred.map_or(0, |place| 10_000 * (place as i64 + 1))
        + i64::from(group.policy.scores.get(name).copied().unwrap_or(0))
        + rules.sum::<i64>()
}
