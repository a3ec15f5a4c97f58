//! For which groups no node is ready, so that they are tried where least is wrong.

use super::bars::{self, Bar};
use crate::ids::GroupIx;
use crate::problem::Problem;
use crate::view::Degree;
use model::desired::WhenNoneReady;

/// Notes it for each group. Whether a ready node has room, or runs what a group must be with, is another question:
/// a group waits for a node that is ready and full, and is not put where it was never validated.
pub(crate) fn mark(problem: &mut Problem<'_>, policy: WhenNoneReady) {
    let is_doubtful = |degree: &Degree| *degree == Degree::NotReady;
    let any = problem.nodes.iter().any(|(_, node)| node.not_ready.iter().any(|it| is_doubtful(&it.degree)));
    if policy == WhenNoneReady::Stay || !any {
        return;
    }
    let groups: Vec<GroupIx> = problem.groups.iter().map(|(ix, _)| ix).collect();
    let none_ready: Vec<GroupIx> = groups.into_iter().filter(|ix| is_none_ready(problem, *ix)).collect();
    for ix in none_ready {
        problem.groups[ix].none_ready = true;
    }
}

/// As if it were nowhere: what is asked is where it could be started, and the answer must not change because a plan
/// is carried out.
fn is_none_ready(problem: &Problem<'_>, ix: GroupIx) -> bool {
    let bars = problem
        .nodes
        .places()
        .map(|node| (bars::fixed(problem, ix, node, false), bars::degree(problem, ix, node, false)));
    let mut could = false;
    for (bar, degree) in bars {
        match bar {
            None => return false,
            Some(Bar::NotReady(..)) => could |= degree == Some(Degree::NotReady),
            Some(_) => {}
        }
    }
    could
}
