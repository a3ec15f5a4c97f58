//! Who chooses when.
//!
//! What nothing is done with is counted first. Then the more important first; among equals, whoever is
//! looked at before who looks; then by name. Where looking goes in a circle (it can, for what is only a
//! wish), the first name breaks it. Nothing here depends on what runs, so the order of two groups does
//! not change from plan to plan.

use crate::ids::GroupIx;
use crate::problem::{Group, Problem};
use crate::sequence::{Link, sequence};

/// All groups, in the order in which they choose.
pub(super) fn order(problem: &Problem<'_>) -> Vec<GroupIx> {
    let chooses = problem.groups.iter().filter(|(_, group)| group.frozen.is_none());
    let links = chooses.flat_map(|(ix, group)| {
        // One that is less important, and not needed, chooses later whoever looks at it.
        let first = looks_at(group).filter(|other| problem.groups[*other].priority >= group.priority);
        first.map(move |first| Link { first, then: ix, must: true })
    });
    sequence(problem.groups.len(), links.collect(), |ix| {
        let group = &problem.groups[ix];
        (group.frozen.is_none(), std::cmp::Reverse(group.priority))
    })
}

/// Whose place matters for where a group goes.
fn looks_at<'a>(group: &'a Group<'_>) -> impl Iterator<Item = GroupIx> + 'a {
    let needed = group.runs_with.iter().chain(group.start_after.iter().flatten());
    let near = group.near.iter().map(|(aim, ..)| aim);
    let primaries = group.apart_from_primary.iter().map(|(other, _)| *other);
    needed.chain(near).map(|aim| aim.group).chain(primaries)
}
