//! Judges a plan, with code of its own.
//!
//! It knows nothing of how the planner thinks: it reads the file, the view and the plan, by name, and
//! says what is wrong. It is slow and plain on purpose. Tests hold every plan against it, and whoever
//! executes plans may do so too: a plan that it objects to must not be carried out.

mod carry_out;
mod places;
mod steps;

pub use carry_out::carry_out;

use crate::plan::Plan;
use crate::view::{CopyView, GroupView, State, View};
use model::GroupName;
use model::desired::{ClusterSpec, GroupSpec};

/// What is wrong with a plan: nothing, or a sentence for each fault.
#[must_use]
pub fn check(spec: &ClusterSpec, view: &View, plan: &Plan) -> Vec<String> {
    let mut faults = Vec::new();
    places::check(spec, view, plan, &mut faults);
    steps::check(spec, view, plan, &mut faults);
    faults
}

/// What is known of a group; nothing is known of one that the view leaves out.
fn known(view: &View, group: &GroupName) -> GroupView {
    view.groups.get(group).cloned().unwrap_or_default()
}

/// Whether nothing may be done with a group.
fn is_left_alone(spec: &ClusterSpec, view: &View, group: &GroupSpec) -> bool {
    let known = known(view, &group.name);
    let stuck = known.copies.iter().filter(|copy| is_there(view, copy)).any(|copy| {
        let blocked = |one: &model::desired::ResourceSpec| {
            let state = copy.resources.get(&one.name).copied().unwrap_or(State::Offline);
            let blocks = one.policy.on_fail == model::desired::OnFail::Block;
            let unmanaged = one.policy.unmanaged && state.may_run();
            unmanaged || state == State::StopFailed || (state == State::Failed && blocks)
        };
        group.resources.iter().any(blocked)
    });
    // Found on several nodes: it runs, and does not only stop, on more than one of them.
    let serves = |copy: &&CopyView| {
        let runs = |one: &model::desired::ResourceSpec| state(&known, &copy.node, &one.name).serves();
        is_there(view, copy) && group.resources.iter().any(runs)
    };
    let twice = group.policy.clones.is_none()
        && group.policy.found_twice == model::desired::FoundTwice::Block
        && known.copies.iter().filter(serves).count() > 1;
    spec.maintenance || known.maintenance || group.policy.unmanaged || stuck || twice
}

/// Whether a copy's node can be told to do things.
fn is_there(view: &View, copy: &CopyView) -> bool {
    use crate::view::Standing::{Down, Isolated, Joining};
    let node = view.nodes.iter().find(|node| node.name == copy.node);
    node.is_some_and(|node| !matches!(node.standing, Down | Isolated | Joining))
}

/// How a resource is on a node.
fn state(known: &GroupView, node: &model::NodeName, resource: &model::ResourceName) -> State {
    let copy = known.copies.iter().find(|copy| copy.node == *node);
    copy.and_then(|copy| copy.resources.get(resource)).copied().unwrap_or(State::Offline)
}
