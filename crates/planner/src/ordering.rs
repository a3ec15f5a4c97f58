//! From where everything is to where it is to be: steps, and what each has to wait for.
//!
//! First is decided what goes on without a break ([`continuity`]); whatever else runs and needs something
//! that does not, is stopped and started again. Then each group gets its steps on each node ([`within`]),
//! and steps of different groups are put in order ([`between`]). Nothing waits for anything that it does
//! not need: there is no order but by these edges.
//!
//! Stops never wait for starts. That is why the steps cannot go in a circle, whatever the policies say. A
//! running resource that is handed over leaves one node by coming up on another, so that step may wait for
//! itself (two that are never together change places): then it is stopped and started like any other.

mod between;
mod continuity;
mod draft;
mod within;

pub(crate) use continuity::Continuity;
pub(crate) use draft::Because;

use crate::ids::{GroupIx, Of};
use crate::placement::Placement;
use crate::plan::Step;
use crate::problem::Problem;
use draft::Draft;

/// The steps, and what they mean for each group.
pub(crate) struct Ordered {
    pub(crate) steps: Vec<Step>,
    /// Whether there is a step with it.
    pub(crate) is_touched: Of<GroupIx, bool>,
    pub(crate) continuity: Continuity,
}

/// Draws the steps up, and puts them in order.
pub(crate) fn steps(problem: &Problem<'_>, placement: &Placement) -> Ordered {
    let continuity = continuity::find(problem, placement);
    let mut draft = draw(problem, placement, &continuity, Of::filled(problem.groups.len(), false));
    while let Some(group) = draft.handed_over_in_a_circle() {
        let mut cold = draft.cold;
        cold[group] = true;
        draft = draw(problem, placement, &continuity, cold);
    }
    let mut is_touched = Of::filled(problem.groups.len(), false);
    for step in &draft.steps {
        is_touched[step.group] = true;
    }
    let steps = draft.finish(problem, placement);
    Ordered { steps, is_touched, continuity }
}

fn draw<'a>(
    problem: &Problem<'a>,
    placement: &Placement,
    continuity: &Continuity,
    cold: Of<GroupIx, bool>,
) -> Draft<'a> {
    let mut draft = Draft::new(problem.groups.len(), cold);
    for group in problem.groups.places() {
        within::steps(problem, placement, continuity, group, &mut draft);
    }
    between::order(problem, placement, continuity, &mut draft);
    draft
}
