//! Plug-ins that crash and hang: each costs its own process, which is replaced.

use crate::built::{Libraries, example_in_rust};
use crate::under::{Under, failure, hear, id, kind, with};
use daemon::monitors::Change;
use model::desired::Value;
use resource_api::{Checks, Failure, Instance, Outcome, Verb};
use std::time::{Duration, Instant};

#[test]
fn a_plug_in_that_crashes_is_replaced_and_finds_what_runs_and_no_other_notices() {
    let libraries = Libraries::new();
    let (library, other) = (libraries.unruly(&[]), example_in_rust());
    let (state, flag) = (libraries.path("state"), libraries.path("flag"));
    with(async |under| {
        under.register(&[("unruly", &library), ("flag-file", &other)]);
        under.open("good", "flag-file", &[("path", flag.to_str().unwrap())]);
        under.open("runs", "unruly", &[("state", state.to_str().unwrap())]);
        under.open("bad", "unruly", &[("crash", "online")]);
        assert_eq!(under.call("good", Verb::Online).await, Outcome::done());
        assert_eq!(under.call("runs", Verb::Online).await, Outcome::done());
        let (first, neighbour) = (Under::process_of(&library), Under::process_of(&other));

        let mut news = under.monitors.news();
        let outcome = under.call("bad", Verb::Online).await;
        assert_eq!(failure(&outcome), Some(Failure::Crashed), "{outcome}");
        let told = under.tells(events::MonitorDied::ENTRY, 1).await;
        assert!(told.contains("was ended by signal 11"), "{told}");
        assert!(told.contains("It looked after: g/bad, g/runs."), "only what is its own: {told}");
        let told = under.tells(events::ResourceFailed::ENTRY, 1).await;
        assert!(told.contains("g/bad of type unruly failed (online): its code crashed"), "{told}");

        let of_runs = |change: &Change| matches!(change, Change::Adopted { id: it, .. } if *it == id("runs"));
        let adopted = hear(&mut news, of_runs).await;
        assert_eq!(adopted, Change::Adopted { id: id("runs"), outcome: Outcome::running() });
        assert_ne!(Under::process_of(&library), first);
        assert_eq!(Under::process_of(&other), neighbour);
        assert_eq!(under.call("good", Verb::Probe).await, Outcome::running());
        under.can_be_used("unruly").await;
    });
}

#[test]
fn a_call_that_hangs_costs_the_process_and_the_next_one_finds_what_runs() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let state = libraries.path("state");
    with(async |under| {
        under.register(&[("unruly", &library)]);
        under.open("runs", "unruly", &[("state", state.to_str().unwrap())]);
        under.open("bad", "unruly", &[("hang", "online")]);
        assert_eq!(under.call("runs", Verb::Online).await, Outcome::done());
        let mut news = under.monitors.news();
        let outcome = under.call_within("bad", Verb::Online, Duration::from_millis(200)).await;
        assert_eq!(failure(&outcome), Some(Failure::TimedOut), "{outcome}");
        let told = under.tells(events::MonitorDied::ENTRY, 1).await;
        assert!(told.contains("ended with exit code 5"), "{told}");
        assert!(told.contains("`online` of g/bad did not come back"), "the offender is named: {told}");
        let of_runs = |change: &Change| matches!(change, Change::Adopted { id: it, .. } if *it == id("runs"));
        let adopted = hear(&mut news, of_runs).await;
        assert_eq!(adopted, Change::Adopted { id: id("runs"), outcome: Outcome::running() });
    });
}

#[test]
fn one_that_crashes_again_and_again_is_given_up_for_a_while_and_says_so() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    with(async |under| {
        under.register(&[("unruly", &library)]);
        under.can_be_used("unruly").await;
        // Its successor probes it, and crashes too.
        under.open("bad", "unruly", &[("crash", "open")]);
        under.call("bad", Verb::Probe).await;
        let why = under.is_lost("unruly").await;
        assert!(why.contains("keeps ending; the last one was ended by signal 11"), "{why}");
        let outcome = under.call("bad", Verb::Probe).await;
        assert_eq!(failure(&outcome), Some(Failure::NotLoadable), "nobody waits for it: {outcome}");
        assert!(under.is_lost("unruly").await.contains("keeps ending"));
        // Another file is another chance, at once.
        under.monitors.close(&id("bad"));
        libraries.unruly(&["-DANOTHER"]);
        under.can_be_used("unruly").await;
    });
}

#[test]
fn one_whose_resource_flaps_endlessly_costs_a_few_events_and_its_last_state_is_heard() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let flaps = libraries.path("flaps");
    std::fs::write(&flaps, "").unwrap();
    with(async |under| {
        under.register(&[("unruly", &library)]);
        let checks = Checks { looks_alive_ms: 1, is_alive_ms: 0, ..Checks::default() };
        let parameters = [("flaps".to_owned(), Value::Text(flaps.to_str().unwrap().to_owned()))].into();
        under.monitors.open(Instance { id: id("bad"), kind: kind("unruly"), parameters, checks });
        assert_eq!(under.call("bad", Verb::Online).await, Outcome::done());
        let (mut news, began) = (under.monitors.news(), Instant::now());
        under.monitors.watch(&id("bad"), true);
        let (mut heard, mut left_out) = (0, 0);
        let mut last = Outcome::running();
        while heard < 100 || left_out < 100 {
            if let Change::Changed { outcome, left_out: more, .. } = news.recv().await.unwrap() {
                (heard, left_out, last) = (heard + 1, left_out + more, outcome);
            }
        }
        let told = under.told(events::ResourceFailed::ENTRY);
        let minutes = began.elapsed().as_secs() / 60;
        assert!(told.len() as u64 <= 5 + minutes, "{} of {} changes: {told:?}", told.len(), heard + left_out);
        // It calms down: whatever was heard before, that it runs is heard last.
        std::fs::remove_file(&flaps).unwrap();
        assert_eq!(under.call("bad", Verb::Probe).await, Outcome::running());
        while last != Outcome::running() || !news.is_empty() {
            if let Change::Changed { outcome, .. } = news.recv().await.unwrap() {
                last = outcome;
            }
        }
    });
}
