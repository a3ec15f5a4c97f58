//! Plug-ins that crash, hang, lie and scribble: each costs its own process, and nothing else.

use crate::built::Libraries;
use crate::client::{Host, PATIENCE, SHORT, failure, id};
use resource_api::abi::exit;
use resource_api::message::NoticedBy;
use resource_api::{Checks, Failure, FromMonitor, Outcome, ToMonitor, Verb};
use std::os::unix::process::ExitStatusExt as _;

const HUNG: Option<i32> = Some(exit::HUNG as i32);
const NEVER: Checks = Checks {
    looks_alive_ms: 0,
    looks_alive_deadline_ms: 60_000,
    is_alive_ms: 0,
    is_alive_deadline_ms: 60_000,
};

#[test]
fn one_that_crashes_in_any_entry_point_ends_its_own_process_and_no_other() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let mut other = Host::of(&library);
    other.open("good", "unruly", &[]);
    let verbs = [
        ("open", Verb::Online),
        ("online", Verb::Online),
        ("offline", Verb::Offline),
        ("looks-alive", Verb::LooksAlive),
        ("is-alive", Verb::IsAlive),
        ("is-alive", Verb::Probe),
        ("terminate", Verb::Terminate),
    ];
    for (entry, verb) in verbs {
        let mut host = Host::of(&library);
        host.open("bad", "unruly", &[("crash", entry)]);
        host.ask("bad", verb, PATIENCE);
        let (status, heard) = host.end();
        assert_eq!(status.signal(), Some(11), "{entry}");
        assert!(heard.unwrap().is_empty(), "{entry}: nothing is said by who is dead");
        assert_eq!(other.call("good", Verb::Online), Outcome::done());
    }
    let mut host = Host::of(&library);
    host.open("bad", "unruly", &[("crash", "close")]);
    assert_eq!(host.call("bad", Verb::Online), Outcome::done());
    host.say(&ToMonitor::Close { id: id("bad") });
    assert_eq!(host.end().0.signal(), Some(11));
}

#[test]
fn one_that_never_returns_is_told_once_and_costs_the_process_at_its_deadline() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    for (entry, verb) in [("open", Verb::Probe), ("online", Verb::Online), ("is-alive", Verb::IsAlive)] {
        let mut host = Host::of(&library);
        host.open("bad", "unruly", &[("hang", entry)]);
        host.open("good", "unruly", &[]);
        host.open("worse", "unruly", &[("hang", "online")]);
        let hangs = host.ask("bad", verb, SHORT);
        let waits = host.ask("bad", Verb::Offline, PATIENCE);
        let other = host.ask("worse", Verb::Online, PATIENCE);
        assert_eq!(host.call("good", Verb::Online), Outcome::done(), "others do not wait for it");
        let late = host.answer(hangs);
        assert_eq!(failure(&late), Some(Failure::TimedOut));
        assert!(late.text.contains(verb.as_str()), "{late}");
        // What can never be answered any more is answered too.
        for call in [waits, other] {
            let outcome = host.answer(call);
            assert_eq!(failure(&outcome), Some(Failure::Crashed));
            assert!(outcome.text.contains("g/bad"), "it names the offender: {outcome}");
        }
        let (status, heard) = host.end();
        assert_eq!((status.code(), heard.unwrap()), (HUNG, vec![]));
    }
}

#[test]
fn terminate_runs_beside_a_call_that_hangs() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let state = libraries.path("state");
    let mut host = Host::of(&library);
    host.open("bad", "unruly", &[("hang", "online"), ("state", state.to_str().unwrap())]);
    let hangs = host.ask("bad", Verb::Online, PATIENCE);
    let waits = host.ask("bad", Verb::IsAlive, PATIENCE);
    let until = std::time::Instant::now() + PATIENCE;
    while !state.exists() {
        assert!(std::time::Instant::now() < until, "{}", host.printed());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(host.call("bad", Verb::Terminate), Outcome::done());
    assert!(!state.exists());
    assert_eq!(failure(&host.answer(waits)), Some(Failure::Cancelled));
    host.say(&ToMonitor::Cancel { call: hangs });
    assert_eq!(failure(&host.answer(hangs)), Some(Failure::Cancelled));
}

#[test]
fn a_look_that_hangs_is_told_and_costs_the_process_too() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let mut host = Host::of(&library);
    let checks = Checks { looks_alive_ms: 10, looks_alive_deadline_ms: 100, ..NEVER };
    host.open_checked("bad", "unruly", &[("hang", "looks-alive")], checks);
    host.say(&ToMonitor::Watch { id: id("bad"), on: true });
    let (status, heard) = host.end();
    let heard = heard.unwrap();
    let [FromMonitor::Changed { outcome, noticed_by: NoticedBy::LooksAlive, .. }] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    assert_eq!((failure(outcome), status.code()), (Some(Failure::TimedOut), HUNG));
}

#[test]
fn while_it_is_watched_what_changes_is_told_once_and_what_the_library_says_is_looked_at_now() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let state = libraries.path("state");
    let mut host = Host::of(&library);
    let changed = |said: &FromMonitor| match said {
        FromMonitor::Changed { outcome, noticed_by, .. } => Some((outcome.clone(), *noticed_by)),
        _ => None,
    };
    let checks = Checks { looks_alive_ms: 10, ..NEVER };
    host.open_checked("a", "unruly", &[("state", state.to_str().unwrap())], checks);
    assert_eq!(host.call("a", Verb::Online), Outcome::done());
    host.say(&ToMonitor::Watch { id: id("a"), on: true });
    std::fs::remove_file(&state).unwrap();
    assert_eq!(host.hear(changed), (Outcome::not_running(), NoticedBy::LooksAlive));
    std::fs::write(&state, "").unwrap();
    assert_eq!(host.hear(changed), (Outcome::running(), NoticedBy::LooksAlive));
    // Without any interval: by the library's word alone, from a thread of its own.
    host.open_checked("a", "unruly", &[("state", state.to_str().unwrap())], NEVER);
    host.say(&ToMonitor::Watch { id: id("a"), on: true });
    assert_eq!(host.control("a", "fail").text, "asked for fail");
    assert_eq!(host.hear(changed), (Outcome::not_running(), NoticedBy::Event));
    host.prints("(a text that is null)");
}

#[test]
fn answers_without_a_meaning_and_texts_that_are_none_are_bounded_and_told() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let mut host = Host::of(&library);
    host.open("a", "unruly", &[("answer", "undefined")]);
    let outcome = host.call("a", Verb::Online);
    assert_eq!(failure(&outcome), Some(Failure::Undefined));
    assert!(outcome.text.contains("4711") && outcome.text.contains("caf\u{fffd}"), "{outcome}");
    // One that failed to open, with a handle that points nowhere: it is neither used nor closed.
    host.open("b", "unruly", &[("answer", "no-open")]);
    let outcome = host.call("b", Verb::Online);
    assert_eq!(failure(&outcome), Some(Failure::Arguments));
    assert!(outcome.text.len() < 5_000, "{}", outcome.text.len());
    host.say(&ToMonitor::Close { id: id("b") });
    host.open("c", "stateless", &[]);
    assert_eq!(host.call("c", Verb::Online), Outcome::done(), "a null handle is handed back as it came");
    assert_eq!(failure(&host.call("c", Verb::Terminate)), Some(Failure::Unimplemented));
    host.open("d", "unruly", &[("answer", "a\0b")]);
    let outcome = host.call("d", Verb::Online);
    assert!(outcome.text.contains("answer has a zero byte"), "{outcome}");
}

#[test]
fn of_several_types_the_good_ones_serve_though_one_is_broken() {
    let libraries = Libraries::new();
    let mut host = Host::of(&libraries.unruly(&[]));
    let types = host.types();
    assert_eq!((types["unruly"].as_deref(), types["stateless"].as_deref()), (None, None));
    let problem = types["without-online"].clone().unwrap();
    for part in ["no function for `online`", "its version is not UTF-8", "1073741824 parameters"] {
        assert!(problem.contains(part), "{problem}");
    }
    host.open("a", "without-online", &[]);
    assert_eq!(failure(&host.call("a", Verb::Probe)), Some(Failure::NotLoadable));
    host.open("b", "no-such-type", &[]);
    assert_eq!(failure(&host.call("b", Verb::Probe)), Some(Failure::NotInstalled));
}

#[test]
fn what_it_prints_goes_to_standard_error() {
    let libraries = Libraries::new();
    let mut host = Host::of(&libraries.unruly(&[]));
    host.open("a", "unruly", &[]);
    assert_eq!(host.call("a", Verb::Online), Outcome::done());
    host.prints("printed by online of a\n");
}

#[test]
fn garbage_on_every_descriptor_is_no_frame_for_the_daemon() {
    let libraries = Libraries::new();
    let mut host = Host::of(&libraries.unruly(&[]));
    host.open("bad", "unruly", &[("garbage", "online")]);
    host.ask("bad", Verb::Online, PATIENCE);
    assert!(host.garbage(), "a frame that is none");
}
