//! Open until the deadline, closed after it, whoever stands still meanwhile.

use crate::common::*;
use crate::roles::{Helper, Step};
use gate::{Choice, GateError};

#[test]
fn packets_pass_until_the_deadline_and_none_after_it() {
    // Each on hosts of its own, all at once: most of it is waiting.
    std::thread::scope(|scope| {
        for choice in CHOICES {
            scope.spawn(move || passes_until(choice));
        }
    });
}

fn passes_until(choice: Choice) {
    let Some(lab) = site("packets_pass_until_the_deadline_and_none_after_it", choice) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let mut gate = open(n1, choice);
    let free = plain(n1).map(|own| Echo::on(n1, own));
    let gated = ADDRESSES.map(|own| Echo::on(n1, address(own)));
    for echo in &gated {
        echo.is_heard(n2, "before it is gated");
        gate.close(echo.at.ip()).expect("closed");
        echo.is_silent(n2, "while closed");
    }
    for round in ["first", "second"] {
        let deadline = after(LEASE);
        for echo in &gated {
            gate.close(echo.at.ip()).expect("closed");
            gate.set(echo.at.ip(), deadline).expect("set");
        }
        for (echo, answers) in gated.iter().zip(asks_past(n2, &gated, deadline)) {
            assert!(answers > 0, "{choice:?}: {} was never open ({round} time)", echo.at);
        }
        free.iter().for_each(|free| free.is_heard(n2, "which is not gated"));
    }
    for echo in &gated {
        gate.remove(echo.at.ip()).expect("removed");
        echo.is_heard(n2, "when it is gated no longer");
    }
}

#[test]
fn an_address_that_is_renewed_stays_open() {
    for choice in CHOICES {
        let Some(lab) = site("an_address_that_is_renewed_stays_open", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        let gated = ADDRESSES.map(|own| Echo::on(n1, address(own)));
        let first = after(LEASE);
        while gate::boot_now_ns() < first {
            let next = after(LEASE);
            for echo in &gated {
                gate.set(echo.at.ip(), next).expect("renewed");
                echo.is_heard(n2, "while it is renewed");
            }
        }
        for echo in &gated {
            gate.set(echo.at.ip(), after(LONG)).expect("renewed");
            echo.is_heard(n2, "when its first deadline has passed");
        }
    }
}

#[test]
fn a_late_write_opens_nothing() {
    for choice in CHOICES {
        let Some(lab) = site("a_late_write_opens_nothing", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        for own in ADDRESSES {
            let echo = Echo::on(n1, address(own));
            let deadline = after(std::time::Duration::from_millis(1));
            wait_past(deadline);
            gate.set(echo.at.ip(), deadline).expect("written");
            echo.is_silent(n2, "after a late write");
        }
    }
}

#[test]
fn a_renewal_by_nftables_that_comes_late_is_refused_and_opens_nothing() {
    let name = "a_renewal_by_nftables_that_comes_late_is_refused_and_opens_nothing";
    let Some(lab) = site(name, Choice::Nftables) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let mut gate = open(n1, Choice::Nftables);
    for own in ADDRESSES {
        let echo = Echo::on(n1, address(own));
        let deadline = after(LEASE);
        gate.set(echo.at.ip(), deadline).expect("opened");
        echo.is_heard(n2, "while open");
        wait_past(deadline + 200_000_000);
        let error = gate.set(echo.at.ip(), after(LONG)).expect_err("it has timed out");
        assert!(matches!(error, GateError::Expired { .. }), "{error}");
        echo.is_silent(n2, "after a refused renewal");
        gate.close(echo.at.ip()).expect("closed");
        gate.set(echo.at.ip(), after(LONG)).expect("opened anew");
        echo.is_heard(n2, "when it is opened anew");
    }
}

#[test]
fn a_writer_that_stands_still_at_any_step_and_goes_on_after_the_deadline_opens_nothing() {
    let name = "a_writer_that_stands_still_at_any_step_and_goes_on_after_the_deadline_opens_nothing";
    for choice in CHOICES {
        // Each on hosts of its own, all at once: most of it is waiting.
        std::thread::scope(|scope| {
            for step in Step::ALL {
                scope.spawn(move || stands_still(name, choice, step));
            }
        });
    }
}

fn stands_still(name: &str, choice: Choice, step: Step) {
    let Some(lab) = site(name, choice) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    // What the writer does not reach, is closed.
    let mut gate = open(n1, choice);
    let echoes = ADDRESSES.map(|own| Echo::on(n1, address(own)));
    for echo in &echoes {
        gate.close(echo.at.ip()).expect("closed");
    }
    drop(gate);

    let mut writer = Helper::writer(n1, choice, step);
    let deadline = writer.stands_still();
    if step.is_open() {
        for echo in &echoes {
            echo.is_heard(n2, &format!("while the writer stands still at {step:?} ({choice:?})"));
        }
    }
    wait_past(deadline + u64::try_from(EPSILON.as_nanos()).expect("small"));
    for echo in &echoes {
        echo.is_silent(n2, &format!("past its deadline, the writer stopped at {step:?} ({choice:?})"));
    }
    writer.goes_on();
    for echo in &echoes {
        echo.is_silent(n2, &format!("when the writer went on from {step:?} ({choice:?})"));
    }
}
