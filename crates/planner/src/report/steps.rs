//! Why a step is taken: the decision that it comes from, in few words.

use super::decision::Decision;
use super::words::resource;
use crate::ids::{GroupIx, NodeIx};
use crate::ordering::Because;
use crate::placement::Placement;
use crate::plan::Action;
use crate::problem::Problem;

/// Why a step is taken.
pub(crate) fn because(
    problem: &Problem<'_>,
    placement: &Placement,
    ix: GroupIx,
    node: NodeIx,
    action: Action,
    because: Because,
) -> String {
    // What is started again was stopped for the same reason.
    let again = matches!(action, Action::Start | Action::Promote);
    match because {
        Because::Placed => placed(&Decision { problem, placement, ix }, node, action),
        Because::Failed => if again { "it failed, and is started again" } else { "it failed" }.to_owned(),
        Because::Changed => "its parameters have changed".to_owned(),
        Because::NotRunning => "it does not run, and should".to_owned(),
        Because::NeedsResource(other) => needs(again, resource(problem, ix, other).as_str()),
        Because::NeedsGroup(other) => needs(again, problem.groups[other].name().as_str()),
        Because::FoundTwice => "it was found on several nodes".to_owned(),
        Because::Stranger => "the file does not know it any more".to_owned(),
        Because::Unknown => "nobody knows whether it runs".to_owned(),
    }
}

fn needs(again: bool, other: &str) -> String {
    match again {
        true => format!("it was stopped because it needs `{other}`"),
        false => format!("it needs `{other}`, which is interrupted"),
    }
}

fn placed(decision: &Decision<'_>, node: NodeIx, action: Action) -> String {
    let places = &decision.placement.choices[decision.ix].places;
    let comes = places.iter().any(|at| at.node == node);
    let is_clone = decision.problem.groups[decision.ix].is_clone();
    match (action, decision.left()) {
        _ if places.is_empty() => decision.offline(node),
        (Action::Promote | Action::Demote, _) => decision.primary(),
        // Copies come and go each for themselves.
        _ if comes && is_clone => decision.comes(&[node]),
        (Action::Migrate, _) => decision.moves(node),
        _ if !comes => decision.leaves(node),
        (Action::Acquire, Some(from)) => decision.moves(from),
        _ => decision.starts(),
    }
}
