//! What keeps a group from a node, in words.

use super::words::{aim, forgotten, resource, times};
use crate::ids::{GroupIx, NodeIx};
use crate::placement::Bar;
use crate::problem::{Problem, Unfit};
use crate::view::Standing;

/// Said beside the node's name, with what can be done about it.
pub(super) fn beside(problem: &Problem<'_>, ix: GroupIx, node: NodeIx, bar: &Bar) -> String {
    let text = match bar {
        Bar::Standing(standing) => self::standing(*standing).to_owned(),
        Bar::Emptied(by) => {
            format!("emptied, because a resource of `{}` failed there", problem.groups[*by].name())
        }
        Bar::Unfit(Unfit::NotPossible) => "not among its possible owners".to_owned(),
        Bar::Unfit(Unfit::Rule(rule)) => format!("rule {} of the group keeps it away", rule + 1),
        Bar::NotReady(..) => not_ready(problem, ix, node, bar),
        Bar::Worn(worn) => {
            let name = resource(problem, ix, worn.resource);
            format!("`{name}` failed there {} lately", times(worn.failures))
        }
        Bar::Apart(never) => {
            format!("`{}` is there, and they are never together", problem.groups[*never].name())
        }
        Bar::Elsewhere(other) => format!("it runs only with {}, which is not there", aim(problem, *other)),
        Bar::SameDomain => "another copy is in the same failure domain".to_owned(),
        Bar::Room(..) => room(problem, bar),
    };
    with_remedy(problem, ix, bar, text)
}

/// Said as a sentence of its own.
pub(super) fn sentence(problem: &Problem<'_>, ix: GroupIx, node: NodeIx, bar: &Bar) -> String {
    let name = problem.nodes[node].name;
    match bar {
        Bar::Standing(standing) => format!("{name} is {}", self::standing(*standing)),
        Bar::Emptied(by) => {
            format!("{name} is emptied, because a resource of `{}` failed there", problem.groups[*by].name())
        }
        Bar::Unfit(Unfit::NotPossible) => format!("{name} is not among its possible owners"),
        Bar::Unfit(Unfit::Rule(rule)) => format!("rule {} of the group keeps it away from {name}", rule + 1),
        Bar::NotReady(..) => format!("{name} is {}", not_ready(problem, ix, node, bar)),
        Bar::Worn(worn) => {
            let resource = resource(problem, ix, worn.resource);
            format!("`{resource}` failed on {name} {} lately", times(worn.failures))
        }
        Bar::Apart(never) => {
            format!("`{}` is on {name}, and they are never together", problem.groups[*never].name())
        }
        Bar::Elsewhere(other) => {
            format!("it runs only with {}, which is not on {name}", aim(problem, *other))
        }
        Bar::SameDomain => format!("another copy is in the failure domain of {name}"),
        Bar::Room(..) => format!("{name} has {}", room(problem, bar)),
    }
}

/// A sentence about something that can be mended, with how.
pub(super) fn with_remedy(problem: &Problem<'_>, ix: GroupIx, bar: &Bar, sentence: String) -> String {
    match bar {
        Bar::Worn(worn) => format!("{sentence}; {}", forgotten(problem, ix, worn)),
        _ => sentence,
    }
}

fn not_ready(problem: &Problem<'_>, ix: GroupIx, node: NodeIx, bar: &Bar) -> String {
    let Bar::NotReady(resource, reason) = bar else { return String::new() };
    let one = problem.groups[ix].resource(*resource);
    let reason = problem.nodes[node].not_ready.get(*reason).map_or("", |one| one.reason.as_str());
    format!("not ready for `{}` ({}): {reason}", one.name, one.kind)
}

fn room(problem: &Problem<'_>, bar: &Bar) -> String {
    let Bar::Room(measure, needed, free) = bar else { return String::new() };
    format!("too little {}: it needs {needed}, and {free} is free", problem.measures[*measure])
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Up => "up",
        Standing::Paused => "paused: it keeps what it has and gets nothing more",
        Standing::Draining => "being drained",
        Standing::Maintenance => "in maintenance",
        Standing::Joining => "not a full member yet",
        Standing::Isolated => "cut off from the majority",
        Standing::Down => "down",
    }
}
