//! The cases: thousands of seeds in which nothing may happen that must not, and the same seed twice.
//!
//! `SEED=…` runs one seed and prints what it shows; `SEEDS=…` runs so many.
//! `SEED=17 cargo test --release -p sim --test cluster one_seed -- --nocapture`

use crate::broken::Broken;
use crate::world::{Shown, run, run_quietly};

/// What runs with all tests; the time that it takes is what CI has for it.
pub(crate) const SEEDS: u64 = 2_000;

/// Two of the cases run beside each other.
const PARTS: u64 = 2;

pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn check(seed: u64, shown: &Shown) {
    let how = format!("SEED={seed} cargo test --release -p sim --test cluster one_seed -- --nocapture");
    assert!(shown.violations.is_empty(), "seed {seed}: {:?}\n{how}", shown.violations);
}

/// The seeds of one part: what has moved, and the longest time until all was online.
fn part(part: u64) {
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let (mut moves, mut bites, mut slowest_us, mut count) = (0, 0, 0, 0);
    for seed in (0..seeds).filter(|seed| seed % PARTS == part) {
        let shown = run(seed, Broken::Nothing);
        check(seed, &shown);
        moves += shown.moves;
        bites += shown.bites;
        slowest_us = slowest_us.max(shown.online_after_us);
        count += 1;
    }
    eprintln!(
        "{count} seeds, {moves} moves, {bites} bites, all online {slowest_us} us after the healing at the latest"
    );
    assert!(moves > 2 * count, "{moves} moves in {count} seeds: the world is too quiet");
}

#[test]
fn no_group_is_ever_effective_on_two_nodes_and_all_run_in_the_end_in_even_seeds() {
    part(0);
}

#[test]
fn no_group_is_ever_effective_on_two_nodes_and_all_run_in_the_end_in_odd_seeds() {
    part(1);
}

#[test]
fn in_a_cluster_without_faults_nothing_is_touched_once_all_is_online() {
    for seed in 0..48 {
        let shown = run_quietly(seed, 60_000_000);
        check(seed, &shown);
        assert_eq!(shown.bites, 0, "seed {seed}");
        assert!(shown.moves < 8, "seed {seed}: {} moves at the start", shown.moves);
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_one_another() {
    for seed in 0..8 {
        let first = run(seed, Broken::Nothing);
        assert_eq!(first, run(seed, Broken::Nothing), "seed {seed}");
        assert_ne!(first.trace, run(seed + 1, Broken::Nothing).trace);
    }
}

#[test]
fn one_seed() {
    if let Some(seed) = number("SEED") {
        let shown = run(seed, Broken::Nothing);
        eprintln!("{shown:?}");
        check(seed, &shown);
    }
}
