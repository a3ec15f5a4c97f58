//! The planner: where everything runs, why, and what would happen if.
//!
//! One pure function, [`plan()`], makes steps and reasons out of what the administrator asked for (the
//! declarative file, [`model::desired`]) and what is known ([`View`]). It reads no clock, draws no lot
//! and keeps nothing: the same input gives the same plan, on every node, today and in ten years. It never
//! fails; where something cannot be done, the report says so.
//!
//! In stages, each in its room:
//!
//! 1. `problem`: names are looked up, defaults filled in, failures counted.
//! 2. `placement`: each group chooses its node, by a list of criteria that `docs/policies.md` tells.
//! 3. `ordering`: the steps from here to there, and what each waits for.
//! 4. `report`: why, in words and codes.
//!
//! Beside them: [`hypothesis`] changes a view to what would be if something happened, [`foresight`] asks
//! that for everything that can fail, [`check`] judges plans with code of its own, and [`answer`] is a plan as
//! scripts read it.
//!
//! Deliberately absent: carrying out. A plan is complete; whoever executes it decides nothing, and makes
//! a new one as soon as anything is not as the plan assumed.

pub mod answer;
pub mod check;
pub mod foresight;
pub mod hypothesis;
mod ids;
mod networks;
mod now;
mod ordering;
mod placement;
mod plan;
mod problem;
mod report;
mod sequence;
mod view;

pub use plan::{Action, Plan, Step};
pub use report::{Considered, GroupReport, Outcome, PlaceReport, Report};
pub use view::{
    CopyView, Degree, Failure, GroupView, NodeView, NotReady, Now, Standing, State, Takeover, View,
};

use model::GroupName;
use model::desired::ClusterSpec;

/// What is to be done, and why.
pub fn plan(spec: &ClusterSpec, view: &View) -> Plan {
    plan_with(spec, view, None)
}

/// The same plan, with everything that was considered for one group. Nothing if there is no such group.
#[must_use]
pub fn explain(spec: &ClusterSpec, view: &View, group: &GroupName) -> Option<GroupReport> {
    plan_with(spec, view, Some(group)).report.groups.into_iter().find(|report| report.group == *group)
}

fn plan_with(spec: &ClusterSpec, view: &View, focus: Option<&GroupName>) -> Plan {
    let mut problem = problem::build(spec, view);
    placement::mark_readiness(&mut problem, spec.when_none_ready);
    let focus = focus.and_then(|name| problem.groups.iter().find(|(_, group)| group.name() == name));
    let focus = focus.map(|(ix, _)| ix);
    let placement = placement::place(&problem, focus);
    let ordered = ordering::steps(&problem, &placement);
    let report = report::report(&problem, &placement, &ordered, focus);
    Plan { steps: ordered.steps, report }
}
