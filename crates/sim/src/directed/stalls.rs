//! Machines that stand still, all at once, in the default profile.

use super::{another_leads, engine, play_with, until};
use crate::client::write;
use crate::nemesis::leader;
use crate::runtime::stand_still;
use crate::world::{SimEngine, World, now, sleep};
use model::NodeId;
use std::time::Duration;
use store::engine::EngineSettings;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The timers of the default profile.
fn default() -> EngineSettings {
    EngineSettings {
        snapshot_every: 25,
        log_kept: 8,
        ..EngineSettings::with_timers(ms(100), ms(200), ms(300))
    }
}

/// Long enough that every timer which is set now has fired, and that the nodes were punctual before.
const BEFORE: Duration = Duration::from_secs(3);

/// Lets all machines stand still once, and returns when they wake.
async fn freeze(span: Duration) {
    let from = Duration::from_nanos(now()) + BEFORE;
    stand_still(from, from + span);
    while Duration::from_nanos(now()) < from + span {
        sleep(ms(10)).await;
    }
}

/// Who leads what, as every node has it.
fn beliefs(world: &World) -> Vec<(u64, Option<NodeId>)> {
    let standing = |(_, process): (NodeId, crate::world::Process)| process.engine.standing();
    world.processes().into_iter().map(standing).map(|standing| (standing.term, standing.leader)).collect()
}

fn has_quorum(engine: &SimEngine) -> bool {
    engine.standing().quorum_within(default().election_max)
}

#[test]
fn nodes_that_stand_still_all_at_once_elect_nobody_when_they_wake() {
    for span in [150, 250, 350, 450, 600, 750, 900, 1_000, 1_150, 1_300, 2_500] {
        play_with(default(), 20, |world| async move {
            let before = beliefs(&world);
            freeze(ms(span)).await;
            let leads = leader(&world).unwrap();
            until("a quorum again", || has_quorum(&leads)).await;
            for _ in 0..200 {
                sleep(ms(10)).await;
                assert_eq!(beliefs(&world), before, "after {span} ms");
            }
            assert!(write(&world, 5).await);
        });
    }
}

#[test]
fn a_leader_that_does_not_wake_with_the_others_is_replaced() {
    play_with(default(), 20, |world| async move {
        let node = leader(&world).unwrap().standing().node;
        let from = Duration::from_nanos(now()) + BEFORE;
        stand_still(from, from + ms(900));
        sleep(BEFORE - ms(1)).await;
        world.process(node).unwrap().power.cut();
        world.bury_the_dead();
        sleep(ms(10)).await;
        let woke = now();
        until("another leads", || another_leads(&world, node)).await;
        // Elections are held for two heartbeats, and then one is called after the longest time-out.
        let usual = default().election_max * 2 + default().heartbeat * 2;
        assert!(Duration::from_nanos(now() - woke) < usual, "{} ns", now() - woke);
    });
}

#[test]
fn a_leader_that_is_lost_is_replaced_in_the_usual_time() {
    play_with(default(), 50, |world| async move {
        let node = leader(&world).unwrap().standing().node;
        // They have stood still before, and are held to be awake.
        freeze(ms(900)).await;
        sleep(BEFORE).await;
        world.process(node).unwrap().power.cut();
        world.bury_the_dead();
        let lost = now();
        until("another leads", || another_leads(&world, node)).await;
        // A follower that heard it just before, and then one election; a message or two, and a look.
        let usual = default().election_max * 2 + ms(50);
        assert!(Duration::from_nanos(now() - lost) < usual, "{} ns", now() - lost);
    });
}

#[test]
fn nodes_that_stand_still_again_and_again_elect_all_the_same() {
    play_with(default(), 20, |world| async move {
        let node = leader(&world).unwrap().standing().node;
        let from = Duration::from_nanos(now()) + BEFORE;
        for stall in 0..20 {
            stand_still(from + ms(800) * stall, from + ms(800) * stall + ms(300));
        }
        sleep(BEFORE).await;
        world.process(node).unwrap().power.cut();
        world.bury_the_dead();
        until("another leads", || another_leads(&world, node)).await;
    });
}

#[test]
fn leadership_is_handed_over_right_after_a_stall() {
    play_with(default(), 10, |world| async move {
        freeze(ms(900)).await;
        let (old, woke) = (leader(&world).unwrap(), now());
        until("a quorum again", || has_quorum(&old)).await;
        let (node, voters) = (old.standing().node, old.standing().voters);
        let to = *voters.iter().find(|voter| **voter != node).unwrap();
        old.transfer_leadership(to).await.unwrap();
        until("it leads", || engine(&world, to).leading().is_some()).await;
        assert!(Duration::from_nanos(now() - woke) < default().heartbeat * 2, "while elections are held");
    });
}
