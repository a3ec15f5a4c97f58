//! Words that sentences are made of.

use crate::ids::{GroupIx, NodeIx, ResourceIx};
use crate::problem::{Aim, Problem, Worn};

/// So many nodes are named in a sentence at most.
const NAMED_MAX: usize = 4;

/// How often something happened.
pub(super) fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// Another group, or its primary.
pub(super) fn aim(problem: &Problem<'_>, aim: Aim) -> String {
    let name = problem.groups[aim.group].name();
    if aim.primary { format!("the primary of `{name}`") } else { format!("`{name}`") }
}

/// What becomes of another group, or of its primary, where nobody can have it.
pub(super) fn missing(problem: &Problem<'_>, other: Aim) -> String {
    match other.primary {
        true => "there will be none".to_owned(),
        false => format!("{} will be offline", aim(problem, other)),
    }
}

/// Why a group is offline that needs another one online.
pub(super) fn needs(problem: &Problem<'_>, other: Aim) -> String {
    format!("it is online only while {} is, and {}", aim(problem, other), missing(problem, other))
}

/// Nodes by name: `n1, n2 and n3`.
pub(super) fn names(problem: &Problem<'_>, nodes: &[NodeIx]) -> String {
    let name = |node: &NodeIx| problem.nodes[*node].name.as_str();
    match nodes {
        [] => "no node".to_owned(),
        [one] => name(one).to_owned(),
        [all @ .., last] if nodes.len() <= NAMED_MAX => {
            let all: Vec<&str> = all.iter().map(name).collect();
            format!("{} and {}", all.join(", "), name(last))
        }
        many => {
            let some: Vec<&str> = many.iter().take(NAMED_MAX - 1).map(name).collect();
            format!("{} and {} more", some.join(", "), many.len() - some.len())
        }
    }
}

/// The name of a resource of a group.
pub(super) fn resource<'a>(
    problem: &Problem<'a>,
    ix: GroupIx,
    resource: ResourceIx,
) -> &'a model::ResourceName {
    &problem.groups[ix].resource(resource).name
}

/// When failures will be forgotten, and how at once.
pub(super) fn forgotten(problem: &Problem<'_>, ix: GroupIx, worn: &Worn) -> String {
    let wait = span(worn.until_ms.saturating_sub(problem.now.unix_ms));
    format!(
        "forgotten in {wait}, or with `steadfast resource clear {}`",
        resource(problem, ix, worn.resource)
    )
}

/// A span for people: the two largest units at most.
pub(super) fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
