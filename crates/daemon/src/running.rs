//! What runs on this node: the shell around `execution::Runner`.
//!
//! One lock holds the runner, the gate, and what the monitors were told; whoever has news for the runner takes
//! it, gives the news, and carries out what follows before letting go. So gates are written in the order in
//! which they were decided, and nothing is started before its gate is open. What takes time (a monitor's call, a write to the
//! database) goes on beside it, and its end is news again.
//!
//! * `agents`: what agents ask of the cluster, and note for it.
//! * `gates`: the lease gate of this node, and `keeper`: who holds it while there is no daemon.
//! * `lease`: asking for the lease, with each heartbeat.
//! * `reporting`: telling the leader what runs here.
//! * `lifetimes`: what is beneath the gate.
//! * `leaving`: the daemon is asked to stop.
//! * `notify`: copies of what has roles hear of each other.
//! * `watchdog`: what ends this machine where nothing else ends what runs here.
//! * `awake`: the machine is asked not to sleep.

pub(crate) mod agents;
pub(crate) mod awake;
pub(crate) mod gates;
mod keeper;
pub(crate) mod lease;
pub(crate) mod leaving;
pub(crate) mod lifetimes;
pub(crate) mod notify;
pub(crate) mod reporting;
pub(crate) mod watchdog;

use crate::clock;
use crate::config::Config;
use crate::monitors::Change;
use crate::node::Node;
use execution::{Clock, Effect, FailureSeen, Order, Report, Runner};
use gates::Gates;
use lifetimes::Lifetimes;
use model::stored::{Actor, ClusterState, Command, NodeMeans, Proposal};
use model::{GroupName, Incarnation, Moment, NodeId, RequestId};
use resource_api::Verb;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use watchdog::Watchdog;

/// A write of this node about itself that found no majority is tried again so much later.
const AGAIN: Duration = Duration::from_millis(500);

/// What runs here.
pub(crate) struct Running {
    inner: Mutex<Inner>,
    /// The number of the latest report.
    pub(crate) changes: watch::Sender<u64>,
    /// What restarts this node where nothing else helps.
    pub(crate) watchdog: Watchdog,
}

struct Inner {
    /// None before this node belongs to a cluster.
    runner: Option<Runner>,
    gates: Gates,
    /// Calls that go on.
    calls: BTreeMap<u64, AbortHandle>,
}

/// What the clocks say.
pub(crate) fn now() -> Clock {
    Clock { boot: clock::moment(), wall: clock::wall() }
}

impl Running {
    pub(crate) fn new(config: &Config) -> Self {
        let (runner, calls) = (None, BTreeMap::new());
        let gates = Gates::new(config.node.as_str(), &config.socket);
        let watchdog = Watchdog::new(config.watchdog.is_some());
        let inner = Mutex::new(Inner { runner, gates, calls });
        Self { inner, changes: watch::Sender::new(0), watchdog }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is the case here, as far as it has changed since that report; nothing before there is a cluster.
    pub(crate) fn report(&self, since: u64) -> Option<Report> {
        self.lock().runner.as_ref().map(|runner| runner.report(since))
    }

    /// How much is left of this node's lease.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.lock().runner.as_ref().map(|runner| runner.remaining(now()))
    }

    /// What guards what runs here.
    pub(crate) fn means(&self) -> NodeMeans {
        let watchdog = self.watchdog.promised();
        NodeMeans { watchdog, ..self.lock().gates.means() }
    }

    /// Whether nothing of the cluster is open here.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().runner.as_ref().is_none_or(Runner::is_empty)
    }

    /// What keeps addresses up beneath the gate.
    pub(crate) fn lifetimes(&self) -> Lifetimes {
        self.lock().gates.lifetimes().clone()
    }
}

/// Gives news to the runner, and carries out what follows.
pub(crate) fn with<R>(node: &Arc<Node>, news: impl FnOnce(&mut Runner) -> R) -> Option<R> {
    let mut inner = node.running.lock();
    let inner = &mut *inner;
    let runner = inner.runner.as_mut()?;
    let result = news(runner);
    let mut renewed = BTreeMap::new();
    loop {
        // First of all: what is opened now depends on it.
        node.running.watchdog.follow(|| runner.feeding(&inner.gates.means()));
        let effects = runner.effects();
        if effects.is_empty() {
            break;
        }
        for effect in effects {
            carry_out(node, runner, &mut inner.gates, &mut inner.calls, &mut renewed, effect);
        }
    }
    // All of them have the lease of the node: one message, however many they are.
    for (until, groups) in renewed {
        node.monitors.renew(groups, until);
    }
    let number = runner.number();
    node.running.changes.send_if_modified(|known| std::mem::replace(known, number) != number);
    Some(result)
}

/// Other timers are in force.
pub(crate) fn set_settings(node: &Arc<Node>) {
    let settings = lease::settings(node);
    with(node, |runner| runner.set_settings(settings));
}

/// The database has changed here.
pub(crate) fn applied(node: &Arc<Node>, id: NodeId, state: &ClusterState) {
    begin(node, id);
    if state.cluster.is_some() {
        let (held, following) = (state.copies_of(id), state.following(id));
        let settings = lease::settings(node);
        let keeps_its_word = gates::keeps_its_word(node, id, state);
        with(node, |runner| {
            runner.keeps_its_word(keeps_its_word);
            // What is vouched for of pauses may be otherwise.
            runner.set_settings(settings);
            runner.applied(now(), state.revision, &state.spec, held, following);
        });
        agents::picture(node);
    }
}

/// A runner from the moment on at which this node belongs to a cluster.
fn begin(node: &Arc<Node>, id: NodeId) {
    let settings = lease::settings(node);
    let mut inner = node.running.lock();
    if inner.runner.is_none() {
        inner.gates.put_cgroups(node.monitors.cgroups());
        inner.gates.open();
        inner.runner = Some(Runner::new(id, node.incarnation(), settings, clock::moment()));
    }
}

/// Follows the leader's order; this report and later ones tell of it.
pub(crate) fn order(node: &Arc<Node>, order: &Order) -> Result<(Incarnation, u64), String> {
    let done = with(node, |runner| runner.order(now(), order));
    tracing::debug!(?order, ?done, "ordered");
    match done {
        None => Err("this node belongs to no cluster".to_owned()),
        Some(Ok(number)) => Ok((node.incarnation(), number)),
        Some(Err(refused)) => Err(refused.to_string()),
    }
}

/// Hears what monitors notice, for ever.
pub(crate) async fn listen(node: Arc<Node>) {
    let mut news = node.monitors.news();
    loop {
        match news.recv().await {
            Ok(Change::Changed { id, outcome, .. } | Change::Adopted { id, outcome }) => {
                with(&node, |runner| runner.noticed(now(), &id, &outcome));
            }
            Ok(Change::Noted(note)) => agents::noted(&node, &note),
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        }
    }
}

fn carry_out(
    node: &Arc<Node>,
    runner: &mut Runner,
    gates: &mut Gates,
    calls: &mut BTreeMap<u64, AbortHandle>,
    renewed: &mut BTreeMap<Moment, Vec<GroupName>>,
    effect: Effect,
) {
    match effect {
        Effect::Open(instance) => node.monitors.open(instance),
        Effect::Forget(id) => node.monitors.close(&id),
        Effect::Watch(id, on) => node.monitors.watch(&id, on),
        Effect::Call { call, id, verb, within, arguments } => {
            let other = node.clone();
            let takes_away = matches!(verb, Verb::Offline | Verb::Terminate | Verb::Demote);
            let let_go = takes_away.then(|| gates.lifetimes().let_go());
            let task = tokio::spawn(async move {
                if let Some(let_go) = let_go {
                    let_go.await;
                }
                let outcome = notify::call(&other, &id, verb, within, arguments).await;
                tracing::debug!(%id, %verb, %outcome, "answered");
                other.running.lock().calls.remove(&call);
                with(&other, |runner| runner.outcome(now(), call, &outcome));
            });
            calls.insert(call, task.abort_handle());
        }
        Effect::Cancel(call) => {
            if let Some(task) = calls.remove(&call) {
                task.abort();
            }
        }
        Effect::OpenGate { pair, targets, until, found, stops: order } => {
            node.monitors.lease(&pair.group, until, &order);
            let opened = gates.open_for(&targets, until, found);
            runner.gate_opened(now(), &pair, opened);
        }
        Effect::Renew { group, targets, up, until } => {
            gates.renew(&targets, &up, until);
            renewed.entry(until).or_default().push(group);
        }
        Effect::CloseGate(targets) => gates.close(&targets),
        Effect::Closed { group, targets } => {
            gates.remove(&targets);
            node.monitors.unlease(&group);
        }
        Effect::Release(pair) => {
            let Some(id) = node.id() else { return };
            let copies = vec![(pair.group, pair.generation)];
            write_down(node, clock::wall(), Command::Release { node: id, copies }, |_| {});
        }
        Effect::Record(group, failure) => {
            let Some(id) = node.id() else { return };
            let FailureSeen { resource, at, at_start, reason } = failure.clone();
            let command =
                Command::RecordFailure { group: group.clone(), resource, node: id, at_start, reason };
            write_down(node, at, command, move |node| {
                with(node, |runner| runner.recorded(&group, &failure));
            });
        }
    }
}

/// Writes something about this node into the database, as soon as there is a majority.
fn write_down(
    node: &Arc<Node>,
    at: model::Timestamp,
    command: Command,
    then: impl FnOnce(&Arc<Node>) + Send + 'static,
) {
    let node = node.clone();
    let (request, actor) = (RequestId(clock::random()), Actor::Node(node.name().clone()));
    let proposal = Proposal { request, at, actor, command };
    tokio::spawn(async move {
        while node.propose(proposal.clone()).await.is_err() {
            tokio::time::sleep(AGAIN).await;
        }
        then(&node);
    });
}
