//! The cases: thousands of seeds in which nothing may happen, and every rule broken once.

use crate::world::{Broken, run};

/// Each is twenty-four seconds of three nodes.
const SEEDS: u64 = 5_000;

#[test]
fn no_group_is_ever_effective_on_two_nodes_and_all_run_in_the_end() {
    let mut moves = 0;
    for seed in 0..SEEDS {
        let outcome = run(seed, Broken::Nothing);
        assert!(outcome.violations.is_empty(), "seed {seed}: {:?}", outcome.violations);
        assert!(outcome.all_run, "seed {seed}: not all groups run in the end");
        moves += outcome.moves;
    }
    assert!(moves > 3 * usize::try_from(SEEDS).unwrap(), "{moves} moves: the world is too quiet");
}

/// One of so many seeds shows it.
fn seen(broken: Broken, seeds: u64) {
    let found = (0..seeds).find(|seed| !run(*seed, broken).violations.is_empty());
    assert!(found.is_some(), "{broken:?} was not seen in {seeds} seeds");
}

macro_rules! broken {
    ($($name:ident: $broken:ident,)*) => {
        $(
            #[test]
            fn $name() {
                seen(Broken::$broken, SEEDS);
            }
        )*
    };
}

broken! {
    a_bound_without_drift_is_seen: NoDrift,
    a_bound_without_what_is_in_flight_is_seen: NoInFlight,
    a_bound_without_pauses_is_seen: NoPause,
    a_lease_counted_from_receipt_is_seen: FromReceipt,
    an_arrival_that_is_dated_early_is_seen: ArrivalDatedEarly,
    grants_without_a_quorum_are_seen: NoQuorum,
    a_round_begun_before_the_request_is_seen: RoundBefore,
    renewals_after_the_revocation_are_seen: RenewedAfterRevocation,
    starts_before_the_commit_are_seen: StartBeforeCommit,
    a_new_leader_that_does_not_wait_is_seen: NewLeaderDoesNotWait,
    evidence_of_one_voter_is_seen: EvidenceOfOne,
    a_restarted_voter_that_forgets_is_seen: RestartedVoterForgets,
    a_voter_that_answers_both_leaders_is_seen: VoterAnswersBoth,
    a_gate_with_a_remaining_time_is_seen: RelativeGate,
    a_life_that_is_taken_for_another_is_seen: SameLife,
    what_is_adopted_for_good_is_seen: AdoptedForGood,
    a_release_before_the_close_is_seen: ReleasedBeforeClosed,
    writes_that_overtake_a_close_are_seen: WritesOutOfOrder,
    a_clock_that_stops_in_suspend_is_seen: MonotonicClock,
    a_leader_that_asks_no_other_clock_is_seen: NoWitness,
}
