//! Every target stands some seconds of inputs, always the same ones.
//!
//! `STEADFAST_FUZZ_SECONDS` says how many seconds each (3 unless it is set).
#![allow(clippy::print_stdout, reason = "how many inputs were tried is worth knowing")]

use fuzz::drive::{Limits, drive};
use fuzz::named;
use std::time::Duration;

/// As many as a fast target manages in some seconds: more are for `cargo run -p fuzz`.
const INPUTS_MAX: u64 = 200_000;

fn stands(name: &str) {
    let target = named(name).unwrap_or_else(|| panic!("there is no target {name}"));
    let seconds =
        std::env::var("STEADFAST_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let limits = Limits { first: 0, inputs: INPUTS_MAX, time: Duration::from_secs(seconds) };
    match drive(target, limits) {
        Ok(stood) => {
            println!("{name}: {} inputs, the slowest took {:?}", stood.inputs, stood.slowest);
            assert!(stood.inputs > 0 || seconds == 0, "{name}: not a single input");
        }
        Err(failure) => panic!("{failure}"),
    }
}

macro_rules! targets {
    ($($test:ident: $name:literal,)*) => {
        $(#[test] fn $test() { stands($name); })*

        #[test]
        fn no_target_is_left_out() {
            let all: Vec<_> = fuzz::TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(all, [$($name),*]);
        }
    };
}

targets! {
    heartbeat_datagrams_of_strangers_are_dropped: "datagram",
    heartbeats_with_a_good_seal_are_read_as_written: "sealed-datagram",
    damaged_join_tokens_are_refused: "join-token",
    join_requests_of_strangers_are_read_safely: "join-request",
    http_of_strangers_is_answered_or_refused: "http",
    events_are_asked_for_or_the_question_is_refused: "event-query",
    tls_handshakes_of_strangers_are_read_safely: "tls",
    changed_certificates_of_clients_are_refused: "certificate",
    declarations_are_accepted_or_refused_with_reasons: "declaration",
    configurations_are_accepted_or_refused_with_their_place: "configuration",
    messages_of_peers_are_read_safely: "peer",
    damaged_databases_are_refused_and_left_alone: "database",
    contradicting_databases_are_refused_and_left_alone: "records",
    documents_are_read_as_written: "documents",
    answers_of_hostile_nodes_have_no_power: "answer",
    events_of_hostile_nodes_have_no_power: "event-stream",
    credentials_are_refused_without_telling_them: "credential",
    what_monitors_say_is_read_safely: "monitor",
    whoever_waits_for_a_hostile_monitor_is_answered: "monitor-client",
    metadata_of_agents_is_understood_or_refused: "metadata",
    damaged_libraries_are_read_or_refused: "elf",
    scripts_of_anybody_are_read_to_their_end: "script",
    damaged_databases_of_packages_are_told_of: "packages",
    baselines_that_nobody_signed_are_refused: "baseline",
    packages_of_anybody_are_read_or_refused: "deb",
    what_apt_says_to_its_hook_is_read_safely: "guard-apt",
    what_apts_command_line_says_is_read_safely: "guard-json",
    every_cluster_gets_a_plan_that_leads_to_rest: "planner",
}
