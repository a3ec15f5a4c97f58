//! Breaks things, one at a time, by the dice.

use crate::network::Weather;
use crate::node::DISK_MICROS;
use crate::runtime::stand_still;
use crate::scenario::Scenario;
use crate::world::{SimEngine, World, now, sleep, spawn};
use model::NodeId;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::engine::Role;

/// How long a change of the members may take before its proposer gives up.
const CHANGE_PATIENCE: Duration = Duration::from_millis(1_500);

/// Machines there may be at once: three founders, and two that come and go.
const MACHINES_MAX: usize = 5;

/// One scenario's faults, from the first to the last.
pub(crate) async fn rage(world: &World, scenario: &Scenario) {
    for _ in 0..scenario.steps {
        sleep(world.dice.millis(20, scenario.pause_ms)).await;
        world.bury_the_dead();
        world.note_leaders();
        let weights = [
            scenario.network,
            scenario.weather,
            scenario.power,
            scenario.kills,
            scenario.disks,
            scenario.members,
            scenario.stalls,
            scenario.calm,
        ];
        match draw(world, &weights) {
            0 => cut_network(world),
            1 => change_weather(world),
            2 => with_somebody(world, |machine, world| machine.cut_power_after(world.dice.between(0, 24))),
            3 => with_somebody(world, |machine, _| machine.kill()),
            4 => break_disk(world),
            5 => change_members(world).await,
            6 => stall(world),
            _ => {}
        }
        // Whoever is down comes back sooner or later.
        for node in down(world) {
            if world.dice.percent(35) {
                world.start(node).await;
            }
        }
    }
}

/// An index, in proportion to its weight.
fn draw(world: &World, weights: &[u64]) -> usize {
    let mut thrown = world.dice.between(0, weights.iter().sum());
    for (index, weight) in weights.iter().enumerate() {
        if thrown < *weight {
            return index;
        }
        thrown -= weight;
    }
    weights.len()
}

fn nodes(world: &World) -> Vec<NodeId> {
    world.lock().machines.keys().copied().collect()
}

pub(crate) fn down(world: &World) -> Vec<NodeId> {
    nodes(world).into_iter().filter(|node| world.process(*node).is_none()).collect()
}

fn with_somebody(world: &World, fault: impl Fn(&crate::disk::SimDisk, &World)) {
    let Some(node) = world.dice.pick(&nodes(world)).copied() else { return };
    let disk = world.lock().machines.get(&node).map(|machine| machine.disk.clone());
    if let Some(disk) = disk {
        fault(&disk, world);
    }
}

fn cut_network(world: &World) {
    let all = nodes(world);
    let Some(one) = world.dice.pick(&all).copied() else { return };
    let half: BTreeSet<NodeId> = all.iter().copied().filter(|_| world.dice.percent(50)).collect();
    let between = |a: &NodeId, b: &NodeId| half.contains(a) != half.contains(b);
    let pairs = || all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b)));
    let cuts: BTreeSet<(NodeId, NodeId)> = match world.dice.between(0, 6) {
        0 => pairs().filter(|(a, b)| (*a == one) != (*b == one)).collect(),
        1 => pairs().filter(|(a, b)| between(a, b)).collect(),
        // One direction: it is heard and hears nothing, or the reverse.
        2 => pairs().filter(|(a, b)| *a == one && *b != one).collect(),
        3 => pairs().filter(|(a, b)| *b == one && *a != one).collect(),
        4 => pairs().filter(|(a, b)| a != b && world.dice.percent(25)).collect(),
        _ => BTreeSet::new(),
    };
    world.note(format_args!("cuts {cuts:?}"));
    world.lock().weather.cuts = cuts;
}

fn change_weather(world: &World) {
    let delay_micros = *world.dice.pick(&[500, 5_000, 40_000, 120_000]).unwrap_or(&500);
    let loss = *world.dice.pick(&[0, 0, 3, 15]).unwrap_or(&0);
    let repeats = *world.dice.pick(&[0, 2, 10]).unwrap_or(&0);
    world.note(format_args!("delay {delay_micros} us, loss {loss} %, repeats {repeats} %"));
    let mut inner = world.lock();
    inner.weather = Weather { cuts: inner.weather.cuts.clone(), loss, repeats, delay_micros };
}

fn break_disk(world: &World) {
    let Some(node) = world.dice.pick(&nodes(world)).copied() else { return };
    let fault = world.dice.between(0, 5);
    world.note(format_args!("disk of {node}: fault {fault}"));
    let inner = world.lock();
    let Some(machine) = inner.machines.get(&node) else { return };
    match fault {
        0 => machine.disk_micros.store(60_000, Ordering::Relaxed),
        1 => machine.disk_micros.store(DISK_MICROS, Ordering::Relaxed),
        2 => machine.disk.set_full(true),
        3 => machine.disk.set_full(false),
        _ => machine.disk.fail_next_sync(),
    }
}

/// All machines will stand still: not before the timers that are set by now have fired.
fn stall(world: &World) {
    let from = Duration::from_nanos(now()) + CHANGE_PATIENCE;
    let span = world.dice.millis(100, 1_500);
    world.note(format_args!("all stand still for {span:?} from {from:?}"));
    world.count("machines stood still");
    stand_still(from, from + span);
}

/// Whoever says that it leads.
pub(crate) fn leader(world: &World) -> Option<SimEngine> {
    let leads = |engine: &SimEngine| engine.standing().role == Role::Leader;
    world.processes().into_iter().map(|(_, process)| process.engine).find(leads)
}

async fn change_members(world: &World) {
    let Some(leader) = leader(world) else { return };
    let standing = leader.standing();
    let all: Vec<NodeId> = nodes(world);
    let voters: Vec<NodeId> = standing.voters.iter().copied().collect();
    let learners: Vec<NodeId> = standing.learners.iter().copied().collect();
    match world.dice.between(0, 6) {
        0 if all.len() < MACHINES_MAX => {
            let node = world.add_machine();
            world.start(node).await;
            world.note(format_args!("{node} is to join"));
            let world = world.clone();
            spawn(async move {
                if leader.add_learner(node, CHANGE_PATIENCE).await.is_ok() {
                    world.count("learners added");
                }
            });
        }
        1 | 2 if !learners.is_empty() => {
            let Some(node) = world.dice.pick(&learners).copied() else { return };
            let set: BTreeSet<NodeId> = voters.iter().copied().chain([node]).collect();
            vote(world, leader, set);
        }
        3 if voters.len() > 3 => {
            let Some(node) = world.dice.pick(&voters).copied() else { return };
            let set: BTreeSet<NodeId> = voters.iter().copied().filter(|voter| *voter != node).collect();
            vote(world, leader, set);
        }
        4 if all.len() > 3 => remove(world, leader),
        _ => {
            let Some(to) = world.dice.pick(&voters).copied() else { return };
            let handed = leader.transfer_leadership(to).await;
            world.note(format_args!("leadership to {to}: {handed:?}"));
            if handed.is_ok() {
                world.count("leadership handed over");
            }
        }
    }
}

fn vote(world: &World, leader: SimEngine, set: BTreeSet<NodeId>) {
    world.note(format_args!("voters {set:?}"));
    let world = world.clone();
    spawn(async move {
        if leader.change_voters(set, CHANGE_PATIENCE).await.is_ok() {
            world.count("voters changed");
        }
    });
}

/// Removes a node, and once that is certain switches it off and wipes its disk, as an eviction does.
fn remove(world: &World, leader: SimEngine) {
    let Some(node) = world.dice.pick(&nodes(world)).copied() else { return };
    world.note(format_args!("{node} is to leave"));
    let world = world.clone();
    spawn(async move {
        let removed = leader.remove(node, CHANGE_PATIENCE).await;
        world.note(format_args!("removing {node}: {removed:?}"));
        if removed.is_ok() {
            world.note(format_args!("{node} has left"));
            world.count("members removed");
            world.bury(node);
            world.lock().machines.remove(&node);
        }
    });
}

/// Ends every fault, and starts whoever is down.
pub(crate) async fn heal(world: &World) {
    world.note(format_args!("everything heals"));
    {
        let mut inner = world.lock();
        inner.weather = Weather::fair();
        for machine in inner.machines.values_mut() {
            machine.disk.heal();
            machine.disk_micros.store(DISK_MICROS, Ordering::Relaxed);
        }
    }
    world.bury_the_dead();
    for node in down(world) {
        world.start(node).await;
    }
}
