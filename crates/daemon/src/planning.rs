//! Planning: the leader makes a plan whenever something that plans depend on has changed, and every plan
//! is recorded with what it was made of.
//!
//! What is known comes from the cluster database and from the heartbeats (`view`); what to do about it is
//! the crate `planner`'s to say; the `recorder` keeps both, so that anybody can ask later why the cluster
//! did what it did, and what another file would have made of it.
//!
//! Any node can plan, and does when it is asked (`GET /v1/plan`), from what the leader knows if that can
//! be reached. Only the leader's own plans count.

pub(crate) mod recorder;
pub(crate) mod view;

use crate::clock;
use crate::node::Node;
use model::NodeName;
use model::stored::{ClusterState, SoftwareVersion};
use planner::{Now, Plan, Standing, View};
use recorder::Made;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Plans, for ever; does something only while this node leads.
pub(crate) async fn run(node: Arc<Node>) {
    let mut last: Option<Looked> = None;
    loop {
        clock::beat(LOOK).await;
        if !leads(&node) {
            last = None;
            continue;
        }
        let state = node.state();
        if state.cluster.is_none() {
            continue;
        }
        let looked = Looked::at(&node, &state);
        let Some(cause) = looked.since(last.as_ref()) else { continue };
        let view = view::view(&node, &state);
        let (view, plan) = plan(state.clone(), view).await;
        last = Some(Looked { next_ms: plan.report.next_ms, ..looked });
        node.recorder.keep(Made {
            time: clock::wall(),
            cause,
            revision: state.revision,
            version: SoftwareVersion::current(),
            state,
            view,
            plan,
        });
    }
}

/// Plans on a thread of its own: in a large cluster that takes longer than a heartbeat may be late.
async fn plan(state: Arc<ClusterState>, view: View) -> (View, Plan) {
    let planned = tokio::task::spawn_blocking(move || {
        let plan = planner::plan(&state.spec, &view);
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

/// What plans depend on, as far as it shows whether anything has changed.
struct Looked {
    revision: u64,
    standings: BTreeMap<NodeName, Standing>,
    next_ms: Option<u64>,
}

impl Looked {
    fn at(node: &Node, state: &ClusterState) -> Self {
        let standings = view::standings(node, state);
        let standings = standings.map(|(_, record, standing)| (record.name.clone(), standing)).collect();
        Self { revision: state.revision.0, standings, next_ms: None }
    }

    /// Why there should be another plan; none if nothing has changed.
    fn since(&self, last: Option<&Self>) -> Option<String> {
        let Some(last) = last else { return Some("a node began to lead".to_owned()) };
        let mut causes: Vec<String> = self
            .standings
            .iter()
            .filter(|(name, standing)| last.standings.get(*name) != Some(*standing))
            .map(|(name, standing)| format!("{name} is {}", standing.as_str()))
            .collect();
        if self.revision != last.revision {
            causes.push(format!("the cluster database is at revision {}", self.revision));
        }
        if last.next_ms.is_some_and(|next_ms| clock::wall().unix_ms() >= next_ms) {
            causes.push("a moment came that the plan before waited for".to_owned());
        }
        (!causes.is_empty()).then(|| causes.join("; "))
    }
}
