//! Thousands of random clusters: no plan that the checker objects to, and none that changes anything when
//! it is made again after it was carried out.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use model::desired::ClusterSpec;
use planner::check::{carry_out, check};
use planner::{Action, View};
use support::random::{self, Dice, Kind};
use support::told;

const SEEDS: u64 = 30_000;

fn cluster(seed: u64, kind: Kind) -> (Dice, ClusterSpec, View) {
    let mut dice = Dice::new(seed);
    let spec = random::spec(&mut dice, kind);
    let view = random::view(&mut dice, &spec, kind);
    (dice, spec, view)
}

#[test]
fn the_checker_objects_to_no_plan() {
    let kind = Kind { nodes_max: 6, groups_max: 10, runs: true, relations: true };
    for seed in 0..SEEDS {
        let (_, spec, view) = cluster(seed, kind);
        let plan = planner::plan(&spec, &view);
        let faults = check(&spec, &view, &plan);
        assert!(
            faults.is_empty(),
            "seed {seed}: {}\n{}\n{spec:#?}\n{view:#?}",
            faults.join("\n"),
            told(&plan)
        );
    }
}

#[test]
fn planning_again_after_a_plan_changes_nothing() {
    let kind = Kind { nodes_max: 6, groups_max: 10, runs: true, relations: true };
    for seed in 0..SEEDS {
        let (_, spec, view) = cluster(seed, kind);
        let plan = planner::plan(&spec, &view);
        let mut then = carry_out(&spec, &view, &plan);
        let mut again = planner::plan(&spec, &then);
        // A copy that was started can be promoted, and what needs a primary can start after that.
        let primaries =
            spec.groups.iter().filter(|one| one.policy.clones.is_some_and(|clones| clones.primaries > 0));
        for _ in 0..2 * primaries.count() {
            then = carry_out(&spec, &then, &again);
            again = planner::plan(&spec, &then);
        }
        assert!(
            again.steps.is_empty(),
            "seed {seed}:\n{}\nand again:\n{}\n{spec:#?}\n{view:#?}",
            told(&plan),
            told(&again)
        );
    }
}

#[test]
fn the_order_of_the_file_means_nothing() {
    let kind = Kind { nodes_max: 5, groups_max: 8, runs: true, relations: true };
    for seed in 0..SEEDS / 4 {
        let (mut dice, spec, view) = cluster(seed, kind);
        let mut other = spec.clone();
        for place in (1..other.groups.len()).rev() {
            let with = dice.below(place + 1);
            other.groups.swap(place, with);
        }
        other.nodes.reverse();
        let plan = planner::plan(&spec, &view);
        assert_eq!(told(&plan), told(&planner::plan(&other, &view)), "seed {seed}");
    }
}

#[test]
fn the_names_of_nodes_mean_nothing() {
    let kind = Kind { nodes_max: 5, groups_max: 8, runs: true, relations: true };
    for seed in 0..SEEDS / 4 {
        let (_, spec, view) = cluster(seed, kind);
        // Names of the same length, in another order of the alphabet; the order of joining stays.
        let rename = |text: String| {
            text.replace("\"n1\"", "\"z1\"").replace("\"n2\"", "\"m2\"").replace("\"n3\"", "\"a3\"")
        };
        let renamed = |text: String| serde_json::from_str(&rename(text)).unwrap();
        let other: ClusterSpec = renamed(serde_json::to_string(&spec).unwrap());
        let other_view = serde_json::from_str(&rename(serde_json::to_string(&view).unwrap())).unwrap();
        let plan = rename(serde_json::to_string(&places(&planner::plan(&spec, &view))).unwrap());
        let again = serde_json::to_string(&places(&planner::plan(&other, &other_view))).unwrap();
        assert_eq!(plan, again, "seed {seed}");
    }
}

fn places(plan: &planner::Plan) -> Vec<(String, Vec<String>)> {
    let of = |report: &planner::GroupReport| {
        (report.group.to_string(), report.places.iter().map(|at| at.node.to_string()).collect())
    };
    plan.report.groups.iter().map(of).collect()
}

/// What runs well, and nobody more important needs the room of, is not touched by anything that happens
/// to somebody that it has nothing to do with.
#[test]
fn what_happens_to_one_group_moves_no_other() {
    let kind = Kind { nodes_max: 5, groups_max: 8, runs: false, relations: false };
    for seed in 0..SEEDS / 2 {
        let (mut dice, mut spec, view) = cluster(seed, kind);
        for group in &mut spec.groups {
            group.policy.priority = 0;
        }
        let settled = carry_out(&spec, &view, &planner::plan(&spec, &view));
        let one = dice.pick(&spec.groups).clone();
        let mut then = settled.clone();
        let Some(known) = then.groups.get_mut(&one.name) else { continue };
        for copy in &mut known.copies {
            for (name, state) in &mut copy.resources {
                *state = planner::State::Failed;
                let failure = planner::Failure {
                    resource: name.clone(),
                    node: copy.node.clone(),
                    at_ms: then.now.unix_ms,
                    at_start: false,
                };
                known.failures.extend(std::iter::repeat_n(failure, 5));
            }
        }
        let drains = one.resources.iter().any(|one| one.policy.on_fail == model::desired::OnFail::Drain);
        let plan = planner::plan(&spec, &then);
        for step in plan.steps.iter().filter(|step| step.group != one.name && !drains) {
            // Somebody who had no place may have one now; nobody who had one loses it.
            let known = then.groups.get(&step.group).cloned().unwrap_or_default();
            let was_on = known.copies.iter().any(|copy| copy.owned);
            let mobile = spec
                .group(&step.group)
                .is_some_and(|group| group.failback != model::desired::Failback::Never);
            assert!(!was_on || mobile, "seed {seed}: {step:?}\n{spec:#?}\n{then:#?}");
        }
    }
}

/// A step for a group that is left alone, or a start without the node's having the group, is what the
/// checker is for: it sees them.
#[test]
fn the_checker_sees_what_is_wrong() {
    let kind = Kind { nodes_max: 4, groups_max: 6, runs: true, relations: true };
    let mut seen = [0_usize; 3];
    for seed in 0..SEEDS / 4 {
        let (_, spec, view) = cluster(seed, kind);
        let plan = planner::plan(&spec, &view);
        let objects = |plan: &planner::Plan| !check(&spec, &view, plan).is_empty();
        let mut hasty = plan.clone();
        if let Some(step) =
            hasty.steps.iter_mut().find(|step| step.action == Action::Start && !step.after.is_empty())
        {
            step.after.clear();
            seen[0] += usize::from(objects(&hasty));
        }
        let mut doubled = plan.clone();
        let place = doubled.report.groups.iter_mut().find(|report| {
            spec.group(&report.group).is_some_and(|group| group.policy.clones.is_none())
                && report.places.len() == 1
        });
        if let Some(report) = place {
            let twice = report.places[0].clone();
            report.places.push(twice);
            seen[1] += usize::from(objects(&doubled));
        }
        let mut astray = plan.clone();
        let gone = view.nodes.iter().find(|node| node.standing == planner::Standing::Down);
        let place = astray
            .report
            .groups
            .iter_mut()
            .find(|report| report.places.len() == 1 && report.outcome != planner::Outcome::Frozen);
        if let (Some(report), Some(gone)) = (place, gone) {
            report.places[0].node = gone.name.clone();
            seen[2] += usize::from(objects(&astray));
        }
    }
    assert!(seen.iter().all(|times| *times > 50), "{seen:?}");
}
