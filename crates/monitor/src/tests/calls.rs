//! Calls: in order, under deadlines, cut short by what is more urgent.

use super::client::{id, with_monitor};
use super::scripted::{Script, registry};
use crate::types::Registry;
use resource_api::{Checks, Failure, FromMonitor, Outcome, ToMonitor, Verb, Verdict};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

fn failure(outcome: &Outcome) -> Option<Failure> {
    match outcome.verdict {
        Verdict::Failed { failure } => Some(failure),
        _ => None,
    }
}

#[test]
fn a_dummy_lives_its_life_and_is_found_again_by_probing() {
    with_monitor(Registry::of_this_machine(), async |mut daemon| {
        daemon.open("a", "dummy", Checks::default()).await;
        assert_eq!(daemon.call("a", Verb::Probe).await, Outcome::not_running());
        assert_eq!(daemon.call("a", Verb::Online).await, Outcome::done());
        assert_eq!(daemon.call("a", Verb::IsAlive).await, Outcome::running());
        daemon.say(&ToMonitor::Close { id: id("a") }).await;
        daemon.open("a", "dummy", Checks::default()).await;
        assert_eq!(daemon.call("a", Verb::Probe).await, Outcome::running());
        assert_eq!(daemon.call("a", Verb::Offline).await, Outcome::done());
        assert_eq!(daemon.call("a", Verb::Offline).await, Outcome::done(), "twice is as good as once");
        assert_eq!(daemon.call("a", Verb::LooksAlive).await, Outcome::not_running());
        assert_eq!(failure(&daemon.call("a", Verb::Promote).await), Some(Failure::Unimplemented));
    });
}

#[test]
fn what_was_not_opened_or_has_no_type_is_answered_too() {
    with_monitor(Registry::of_this_machine(), async |mut daemon| {
        let outcome = daemon.call("nobody", Verb::Online).await;
        assert!(outcome.to_string().contains("g/nobody was not opened"), "{outcome}");
        daemon.open("b", "no-such-type", Checks::default()).await;
        let outcome = daemon.call("b", Verb::Online).await;
        assert_eq!(failure(&outcome), Some(Failure::NotInstalled));
        assert!(outcome.text.contains("`no-such-type`"), "{outcome}");
    });
}

#[test]
fn a_call_that_hangs_is_ended_at_its_deadline_and_the_next_one_runs() {
    let script = Arc::new(Script::default());
    script.hang.lock().unwrap().push(Verb::Online);
    with_monitor(registry(&script), async |mut daemon| {
        daemon.open("a", "scripted", Checks::default()).await;
        daemon.open("b", "scripted", Checks::default()).await;
        let hangs = daemon.ask("a", Verb::Online, Duration::from_millis(50)).await;
        let after = daemon.ask("a", Verb::Offline, LONG).await;
        assert_eq!(daemon.call("b", Verb::Offline).await, Outcome::done(), "others do not wait for it");
        assert_eq!(failure(&daemon.answer(hangs).await), Some(Failure::TimedOut));
        assert_eq!(daemon.answer(after).await, Outcome::done());
        assert!(script.log().contains("-online"), "{}", script.log());
    });
}

#[test]
fn who_wants_an_end_does_not_wait_for_a_look() {
    let script = Arc::new(Script::default());
    script.hang.lock().unwrap().push(Verb::IsAlive);
    with_monitor(registry(&script), async |mut daemon| {
        daemon.open("a", "scripted", Checks::default()).await;
        let look = daemon.ask("a", Verb::IsAlive, LONG).await;
        script.began(Verb::IsAlive).await;
        assert_eq!(daemon.call("a", Verb::Offline).await, Outcome::done());
        assert_eq!(failure(&daemon.answer(look).await), Some(Failure::Cancelled));
        assert_eq!(script.log(), "+is-alive -is-alive +offline -offline");
    });
}

#[test]
fn terminate_waits_for_nobody_and_forgets_what_waits() {
    let script = Arc::new(Script::default());
    script.hang.lock().unwrap().push(Verb::Offline);
    with_monitor(registry(&script), async |mut daemon| {
        daemon.open("a", "scripted", Checks::default()).await;
        let stop = daemon.ask("a", Verb::Offline, LONG).await;
        script.began(Verb::Offline).await;
        let start = daemon.ask("a", Verb::Online, LONG).await;
        assert_eq!(daemon.call("a", Verb::Terminate).await, Outcome::done());
        for overtaken in [stop, start] {
            assert_eq!(failure(&daemon.answer(overtaken).await), Some(Failure::Cancelled));
        }
        assert_eq!(script.log(), "+offline -offline +terminate -terminate");
    });
}

#[test]
fn a_cancelled_call_is_answered_whether_it_runs_or_waits() {
    let script = Arc::new(Script::default());
    script.hang.lock().unwrap().push(Verb::Online);
    with_monitor(registry(&script), async |mut daemon| {
        daemon.open("a", "scripted", Checks::default()).await;
        let runs = daemon.ask("a", Verb::Online, LONG).await;
        let waits = daemon.ask("a", Verb::Reload, LONG).await;
        for call in [waits, runs] {
            daemon.say(&ToMonitor::Cancel { call }).await;
            assert_eq!(failure(&daemon.answer(call).await), Some(Failure::Cancelled));
        }
        assert_eq!(daemon.call("a", Verb::Offline).await, Outcome::done());
    });
}

#[test]
fn a_monitor_answers_a_ping_whatever_hangs() {
    let script = Arc::new(Script::default());
    script.hang.lock().unwrap().push(Verb::Online);
    with_monitor(registry(&script), async |mut daemon| {
        daemon.open("a", "scripted", Checks::default()).await;
        daemon.ask("a", Verb::Online, LONG).await;
        daemon.say(&ToMonitor::Ping { nonce: 7 }).await;
        daemon.hear(|said| (*said == FromMonitor::Pong { nonce: 7 }).then_some(())).await;
    });
}
