//! Planning: what is known, for the planner, and the record of what it said.
//!
//! What is known comes from the cluster database, from the heartbeats, and from what nodes report (`view`);
//! what to do about it is the crate `planner`'s to say; the `recorder` keeps both, so that anybody can ask
//! later why the cluster did what it did, and what another file would have made of it.
//!
//! Any node can plan, and does when it is asked (`GET /v1/plan`), from what the leader knows if that can
//! be reached. Only the leader's own plans count, and those are made and carried out in `leading`.

pub(crate) mod recorder;
pub(crate) mod view;

use crate::clock;
use crate::node::Node;
use model::desired::ClusterSpec;
use model::stored::ClusterState;
use planner::{Now, Plan, View};
use std::borrow::Cow;
use std::sync::Arc;

/// What the file asks for, as far as this version carries it out. Everything that a daemon plans with, shows
/// or records goes through here, so that what is told is what is done.
///
/// It leaves `live_migration` out: a resource that is handed over while it runs would be two nodes' for a
/// while, and an ownership is one node's. A plan with such a step would never be done; without it, the
/// resource is stopped and started like any other. Plans from files alone still have it.
pub(crate) fn carried_out(spec: &ClusterSpec) -> Cow<'_, ClusterSpec> {
    let resources = spec.groups.iter().flat_map(|group| &group.resources);
    if !resources.into_iter().any(|one| one.policy.live_migration) {
        // By far the usual case, and a large file is not copied for each plan.
        return Cow::Borrowed(spec);
    }
    let mut spec = spec.clone();
    for one in spec.groups.iter_mut().flat_map(|group| &mut group.resources) {
        one.policy.live_migration = false;
    }
    Cow::Owned(spec)
}

/// Plans on a thread of its own: in a large cluster that takes longer than a heartbeat may be late.
pub(crate) async fn plan(state: Arc<ClusterState>, view: View) -> (View, Plan) {
    let planned = tokio::task::spawn_blocking(move || {
        let plan = planner::plan(&carried_out(&state.spec), &view);
        (view, plan)
    });
    match planned.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(planned) => planned,
        // A defect: this part ends with it, which is told, and begins anew.
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // Nobody cancels it but the end of the runtime.
        Err(Err(_)) => std::future::pending().await,
    }
}

/// Whether this node leads, with a majority behind it.
pub(crate) fn leads(node: &Node) -> bool {
    let leader = node.quorum().leader;
    leader.is_some() && leader == node.id()
}

/// The present, as the calendar of this machine has it. Where the machine's time zone cannot be read it is
/// UTC's.
pub(crate) fn now() -> Now {
    let unix_ms = clock::wall().unix_ms();
    let at = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let zone = jiff::tz::TimeZone::try_system().ok();
    let ahead_s = at.zip(zone).map_or(0, |(at, zone)| zone.to_offset(at).seconds());
    Now::at(unix_ms, ahead_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use planner::{Action, CopyView, GroupView, NodeView, Standing, State, Takeover};
    use std::collections::BTreeMap;

    #[test]
    fn what_could_be_handed_over_while_it_runs_is_planned_to_stop_and_start() {
        let text =
            r#"{"name": "vm", "resources": [{"name": "guest", "type": "dummy", "exclusive": "none"}]}"#;
        let mut spec =
            ClusterSpec { groups: vec![serde_json::from_str(text).unwrap()], ..Default::default() };
        assert!(matches!(carried_out(&spec), Cow::Borrowed(_)), "nothing to leave out");
        spec.groups[0].resources[0].policy.live_migration = true;
        let node = |name: &str, standing| NodeView::new(name.parse().unwrap(), standing);
        let here = CopyView {
            node: "n1".parse().unwrap(),
            owned: true,
            takeover: Takeover::Now,
            primary: false,
            promotion: None,
            resources: BTreeMap::from([("guest".parse().unwrap(), State::Online)]),
        };
        let known = GroupView { copies: vec![here], ..GroupView::default() };
        let view = View {
            nodes: vec![node("n1", Standing::Draining), node("n2", Standing::Up)],
            groups: BTreeMap::from([("vm".parse().unwrap(), known)]),
            ..View::default()
        };
        let does = |spec: &ClusterSpec| -> Vec<Action> {
            planner::plan(spec, &view).steps.iter().map(|step| step.action).collect()
        };
        assert!(does(&spec).contains(&Action::Migrate), "as the file has it");
        assert_eq!(
            does(&carried_out(&spec)),
            [Action::Stop, Action::Release, Action::Acquire, Action::Start]
        );
    }
}
