//! Groups that run on one node, because they run with each other: is there a node that may have them
//! all, with room for them, and does none of them refuse another?
//!
//! What is at one node follows from what is there already. If `a` runs with `b`, and `b` runs on one
//! node alone, then either is where the other is. If `b` runs on several, then `b` is where `a` is, and
//! not the other way round. The same holds for a group's primary, which is where one of its copies is.
//! So the file is a graph of things that are somewhere, in which everything that can be reached is at the
//! same node.
//!
//! What it does not see: rules, readiness, and what else is running. Those change; what is said here is
//! so for as long as the file stands.

mod capacity;
mod graph;
mod owners;
mod refusal;

use super::links::Links;
use crate::findings::Findings;
use crate::read::{PlacedGroup, PlacedNode};
use graph::Graph;
pub(super) use graph::is_single;

/// How many steps through the graph are taken in all. A file with thousands of chains of groups that run
/// on several nodes each could ask for more; what is wrong with the rest of it, the planner says.
const STEPS_MAX: usize = 2_000_000;

pub(super) fn check(
    groups: &[PlacedGroup],
    nodes: &[PlacedNode],
    links: &Links<'_>,
    findings: &mut Findings<'_>,
) {
    let mut graph = Graph::new(groups, links);
    let mut refusals = refusal::Refusals::default();
    let mut owners = owners::Owners::default();
    let room = capacity::Room::of(nodes);
    let mut steps = STEPS_MAX;
    for start in 0..groups.len() {
        // What is where another is has been looked at with that one.
        if !graph.is_first(start) {
            continue;
        }
        let here = graph.reached(start);
        let cost = here.iter().map(|group| 1 + groups[*group].possible.len()).sum();
        let Some(left) = steps.checked_sub(cost) else { return };
        steps = left;
        refusals.check(groups, links, &graph, &here, findings);
        let common = owners.check(groups, links, &here, findings);
        room.check(groups, &here, common.as_ref(), findings);
        if findings.full() {
            return;
        }
    }
}
