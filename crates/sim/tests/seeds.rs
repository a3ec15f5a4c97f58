//! A thousand seeds and more. A failure prints its seed and how to run it again alone.
//!
//! `STEADFAST_SEEDS=1000..9000` tries others, for as long as one likes.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "told to whoever runs it")]

use sim::{SCENARIOS, Scenario, run};
use std::collections::BTreeMap;
use std::ops::Range;

/// Seeds for each scenario; there are seven.
const SEEDS: u64 = 180;

fn seeds() -> Range<u64> {
    let wanted = std::env::var("STEADFAST_SEEDS").ok();
    let range = wanted.as_deref().and_then(|wanted| wanted.split_once(".."));
    let parsed = range.and_then(|(from, end)| Some(from.parse().ok()?..end.parse().ok()?));
    parsed.unwrap_or(0..SEEDS)
}

fn check(scenario: &Scenario) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let seeds = seeds();
    for seed in seeds.clone() {
        let report = run(scenario, seed, None, false);
        assert!(report.violations.is_empty(), "{:#?}\nrun it again: {}", report.violations, report.replay());
        for (what, count) in report.counts {
            *counts.entry(what).or_default() += count;
        }
    }
    println!("{}: seeds {seeds:?}, {counts:?}", scenario.name);
    // A simulation in which nothing works, or nothing breaks, would find nothing.
    assert!(counts["writes acknowledged"] * 2 > counts["writes"], "most writes should succeed");
    for what in scenario.meets {
        let least = (seeds.end - seeds.start) / 10;
        assert!(counts.get(what).is_some_and(|count| *count >= least), "hardly any: {what}");
    }
}

macro_rules! scenarios {
    ($($name:ident = $index:literal)*) => { $(
        #[test]
        fn $name() {
            check(&SCENARIOS[$index]);
        }
    )* };
}

scenarios! {
    a_network_that_is_cut_in_halves_one_way_lossy_late_and_repeating = 0
    power_that_is_cut_in_the_middle_of_transactions = 1
    disks_that_are_slow_full_and_fail_a_sync = 2
    members_that_join_vote_leave_and_hand_over = 3
    voters_that_die_while_they_vote = 4
    everything_at_once = 5
    leaders_cut_off_while_answers_to_their_leases_are_under_way = 6
}
