//! Single situations, played on purpose.

use crate::client::write;
use crate::nemesis::leader;
use crate::run::form;
use crate::scenario::settings;
use crate::world::{SimEngine, World, sleep};
use model::NodeId;
use openraft::async_runtime::AsyncRuntime;
use openraft_rt_sim::SimRuntime;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::engine::{ChangeError, EngineSettings, ProposeError, Role, TransferError};

mod leases;
mod stalls;

/// Longer than everything that must happen "soon": leases, elections, a leader's silence.
const SOON: Duration = Duration::from_secs(5);

/// Three nodes that vote, on a fair network; then `situation`, with ten seeds.
fn play<F: Future<Output = ()>>(situation: impl Fn(World) -> F) {
    play_with(settings(), 10, situation);
}

fn play_with<F: Future<Output = ()>>(settings: EngineSettings, seeds: u64, situation: impl Fn(World) -> F) {
    for seed in 0..seeds {
        let world = World::new(seed, None, false);
        world.lock().settings = settings;
        SimRuntime::with_seed(seed).block_on(async {
            form(&world).await;
            until("a leader with a quorum", || leader(&world).is_some_and(|it| has_quorum(&it))).await;
            situation(world.clone()).await;
        });
        assert_eq!(world.take_results().history.alarms, Vec::<String>::new(), "seed {seed}");
    }
}

async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..SOON.as_millis() / 10 {
        if is() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("not soon: {what}");
}

fn lease() -> Duration {
    settings().election_max
}

fn has_quorum(engine: &SimEngine) -> bool {
    engine.standing().quorum_within(lease())
}

fn engine(world: &World, node: NodeId) -> SimEngine {
    world.process(node).expect("it runs").engine
}

fn cut(world: &World, pairs: impl Fn(NodeId, NodeId) -> bool) {
    let nodes: Vec<NodeId> = world.lock().machines.keys().copied().collect();
    let all = nodes.iter().flat_map(|a| nodes.iter().map(move |b| (*a, *b)));
    let cuts = all.filter(|(a, b)| pairs(*a, *b)).collect();
    world.lock().weather.cuts = cuts;
}

/// Who leads with a quorum, apart from one.
fn another_leads(world: &World, than: NodeId) -> bool {
    world.processes().iter().any(|(node, process)| {
        *node != than && process.engine.standing().role == Role::Leader && has_quorum(&process.engine)
    })
}

#[test]
fn a_leader_that_is_cut_off_knows_it_within_its_lease_and_the_others_elect_another() {
    play(|world| async move {
        let old = leader(&world).unwrap();
        let node = old.standing().node;
        cut(&world, |a, b| (a == node) != (b == node));
        until("the old leader has no quorum", || !has_quorum(&old)).await;
        assert_eq!(old.standing().role, Role::Leader, "and still says that it leads: never ask that alone");
        until("another leads", || another_leads(&world, node)).await;
        let refused = old.propose(crate::client::proposal(1, crate::client::token(1)), SOON).await;
        assert!(matches!(refused, Err(ProposeError::NoQuorum)), "{refused:?}");
        cut(&world, |_, _| false);
        until("it follows", || has_quorum(&old) && old.standing().role == Role::Follower).await;
    });
}

#[test]
fn a_leader_that_is_heard_and_hears_nobody_is_replaced() {
    play(|world| async move {
        let node = leader(&world).unwrap().standing().node;
        cut(&world, |_, b| b == node);
        until("another leads", || another_leads(&world, node)).await;
    });
}

#[test]
fn a_minority_around_a_leader_does_not_think_that_it_has_a_quorum() {
    play(|world| async move {
        let first = leader(&world).unwrap();
        let mut voters = first.standing().voters;
        for _ in 0..2 {
            let node = world.add_machine();
            world.start(node).await;
            first.add_learner(node, SOON).await.unwrap();
            until("it has the log", || first.standing().caught_up(node)).await;
            voters.insert(node);
        }
        first.change_voters(voters.clone(), SOON).await.unwrap();
        let old = first.standing().node;
        let friend = *voters.iter().find(|node| **node != old).unwrap();
        let inside = move |node| node == old || node == friend;
        cut(&world, |a, b| inside(a) != inside(b));
        let friend = engine(&world, friend);
        until("the friend knows", || !has_quorum(&friend)).await;
        // Its leader falls silent and speaks up in turns; that must not look like a quorum.
        for _ in 0..300 {
            sleep(Duration::from_millis(10)).await;
            assert!(!has_quorum(&friend) && !has_quorum(&first));
        }
        assert!(another_leads(&world, old));
    });
}

#[test]
fn a_disk_that_takes_long_for_every_fsync_costs_no_leader() {
    play(|world| async move {
        let before = leader(&world).unwrap().standing();
        for machine in world.lock().machines.values() {
            machine.disk_micros.store(400_000, Ordering::Relaxed);
        }
        for _ in 0..20 {
            write(&world, 20).await;
        }
        let after = leader(&world).unwrap().standing();
        assert_eq!((before.node, before.term), (after.node, after.term), "longer than a lease, each of them");
    });
}

#[test]
fn leadership_goes_to_another_voter_and_to_nobody_else() {
    play(|world| async move {
        let old = leader(&world).unwrap();
        let standing = old.standing();
        let to = *standing.voters.iter().find(|node| **node != standing.node).unwrap();
        let stranger = NodeId(99);
        assert_eq!(
            old.transfer_leadership(standing.node).await,
            Err(TransferError::NotAVoter(standing.node))
        );
        assert_eq!(old.transfer_leadership(stranger).await, Err(TransferError::NotAVoter(stranger)));
        assert_eq!(engine(&world, to).transfer_leadership(to).await, Err(TransferError::NotLeader));
        old.transfer_leadership(to).await.unwrap();
        until("it leads", || engine(&world, to).standing().role == Role::Leader).await;
        assert!(write(&world, 10).await);

        // A voter that is down is not handed anything.
        let dead = *standing.voters.iter().find(|node| ![standing.node, to].contains(node)).unwrap();
        world.process(dead).unwrap().power.cut();
        sleep(lease() * 2).await;
        assert_eq!(engine(&world, to).transfer_leadership(dead).await, Err(TransferError::NotReady(dead)));
    });
}

#[test]
fn a_removed_leader_steps_down_and_a_removed_node_disturbs_nobody() {
    play(|world| async move {
        let old = leader(&world).unwrap();
        let node = old.standing().node;
        old.remove(node, SOON).await.unwrap();
        until("another leads", || another_leads(&world, node)).await;
        let after = leader_except(&world, node).standing();
        assert!(!after.voters.contains(&node) && !after.learners.contains(&node));

        // It was not told to stop, and cannot know; it must not raise terms or win votes.
        sleep(SOON).await;
        let later = leader_except(&world, node).standing();
        assert_eq!((after.node, after.term), (later.node, later.term));

        // Removing it again is done already, and the last voter cannot go.
        let leads = leader_except(&world, node);
        leads.remove(node, SOON).await.unwrap();
        leads.change_voters(BTreeSet::from([later.node]), SOON).await.unwrap();
        let refused = leads.remove(later.node, SOON).await;
        assert!(matches!(refused, Err(ChangeError::Impossible(_))), "{refused:?}");
        assert!(has_quorum(&leads), "alone it is its own quorum");
    });
}

fn leader_except(world: &World, node: NodeId) -> SimEngine {
    let leads = |engine: &SimEngine| engine.standing().role == Role::Leader;
    let mut others = world.processes().into_iter().filter(|(other, _)| *other != node);
    others.find_map(|(_, process)| Some(process.engine).filter(leads)).expect("another leads")
}

#[test]
fn a_node_that_was_away_for_long_gets_a_snapshot_and_agrees() {
    play(|world| async move {
        let leads = leader(&world).unwrap();
        let away = *leads.standing().voters.iter().find(|node| **node != leads.standing().node).unwrap();
        world.process(away).unwrap().power.cut();
        world.bury_the_dead();
        for _ in 0..60 {
            assert!(write(&world, 20).await);
        }
        world.start(away).await;
        until("it agrees", || engine(&world, away).state() == leads.state()).await;
        assert!(world.take_results().counts.contains_key("snapshots sent"), "its part of the log was gone");
    });
}

#[test]
fn all_nodes_killed_at_once_come_back_with_everything() {
    play(|world| async move {
        for _ in 0..10 {
            assert!(write(&world, 20).await);
        }
        let before = leader(&world).unwrap().state();
        let machines: Vec<_> = world.lock().machines.values().map(|machine| machine.disk.clone()).collect();
        machines.iter().for_each(crate::disk::SimDisk::cut_power);
        world.bury_the_dead();
        for node in crate::nemesis::down(&world) {
            world.start(node).await;
        }
        until("a leader", || leader(&world).is_some_and(|leader| has_quorum(&leader))).await;
        until("everything", || leader(&world).is_some_and(|leader| leader.state() == before)).await;
    });
}
