//! Known defects, re-introduced in a simulated part: the oracles must notice, within some seeds.
//!
//! Each is noticed by the oracle that is there for its harm, not by any: a cluster that merely
//! stops would hide a defect as well as show it.

#![allow(clippy::print_stdout, reason = "told to whoever runs it")]

use sim::{Mutation, SCENARIOS, run};

const POWER: usize = 1;
const DISKS: usize = 2;
const ELECTIONS: usize = 4;
const LEASES: usize = 6;

/// What a client or a neighbour sees of a disk that forgets.
const FORGETTING: &[&str] = &["no lost write", "replicas agree"];

/// Runs seeds until one of these oracles notices, at most `within`.
fn caught(mutation: Mutation, scenario: usize, oracles: &[&str], within: u64) {
    for seed in 0..within {
        let report = run(&SCENARIOS[scenario], seed, Some(mutation), false);
        let noticed = |violation: &&String| oracles.iter().any(|oracle| violation.starts_with(oracle));
        if let Some(violation) = report.violations.iter().find(noticed) {
            println!("{mutation:?}: seed {seed}: {violation}");
            return;
        }
    }
    panic!("{mutation:?}: {within} seeds, and none of {oracles:?} noticed");
}

#[test]
fn a_disk_whose_sync_does_nothing_at_times_is_noticed() {
    caught(Mutation::SyncLies, POWER, FORGETTING, 300);
}

#[test]
fn an_acknowledgement_before_the_flush_is_noticed() {
    caught(Mutation::AcknowledgeBeforeFlush, DISKS, FORGETTING, 300);
}

#[test]
fn a_failed_sync_that_is_not_made_good_before_the_file_is_trusted_is_noticed() {
    caught(Mutation::WriteBackSkipped, DISKS, &["no alarm"], 100);
}

#[test]
fn a_vote_that_is_forgotten_at_a_restart_is_noticed() {
    caught(Mutation::VoteForgotten, ELECTIONS, &["one leader"], 600);
}

#[test]
fn a_quorum_dated_by_the_arrival_of_its_answers_is_noticed() {
    caught(Mutation::MarkAtArrival, LEASES, &["a quorum behind leases"], 20);
    caught(Mutation::MarkAtArrival, LEASES, &["waits outlast leases"], 100);
}

#[test]
fn a_voter_that_does_not_note_whom_it_answered_is_noticed() {
    caught(Mutation::AnswersUnnoted, LEASES, &["voters tell the truth"], 20);
    caught(Mutation::AnswersUnnoted, LEASES, &["waits outlast leases"], 100);
}
