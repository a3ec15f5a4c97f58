//! `systemd:UNIT`, with a real systemd.

use crate::client::{Client, PATIENCE, says};
use lab::{Host, Init, Lab};
use resource_api::message::NoticedBy;
use resource_api::{Failure, Outcome, Verb, Verdict};
use std::process::Stdio;
use std::time::Duration;

/// A host that has booted systemd, with these units.
fn lab(test: &str, units: &[(&str, &str)]) -> Option<Lab> {
    if let Err(reason) = Init::Systemd.supported() {
        lab::skip(test, &reason);
        return None;
    }
    let lab = lab::or_skip(test, 1)?;
    let n1 = &lab.hosts()[0];
    n1.kill().unwrap();
    n1.set_init(Init::Systemd);
    n1.start().unwrap();
    n1.within(|| {
        for (name, text) in units {
            std::fs::write(format!("{}/{name}", Init::UNITS), text).unwrap();
        }
    })
    .unwrap();
    Some(lab)
}

fn monitor(host: &Host, unit: &str) -> Client {
    let mut client = Client::start(host);
    client.open(&format!("systemd:{unit}"), &[]);
    client
}

#[track_caller]
fn check_failed(outcome: &Outcome, failure: Failure, says: &[&str]) {
    assert_eq!(outcome.verdict, Verdict::Failed { failure }, "{outcome}");
    assert!(says.iter().all(|part| outcome.text.contains(part)), "{says:?} in: {}", outcome.text);
}

const SLEEPER: &str = "[Service]\nExecStart=/bin/sleep infinity\n";

#[test]
fn a_unit_lives_its_whole_life_also_in_other_hands() {
    let name = "a_unit_lives_its_whole_life_also_in_other_hands";
    let oneshot = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n";
    let units = [("sleeper.service", SLEEPER), ("once.service", oneshot), ("at@.service", SLEEPER)];
    let Some(lab) = lab(name, &units) else { return };
    let n1 = &lab.hosts()[0];
    for unit in ["sleeper", "once.service", "at@1.service"] {
        let mut client = monitor(n1, unit);
        assert_eq!(client.call(Verb::Validate), Outcome::done());
        assert_eq!(client.call(Verb::Probe), Outcome::not_running());
        assert_eq!(client.call(Verb::Offline), Outcome::done(), "of what does not run it is done at once");
        assert_eq!(client.call(Verb::Online), Outcome::done());
        assert_eq!(client.call(Verb::Online), Outcome::done(), "twice is as good as once");
        drop(client);
        let mut client = monitor(n1, unit);
        for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
            assert_eq!(client.call(look), Outcome::running());
        }
        assert_eq!(client.call(Verb::Offline), Outcome::done());
        assert_eq!(client.call(Verb::Probe), Outcome::not_running());
        says(n1, "systemctl", &["start", unit]);
        assert_eq!(client.call(Verb::Probe), Outcome::running(), "whoever started it");
        assert_eq!(client.call(Verb::Terminate), Outcome::done());
        assert_eq!(client.call(Verb::Probe).verdict, Verdict::NotRunning);
    }
}

#[test]
fn units_that_cannot_be_run_are_told_by_name_and_reason() {
    let name = "units_that_cannot_be_run_are_told_by_name_and_reason";
    let units = [
        ("fails.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'exit 7'\n"),
        ("over.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
        ("bad.service", "[Service]\nType=simple\n"),
        ("hidden.service", SLEEPER),
    ];
    let Some(lab) = lab(name, &units) else { return };
    let n1 = &lab.hosts()[0];
    n1.within(|| {
        let hidden = format!("{}/hidden.service", Init::UNITS);
        std::fs::remove_file(&hidden).unwrap();
        std::os::unix::fs::symlink("/dev/null", &hidden).unwrap();
    })
    .unwrap();
    says(n1, "systemctl", &["daemon-reload"]);
    for (unit, failure, words) in [
        ("nowhere", Failure::NotInstalled, ["nowhere.service", "no unit"]),
        ("hidden", Failure::Arguments, ["hidden.service", "masked"]),
        ("bad", Failure::Arguments, ["bad.service", "bad-setting"]),
        ("over", Failure::Arguments, ["over.service", "RemainAfterExit"]),
    ] {
        let mut client = monitor(n1, unit);
        check_failed(&client.call(Verb::Validate), failure, &words);
        assert!(!client.call(Verb::Online).is_good(), "{unit}");
    }
    let mut client = monitor(n1, "fails");
    check_failed(&client.call(Verb::Online), Failure::Generic, &["code 7", "journalctl -u fails.service"]);
    assert_eq!(client.call(Verb::Probe).verdict, Verdict::NotRunning);
    assert_eq!(client.call(Verb::Offline), Outcome::done());
}

#[test]
fn who_else_would_start_a_unit_is_told_and_is_no_error() {
    let name = "who_else_would_start_a_unit_is_told_and_is_no_error";
    let puller = "[Unit]\nWants=pulled.service\n[Service]\nExecStart=/bin/sleep infinity\n";
    let units = [
        ("alone.service", SLEEPER),
        ("pulled.service", SLEEPER),
        ("puller.service", puller),
        ("asked.service", SLEEPER),
        ("asked.socket", "[Socket]\nListenStream=/run/asked\n"),
    ];
    let Some(lab) = lab(name, &units) else { return };
    let n1 = &lab.hosts()[0];
    assert_eq!(monitor(n1, "alone").call(Verb::Validate), Outcome::done());
    says(n1, "systemctl", &["start", "puller.service", "asked.socket"]);
    for (unit, words) in [
        ("pulled", ["pulled.service is started with puller.service", "list-dependencies --reverse"]),
        ("asked", ["asked.service is started by asked.socket", "`systemctl disable --now asked.socket`"]),
    ] {
        let told = monitor(n1, unit).call(Verb::Validate);
        assert_eq!(told.verdict, Verdict::Done, "{told}");
        assert!(words.iter().all(|part| told.text.contains(part)), "{unit}: {told:?}");
    }
}

#[test]
fn a_unit_whose_program_ends_in_order_is_noticed_at_once() {
    let name = "a_unit_whose_program_ends_in_order_is_noticed_at_once";
    let until = "[Service]\nExecStart=/bin/sh -c 'until test -e /run/enough; do sleep 0.02; done'\n";
    let Some(lab) = lab(name, &[("until.service", until)]) else { return };
    let n1 = &lab.hosts()[0];
    let mut client = monitor(n1, "until");
    assert_eq!(client.call(Verb::Online), Outcome::done());
    client.watch();
    assert_eq!(client.call(Verb::LooksAlive), Outcome::running());
    says(n1, "touch", &["/run/enough"]);
    let (outcome, noticed_by) = client.change();
    assert_eq!((outcome.verdict, noticed_by), (Verdict::NotRunning, NoticedBy::Event), "{outcome}");
    assert!(outcome.text.contains("until.service is inactive (dead)"), "{outcome}");
}

#[test]
fn a_unit_that_is_killed_or_restarted_is_noticed_also_across_a_reexec_of_systemd() {
    let name = "a_unit_that_is_killed_or_restarted_is_noticed_also_across_a_reexec_of_systemd";
    let again = "[Service]\nExecStart=/bin/sleep infinity\nRestart=always\nRestartSec=1h\n";
    let Some(lab) = lab(name, &[("sleeper.service", SLEEPER), ("again.service", again)]) else { return };
    let n1 = &lab.hosts()[0];
    for unit in ["sleeper.service", "again.service"] {
        let mut client = monitor(n1, unit);
        assert_eq!(client.call(Verb::Online), Outcome::done());
        client.watch();
        says(n1, "systemctl", &["daemon-reexec"]);
        assert_eq!(client.call(Verb::LooksAlive), Outcome::running());
        assert_eq!(client.call(Verb::IsAlive), Outcome::running());
        says(n1, "systemctl", &["kill", "--signal=KILL", unit]);
        let (outcome, noticed_by) = client.change();
        assert_eq!(noticed_by, NoticedBy::Event);
        check_failed(&outcome, Failure::Generic, &[unit, "signal 9"]);
        assert_eq!(client.call(Verb::Online), Outcome::done(), "and is started again");
        assert_eq!(client.call(Verb::Offline), Outcome::done());
    }
}

#[test]
fn a_unit_that_hangs_is_left_at_the_deadline_and_ended_by_force() {
    let name = "a_unit_that_hangs_is_left_at_the_deadline_and_ended_by_force";
    let stuck = "[Service]\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'\n";
    let slow = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep infinity\n";
    let Some(lab) = lab(name, &[("stuck.service", stuck), ("slow.service", slow)]) else { return };
    let n1 = &lab.hosts()[0];
    let soon = Duration::from_secs(1);
    let mut client = monitor(n1, "stuck");
    assert_eq!(client.call(Verb::Online), Outcome::done());
    // Once it ignores the signal.
    lab::eventually("the shell's child", PATIENCE, || {
        // Its answer is the number that it would print.
        let asked = n1.command("pgrep").args(["-x", "sleep"]).stdout(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    });
    check_failed(&client.call_within(Verb::Offline, soon), Failure::TimedOut, &["stuck.service"]);
    assert_eq!(client.call(Verb::Terminate), Outcome::done());
    assert_eq!(client.call(Verb::Probe).verdict, Verdict::NotRunning);

    let mut client = monitor(n1, "slow");
    check_failed(&client.call_within(Verb::Online, soon), Failure::TimedOut, &["slow.service"]);
    // What nobody waits for any more does not come up later.
    assert_eq!(client.call(Verb::Probe).verdict, Verdict::NotRunning);
}
