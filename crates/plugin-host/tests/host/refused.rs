//! Libraries that cannot be used: each is told with its reason, and the process ends.

use crate::built::Libraries;
use crate::client::Host;
use resource_api::abi::exit;
use resource_api::message::LoadStage;
use resource_api::{FromMonitor, ToMonitor};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

const STARTUP: Option<i32> = Some(exit::STARTUP as i32);

#[test]
fn too_old_and_too_new_are_refused_naming_both_ranges() {
    let libraries = Libraries::new();
    for (abi, which) in [("0", "too old"), ("7", "too new")] {
        let library = libraries.unruly(&[&format!("-DABI={abi}")]);
        // It would crash if its start-up were called.
        let (stage, why, code) = Host::told(&library, &[("UNRULY", "crash")]).refusal();
        assert_eq!((stage, code), (LoadStage::Startup, STARTUP), "{why}");
        assert!(
            why.contains(&format!("versions {abi} to {abi} of")) && why.contains("this node 1 to 1"),
            "{why}"
        );
        assert!(why.contains(which), "{why}");
    }
}

#[test]
fn a_start_up_that_refuses_or_hands_out_nonsense_is_told() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let cases = [
        ("refuse", "its start-up failed: no licence"),
        ("refuse-silently", "did not say why"),
        ("abi", "it speaks versions 9 of the plug-ins' interface, and this node 1 to 1"),
        ("size", "its table says that it has 12 bytes, and version 1 has"),
        ("none", "it names 0 types"),
        ("many", "it names 18446744073709551615 types"),
        ("name", "its name is null"),
    ];
    for (how, expected) in cases {
        let (stage, why, code) = Host::told(&library, &[("UNRULY", how)]).refusal();
        assert_eq!((stage, code), (LoadStage::Startup, STARTUP), "{how}: {why}");
        assert!(why.contains(expected), "{how}: {why}");
    }
    let (_, why, _) = Host::told(&library, &[("UNRULY", "bad")]).refusal();
    let parts = [
        "number 1 says that it has 8 bytes",
        "number 2 has a name that is null",
        "number 3 has no good name",
        "number 4 is null",
        "type `stateless` twice",
    ];
    for part in parts {
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn a_start_up_that_crashes_ends_the_process_by_a_signal() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let (status, heard) = Host::told(&library, &[("UNRULY", "crash")]).end();
    assert_eq!(status.signal(), Some(11));
    assert!(heard.unwrap().is_empty(), "nothing is said by who is dead");
}

#[test]
fn while_a_start_up_hangs_the_daemon_is_answered_and_can_end_it() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&[]);
    let mut host = Host::told(&library, &[("UNRULY", "hang")]);
    host.say(&ToMonitor::List);
    host.say(&ToMonitor::Ping { nonce: 7 });
    host.hear(|said| matches!(said, FromMonitor::Pong { nonce: 7 }).then_some(()));
    host.say(&ToMonitor::Quit);
    assert_eq!(host.end().0.code(), Some(i32::from(exit::DONE)));
}

#[test]
fn what_is_no_plug_in_is_told() {
    let libraries = Libraries::new();
    libraries.helper(4);
    for (library, expected) in [
        (libraries.path("libvendor.so"), "no plug-in of Steadfast"),
        (libraries.path("nothing.so"), "No such file"),
        ("/etc/hostname".into(), "/etc/hostname"),
    ] {
        let mut host = Host::of(&library);
        let (stage, why, code) = host.refusal();
        assert_eq!((stage, code), (LoadStage::Load, Some(i32::from(exit::LOAD))), "{why}");
        assert!(why.contains(expected), "{why}");
    }
}

#[test]
fn started_by_hand_it_says_what_it_is_for() {
    let run = |arguments: &[&str]| {
        let mut host = Command::new(env!("CARGO_BIN_EXE_steadfast-plugin-host"));
        host.args(arguments).stdin(Stdio::null()).output().unwrap()
    };
    for arguments in [&[][..], &["a", "b"], &["/no/library"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(i32::from(exit::USAGE)));
        assert!(String::from_utf8_lossy(&output.stderr).contains("socket"), "{output:?}");
    }
}
