//! One run: form a cluster, break it, heal it, judge it.

use crate::client::{client, proposal, write};
use crate::history::Held;
use crate::invariants;
use crate::nemesis::{down, heal, leader, rage};
use crate::node::{hash, number_of};
use crate::runtime::Machines;
use crate::scenario::{Mutation, Scenario};
use crate::world::{Results, World, sleep, spawn};
use model::stored::{ClusterRecord, ClusterState, Command, NewNode, PROTOCOL, SoftwareVersion};
use model::{ClusterId, NodeId, RequestId, Secret, Timestamp};
use openraft::async_runtime::AsyncRuntime;
use openraft_rt_sim::SimRuntime;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Clients that write at the same time.
const CLIENTS: usize = 3;

/// After so long without a fault the cluster must work again: some elections' time, a leader that
/// falls silent, peers that are tried anew, a snapshot; generous, because a bound that is met by
/// chance would be noise.
const CONVERGENCE_MAX: Duration = Duration::from_secs(20);

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// The seed that everything followed from.
    pub seed: u64,
    /// The scenario's name.
    pub scenario: &'static str,
    /// Hash of everything that happened, in its order.
    pub trace: String,
    /// What does not hold.
    pub violations: Vec<String>,
    /// How often what happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// What happened, line by line, where it was asked for.
    pub story: Vec<String>,
}

impl Report {
    /// How to see it again.
    #[must_use]
    pub fn replay(&self) -> String {
        format!(
            "STEADFAST_SEED={} STEADFAST_SCENARIO='{}' cargo test --release -p sim --test one_seed -- --nocapture",
            self.seed, self.scenario
        )
    }
}

/// Runs a scenario with a seed.
#[must_use]
pub fn run(scenario: &Scenario, seed: u64, mutation: Option<Mutation>, tell_story: bool) -> Report {
    let world = World::new(seed, mutation, tell_story);
    let mut runtime = SimRuntime::with_seed(seed);
    runtime.block_on(live(world.clone(), *scenario));
    // The tasks that are left end here, before the history is read.
    drop(runtime);
    report(scenario, seed, world.take_results())
}

fn report(scenario: &Scenario, seed: u64, results: Results) -> Report {
    let Results { history, mut counts, trace, story } = results;
    let terms: BTreeSet<u64> = history.leaders.iter().map(|(term, _)| *term).collect();
    let acknowledged = history.operations.values().filter(|operation| operation.answered.is_some());
    counts.insert("writes acknowledged", acknowledged.count() as u64);
    counts.insert("writes", history.operations.len() as u64);
    counts.insert("terms with a leader", terms.len() as u64);
    let violations = invariants::violations(&history);
    Report { seed, scenario: scenario.name, trace, violations, counts, story }
}

async fn live(world: World, scenario: Scenario) {
    form(&world).await;
    for _ in 0..CLIENTS {
        spawn(client(world.clone()));
    }
    rage(&world, &scenario).await;
    heal(&world).await;
    let converged = Machines::timeout(CONVERGENCE_MAX, converge(&world)).await;
    let converged = converged.map_err(|_| why_not(&world));
    let members = members(&world);
    let mut inner = world.lock();
    inner.history.end.converged = converged;
    for (node, state) in members {
        inner.history.end.members.insert(node, held(&state));
    }
}

/// Three nodes that vote, before anything breaks.
pub(crate) async fn form(world: &World) {
    let nodes = [world.add_machine(), world.add_machine(), world.add_machine()];
    for node in nodes {
        world.start(node).await;
    }
    let Some(first) = world.process(nodes[0]) else { return };
    let forming = async {
        first.engine.initialize().await.ok()?;
        while first.engine.propose(founding(), Duration::from_secs(1)).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
        for node in &nodes[1..] {
            first.engine.add_learner(*node, Duration::from_secs(5)).await.ok()?;
        }
        first.engine.change_voters(BTreeSet::from(nodes), Duration::from_secs(5)).await.ok()
    };
    if forming.await.is_none() {
        world.alarm("three healthy nodes did not form a cluster".to_owned());
    }
}

fn founding() -> model::stored::Proposal {
    let cluster = ClusterRecord {
        id: ClusterId([1; 16]),
        name: "sim".parse().expect("a cluster's name"),
        formed: Timestamp::from_unix_ms(1),
        ca_certificate: String::new(),
        ca_key: Secret::new(""),
        heartbeat_key: Secret::new(""),
    };
    let node = NewNode {
        name: "n1".parse().expect("a node's name"),
        endpoints: Vec::new(),
        certificate: String::new(),
        protocol: PROTOCOL,
        software: SoftwareVersion::current(),
    };
    proposal(0, Command::Form { cluster, node })
}

/// Until the clients were stopped, a new write was taken, and every member shows it.
async fn converge(world: &World) {
    // For a while beside the clients, then alone.
    sleep(Duration::from_millis(500)).await;
    world.lock().clients_stop = true;
    loop {
        sleep(Duration::from_millis(100)).await;
        world.bury_the_dead();
        for node in down(world) {
            world.start(node).await;
        }
        world.note_leaders();
        complete_change(world).await;
        if write(world, 1).await && caught_up(world).await {
            return;
        }
    }
}

/// A change of voters whose proposer died half-way is completed by asking for it again: what the
/// daemon's reconciler does.
async fn complete_change(world: &World) {
    let Some(leader) = leader(world) else { return };
    let standing = leader.standing();
    if standing.changing {
        // Asked for again until it is done, so nothing depends on this one.
        let _ = leader.change_voters(standing.voters, Duration::from_secs(1)).await;
    }
}

async fn caught_up(world: &World) -> bool {
    for _ in 0..20 {
        let states = members(world);
        let complete = leader(world).is_some_and(|leader| {
            let standing = leader.standing();
            !standing.changing && states.len() == standing.voters.len() + standing.learners.len()
        });
        if complete && states.windows(2).all(|pair| pair[0].1 == pair[1].1) {
            return true;
        }
        sleep(Duration::from_millis(50)).await;
    }
    false
}

/// The states of all members that run.
fn members(world: &World) -> Vec<(NodeId, std::sync::Arc<ClusterState>)> {
    let Some(standing) = leader(world).map(|leader| leader.standing()) else { return Vec::new() };
    let member = |node: &NodeId| standing.voters.contains(node) || standing.learners.contains(node);
    let running = world.processes().into_iter().filter(|(node, _)| member(node));
    running.map(|(node, process)| (node, process.engine.state())).collect()
}

fn why_not(world: &World) -> String {
    let standings = world.processes().into_iter().map(|(node, process)| {
        let standing = process.engine.standing();
        format!(
            "{node:?}: {:?} term {} leader {:?} voters {:?} learners {:?} changing {} last {:?} applied {:?}",
            standing.role,
            standing.term,
            standing.leader,
            standing.voters,
            standing.learners,
            standing.changing,
            standing.last_log,
            standing.applied
        )
    });
    format!("not within {CONVERGENCE_MAX:?}: {}", standings.collect::<Vec<_>>().join("; "))
}

fn held(state: &ClusterState) -> Held {
    let tokens = state.tokens.keys().map(|token| {
        let mut request = [0; 16];
        request[..8].copy_from_slice(&token.0);
        number_of(RequestId(request))
    });
    let credentials = state
        .credentials
        .keys()
        .filter_map(|credential| credential.as_str().trim_start_matches('o').parse().ok());
    Held { revision: state.revision, hash: hash(state), traces: tokens.chain(credentials).collect() }
}
