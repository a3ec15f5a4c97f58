//! The checks: the whole protocol holds, and nothing of it can be left out.

use crate::world::{Broken, Kind, World};
use stateright::{Checker, HasDiscoveries, Model};

const PROPERTY: &str = "one owner is effective at a time";

/// One leader.
const STILL: World = World {
    broken: Broken::Nothing,
    kind: Kind::Gate,
    succession: false,
    pauses: false,
    restarts: false,
    round_before: false,
    back: false,
    end: 6,
    requests: 2,
    asks_until: 1,
    rounds: 2,
};

/// B may succeed A. Only spans of time count, so H's one request is sent in the first tick.
const SUCCESSION: World = World { succession: true, end: 5, requests: 1, asks_until: 0, rounds: 1, ..STILL };

/// H's node is a guest, and paused for a tick at most.
const GUEST: World = World { pauses: true, requests: 1, asks_until: 0, rounds: 1, ..STILL };

/// H's processes are ended by a watchdog.
const WATCHED: World = World { kind: Kind::Process, end: 11, requests: 1, asks_until: 0, rounds: 1, ..STILL };

fn holds(world: World) {
    let checker = world.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
}

/// The world in which this is broken has a counterexample. (It is looked for until it is found.)
fn fails(broken: Broken, world: World) {
    let world = World { broken, ..world };
    let found = HasDiscoveries::AnyOf([PROPERTY].into_iter().collect());
    let checker = world.checker().threads(2).finish_when(found).spawn_bfs().join();
    assert!(checker.discovery(PROPERTY).is_some(), "{broken:?} was not noticed");
}

#[test]
fn with_one_leader_one_owner_is_effective_at_a_time() {
    holds(STILL);
}

#[test]
fn over_a_change_of_leader_one_owner_is_effective_at_a_time() {
    holds(SUCCESSION);
}

#[test]
fn over_a_change_of_leader_and_restarts_of_voters_one_owner_is_effective_at_a_time() {
    // A successor would start at a tick that is not reached, if it waits as it should.
    let world = World { restarts: true, end: 2, ..SUCCESSION };
    world.checker().threads(2).spawn_bfs().join().assert_no_discovery(PROPERTY);
}

#[test]
fn a_holder_that_gets_the_group_back_shares_it_with_nobody() {
    holds(World { back: true, end: 5, requests: 1, asks_until: 4, ..STILL });
}

#[test]
fn a_guest_that_is_paused_shares_the_group_with_nobody() {
    holds(GUEST);
}

#[test]
fn a_node_whose_watchdog_has_to_end_it_shares_the_group_with_nobody() {
    holds(WATCHED);
}

#[test]
fn the_bound_needs_the_drift_of_clocks() {
    fails(Broken::NoDrift, STILL);
}

#[test]
fn the_bound_needs_what_is_in_flight() {
    fails(Broken::NoInFlight, STILL);
}

#[test]
fn the_bound_of_a_guest_needs_the_longest_pause() {
    fails(Broken::NoPause, GUEST);
}

#[test]
fn the_bound_of_a_process_needs_the_watchdog_twice() {
    fails(Broken::WatchdogOnce, WATCHED);
}

#[test]
fn a_lease_must_not_count_from_receipt() {
    fails(Broken::FromReceipt, STILL);
}

#[test]
fn a_renewal_must_not_be_dated_before_it_arrived() {
    fails(Broken::ArrivalDatedEarly, STILL);
}

#[test]
fn a_grant_needs_a_quorum() {
    fails(Broken::NoQuorum, SUCCESSION);
}

#[test]
fn a_round_begun_before_the_request_is_not_enough() {
    fails(Broken::RoundBefore, World { round_before: true, asks_until: 1, ..SUCCESSION });
}

#[test]
fn the_wait_must_not_begin_before_the_revocation_is_applied() {
    fails(Broken::WaitBeforeRevocation, STILL);
}

#[test]
fn a_grant_must_not_count_before_what_it_names_is_applied() {
    fails(Broken::RenewedAfterRevocation, STILL);
}

#[test]
fn a_successor_must_not_start_before_its_ownership_is_committed() {
    fails(Broken::StartBeforeCommit, World { back: true, end: 5, requests: 1, asks_until: 4, ..STILL });
}

#[test]
fn a_new_leader_must_wait() {
    fails(Broken::NewLeaderDoesNotWait, SUCCESSION);
}

#[test]
fn the_evidence_of_less_than_a_majority_is_none() {
    fails(Broken::EvidenceOfOne, SUCCESSION);
}

#[test]
fn a_restarted_voter_must_tell_its_start() {
    fails(Broken::RestartedVoterForgets, World { restarts: true, end: 2, ..SUCCESSION });
}

#[test]
fn a_voter_must_not_answer_an_old_leader_after_it_has_told_the_new_one() {
    fails(Broken::VoterAnswersBoth, SUCCESSION);
}

#[test]
fn a_gate_must_be_given_a_deadline() {
    fails(Broken::RelativeGate, World { requests: 1, asks_until: 0, rounds: 1, ..STILL });
}
