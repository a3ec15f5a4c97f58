//! Leading: while this node leads, plans are made and carried out here.
//!
//! One loop. Whenever something is not as the last plan assumed (the database, a report, who is there, or a
//! moment that was waited for), a plan is made, recorded, and those of its steps whose turn it is are taken.
//! The steps themselves go on beside the loop, so none delays another.
//!
//! * `lease`: the leader's side of leases, and when somebody else may have what a lost node had.
//! * `concerns`: telling of what the cluster can do nothing about.
//! * `steps`: asking the database and the nodes.
//! * `planning::view`: what is known, for the planner.

pub(crate) mod concerns;
pub(crate) mod lease;
mod steps;

use crate::clock;
use crate::node::Node;
use crate::planning::recorder::Made;
use crate::planning::{self, view};
use execution::executor::Situation;
use execution::{Executor, Key, Report, Reports, Sequel};
use model::stored::{ClusterState, SoftwareVersion};
use model::{Incarnation, Moment, NodeId, NodeName, Revision};
use planner::Standing;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Why a plan is made most often.
const REPORTED: &str = "a node said what runs on it";

/// Between two looks at what nobody tells of.
const LOOK: Duration = Duration::from_millis(100);

/// What a leader knows. Kept up also while another leads: who leads next need not begin with nothing.
#[derive(Default)]
pub(crate) struct Leading {
    inner: Mutex<Inner>,
    /// Woken when a plan may have to be made.
    wake: Notify,
    pub(crate) leases: lease::Leases,
}

#[derive(Default)]
struct Inner {
    reports: Reports,
    /// Counts their changes.
    reported: u64,
    executor: Executor,
    /// The latest plan.
    plan: Option<Arc<planner::Plan>>,
}

impl Leading {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has changed that plans depend on.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Whether a node's daemon has been asked to stop.
    pub(crate) fn is_leaving(&self, node: NodeId) -> bool {
        self.lock().reports.of(node).is_some_and(|report| report.leaving)
    }

    /// What nodes say runs on them, and a number that grows with every change of it.
    pub(crate) fn reports(&self) -> (Reports, u64) {
        let inner = self.lock();
        (inner.reports.clone(), inner.reported)
    }

    /// The plan in force.
    pub(crate) fn plan(&self) -> Option<Arc<planner::Plan>> {
        self.lock().plan.clone()
    }
}

/// A node says what runs on it.
pub(crate) fn reported(node: &Node, report: Report) -> Sequel {
    let sequel = {
        let mut inner = node.leading.lock();
        let before = inner.reports.of(report.node).map(|known| (known.incarnation, known.number));
        let whose = report.node;
        let sequel = inner.reports.take(report);
        let after = inner.reports.of(whose).map(|known| (known.incarnation, known.number));
        inner.reported += u64::from(before != after);
        sequel
    };
    node.leading.wake();
    sequel
}

/// Leads, for ever; does something only while this node is the leader.
pub(crate) async fn run(node: Arc<Node>) {
    let mut last: Option<Looked> = None;
    let mut told = concerns::Told::default();
    loop {
        let next = node.leading.lock().executor.next_moment();
        let wait = next.map_or(LOOK, |next| next.since(clock::moment()).min(LOOK));
        // What is waited for, the end of a lease above all, is done when its moment comes, not at a later look.
        let wait = last.as_ref().and_then(Looked::until_next).map_or(wait, |left| left.min(wait));
        tokio::select! {
            () = node.leading.wake.notified() => {}
            () = tokio::time::sleep(wait.max(Duration::from_millis(1))) => {}
        }
        if !planning::leads(&node) {
            if last.take().is_some() {
                told = concerns::Told::default();
                let mut inner = node.leading.lock();
                *inner = Inner::default();
            }
            continue;
        }
        // The reports first: what they tell of is in the database then, not the other way round.
        let (reports, reported) = node.leading.reports();
        let state = node.state();
        if state.cluster.is_none() || !node.leading.leases.is_known(&node) {
            continue;
        }
        let looked = Looked::at(&node, &state, reported);
        let cause = looked.since(last.as_ref());
        let due = next.is_some_and(|next| next <= clock::moment());
        if cause.is_none() && !due {
            continue;
        }
        let view = view::view(&node, &state, &reports);
        let (view, plan) = planning::plan(state.clone(), view).await;
        tracing::debug!(cause, steps = plan.steps.len(), revision = state.revision.0, "planned");
        let is_new = last.as_ref().is_none_or(|last| last.steps != plan.steps);
        last = Some(Looked { next_ms: plan.report.next_ms, steps: plan.steps.clone(), ..looked });
        node.leading.lock().plan = Some(Arc::new(plan.clone()));
        take(&node, &state, &reports, &plan);
        told.tell(&node, &state);
        // A report that changes nothing of what is to be done need not be kept.
        if let Some(cause) = cause.filter(|cause| is_new || cause != REPORTED) {
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
}

/// Takes the steps whose turn it is.
fn take(node: &Arc<Node>, state: &Arc<ClusterState>, reports: &Reports, plan: &planner::Plan) {
    let standing: BTreeMap<NodeId, Standing> =
        view::standings(node, state).map(|(id, _, standing)| (id, standing)).collect();
    let may_take = |group: &model::GroupName, owner: NodeId| {
        let takeover = node.leading.leases.takeover(node, state, group, owner);
        matches!(takeover, planner::Takeover::Now)
    };
    let asked = {
        let mut inner = node.leading.lock();
        let executor = &mut inner.executor;
        let situation = Situation {
            now: clock::moment(),
            wall_ms: clock::wall().unix_ms(),
            state,
            reports,
            standing: &standing,
            may_take: &may_take,
        };
        executor.next(&situation, plan)
    };
    for (key, dispatch) in asked {
        steps::take(node, key, dispatch);
    }
}

/// What became of something that was asked.
#[derive(Debug)]
enum Became {
    /// It is done, as the database shows from this revision on.
    Done(Revision),
    /// The node is at it, as its reports from this one on will show.
    Told(Incarnation, u64),
    /// It was refused.
    Refused,
}

fn answered(node: &Node, key: &Key, became: &Became) {
    let now = clock::moment();
    {
        let executor = &mut node.leading.lock().executor;
        match became {
            Became::Done(revision) => executor.done(key, *revision),
            Became::Told(incarnation, number) => executor.told(now, key, *incarnation, *number),
            Became::Refused => executor.refused(now, key),
        }
    }
    node.leading.wake();
}

/// What plans depend on, as far as it shows whether anything has changed.
struct Looked {
    revision: u64,
    reported: u64,
    standings: BTreeMap<NodeName, Standing>,
    next_ms: Option<u64>,
    steps: Vec<planner::Step>,
    /// Both clocks, as of then.
    clocks: Clocks,
}

/// The clock that leases count on, and the wall clock, by which people and plans say when.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    boot: Moment,
    wall_ms: u64,
}

/// Both clocks are slewed alike; what differs by more than two readings one after the other, was set.
const SET_MS: u64 = 100;

impl Clocks {
    fn now() -> Self {
        Self { boot: clock::moment(), wall_ms: clock::wall().unix_ms() }
    }

    /// Whether somebody has set the wall clock since `earlier`. Then what a plan says of moments is wrong: the
    /// wait for a lost node's lease might take a day.
    fn were_set_since(self, earlier: Self) -> bool {
        let elapsed = self.boot.since(earlier.boot).as_millis();
        let expected = u64::try_from(elapsed).unwrap_or(u64::MAX).saturating_add(earlier.wall_ms);
        self.wall_ms.abs_diff(expected) > SET_MS
    }
}

impl Looked {
    fn at(node: &Node, state: &ClusterState, reported: u64) -> Self {
        let standings = view::standings(node, state);
        let standings = standings.map(|(_, record, standing)| (record.name.clone(), standing)).collect();
        let (revision, clocks) = (state.revision.0, Clocks::now());
        Self { revision, reported, standings, next_ms: None, steps: Vec::new(), clocks }
    }

    /// How long it is until the moment that the plan waits for; none if there is none ahead.
    fn until_next(&self) -> Option<Duration> {
        let left_ms = self.next_ms?.checked_sub(clock::wall().unix_ms())?;
        Some(Duration::from_millis(left_ms))
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
        if self.reported != last.reported {
            causes.push(REPORTED.to_owned());
        }
        let waited_for = |step: &planner::Step| step.not_before_ms;
        let moments = last.steps.iter().filter_map(waited_for).chain(last.next_ms);
        if moments.min().is_some_and(|next_ms| clock::wall().unix_ms() >= next_ms) {
            causes.push("a moment came that the plan before waited for".to_owned());
        }
        if self.clocks.were_set_since(last.clocks) {
            causes.push("the wall clock was set".to_owned());
        }
        (!causes.is_empty()).then(|| causes.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_was_set_is_noticed_and_one_that_goes_on_is_not() {
        let at = |boot_ms, wall_ms| Clocks { boot: Moment::from_ms(boot_ms), wall_ms };
        let (earlier, day_ms) = (at(5_000, 86_400_000), 86_400_000);
        assert!(!at(6_000, day_ms + 1_000).were_set_since(earlier));
        assert!(!at(6_000, day_ms + 1_090).were_set_since(earlier), "two readings one after the other");
        assert!(at(6_000, 1_000).were_set_since(earlier), "a day back");
        assert!(at(6_000, 2 * day_ms).were_set_since(earlier), "a day ahead");
        assert!(!at(3_605_000, day_ms + 3_600_000).were_set_since(earlier), "an hour without a plan");
    }
}
