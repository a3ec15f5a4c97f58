//! The planner: any file that could be applied, and anything that may be known of a cluster.
//!
//! The bytes decide what is in the file and in the view (`draw`, `file`, `known`); they are not a text
//! that somebody reads, for a text that a mutation broke would never reach the planner.

mod draw;
mod file;
mod known;

use super::{Target, ensure};
use draw::Draw;
use model::desired::ClusterSpec;
use planner::check::{carry_out, check};
use planner::{State, Step, View};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Seeds: so many, of so many bytes; a small cluster takes some hundred.
const SEEDS: u64 = 256;
const BYTES: usize = 600;

/// Plans, and what they lead to.
pub(super) const PLANNER: Target = Target {
    name: "planner",
    reads: "decisions on what is in a file and what is known",
    run: |bytes| {
        let mut draw = Draw::from(bytes);
        let wild = draw.one_in(8);
        let spec = file::file(&mut draw, wild);
        let view = known::view(&mut draw, &spec);
        match wild {
            // What is refused at `apply` gets no good plan; it gets one.
            true => plan_again(&spec, &view).map(drop),
            false => holds(&spec, &view),
        }
    },
    seeds: || {
        let seed = |number| {
            let mut dice = SmallRng::seed_from_u64(number);
            (0..BYTES).map(|_| dice.random()).collect()
        };
        (0..SEEDS).map(seed).collect()
    },
    words: &[],
};

/// Plans, carries out and plans, until nothing is left to do or a few rounds have passed; the rounds that
/// it took.
fn plan_again(spec: &ClusterSpec, view: &View) -> Result<Option<usize>, String> {
    let mut then = view.clone();
    for round in 0..=rounds(spec) {
        let plan = planner::plan(spec, &then);
        if plan.steps.is_empty() {
            return Ok(Some(round));
        }
        then = carry_out(spec, &then, &plan);
    }
    Ok(None)
}

/// One, and two for each group that has primaries: a copy that was started can be promoted, and what
/// needs a primary can start after that.
fn rounds(spec: &ClusterSpec) -> usize {
    let has_primaries =
        |group: &&model::desired::GroupSpec| group.policy.clones.is_some_and(|clones| clones.primaries > 0);
    1 + 2 * spec.groups.iter().filter(has_primaries).count()
}

fn holds(spec: &ClusterSpec, view: &View) -> Result<(), String> {
    let plan = planner::plan(spec, view);
    let faults = check(spec, view, &plan);
    ensure(faults.is_empty(), &format!("the checker objects: {}\n{}", faults.join("\n"), told(spec, view)))?;
    ensure(plan == planner::plan(spec, view), "the same knowledge leads to two plans")?;
    let states =
        || view.groups.values().flat_map(|group| &group.copies).flat_map(|copy| copy.resources.values());
    // What nobody knows is found out first, and only then planned with.
    if states().any(|state| *state == State::Unknown) {
        return Ok(());
    }
    match plan_again(spec, view)? {
        Some(_) => Ok(()),
        None => Err(format!("planning again always finds something to do\n{}", told(spec, view))),
    }
}

/// A file and a view, and what is planned in each round.
fn told(spec: &ClusterSpec, view: &View) -> String {
    let mut out = format!("{spec:#?}\n{view:#?}\n");
    let mut then = view.clone();
    for round in 0..=rounds(spec) {
        let plan = planner::plan(spec, &then);
        out.push_str(&format!("round {round}:\n"));
        for group in &plan.report.groups {
            let places: Vec<&str> = group.places.iter().map(|at| at.node.as_str()).collect();
            out.push_str(&format!("  {} {:?}: {}\n", group.group, places, group.reason));
        }
        for step in &plan.steps {
            let resource = step.resource.as_ref().map_or("", |name| name.as_str());
            let Step { id, action, group, node, after, .. } = step;
            out.push_str(&format!("  {id} {action} {group}/{resource} on {node} after {after:?}\n"));
        }
        then = carry_out(spec, &then, &plan);
    }
    out
}
