//! The daemon ends, in whatever way, and another one comes: what is open stays open, until when it was.

use crate::common::*;
use crate::roles::Helper;
use gate::{Choice, Gate};
use std::collections::BTreeSet;

#[test]
fn a_killed_daemon_leaves_its_gate_and_its_successor_takes_it_over() {
    for choice in CHOICES {
        let Some(lab) = site("a_killed_daemon_leaves_its_gate_and_its_successor_takes_it_over", choice)
        else {
            return;
        };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut daemon = Helper::start(n1, "holds", choice);
        let deadline: u64 = daemon.says("DEADLINE").parse().expect("a number");
        daemon.kill();
        let echoes = ADDRESSES.map(|own| Echo::on(n1, address(own)));
        echoes.iter().for_each(|echo| echo.is_heard(n2, "when the daemon was killed"));

        let mut gate = open(n1, choice);
        let standing = gate.standing().expect("it is told");
        let addresses: BTreeSet<_> = standing.iter().map(|standing| standing.address).collect();
        assert_eq!(addresses, ADDRESSES.map(address).into());
        for standing in standing {
            let off = standing.deadline_boot_ns.abs_diff(deadline);
            // Of nftables it is computed from the time that is left.
            assert!(choice == Choice::Nftables && off < 1_000_000_000 || off == 0, "{standing:?}");
        }
        for echo in &echoes {
            echo.is_heard(n2, "when a successor took over");
            gate.close(echo.at.ip()).expect("closed");
            echo.is_silent(n2, "when the successor closed it");
        }
        dismantle(n1, gate);
        echoes.iter().for_each(|echo| echo.is_heard(n2, "when all was taken away"));
        assert!(open(n1, choice).standing().expect("it is told").is_empty(), "nothing was left");
    }
}

#[test]
fn a_successor_opens_nothing_that_its_predecessor_closed() {
    for choice in CHOICES {
        let Some(lab) = site("a_successor_opens_nothing_that_its_predecessor_closed", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        for own in ADDRESSES {
            gate.close(address(own)).expect("closed");
        }
        for _ in 0..3 {
            drop(gate);
            gate = open(n1, choice);
            for own in ADDRESSES {
                Echo::on(n1, address(own)).is_silent(n2, "after a restart");
            }
        }
    }
}

#[test]
fn a_daemon_that_was_given_more_rights_takes_over_the_gate_that_it_had_without_them() {
    let name = "a_daemon_that_was_given_more_rights_takes_over_the_gate_that_it_had_without_them";
    let Some(lab) = site(name, Choice::Best) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let [open_one, closed_one] = ADDRESSES.map(|own| Echo::on(n1, address(own)));
    let mut weak = open(n1, Choice::Nftables);
    weak.set(open_one.at.ip(), after(LONG)).expect("opened");
    weak.close(closed_one.at.ip()).expect("closed");
    drop(weak);
    let mut strong = open(n1, Choice::Best);
    assert_eq!(strong.kind(), gate::Kind::Bpf);
    open_one.is_heard(n2, "open as before");
    closed_one.is_silent(n2, "closed as before");
    assert!(!run(n1, "nft list tables").contains("steadfast_n1"));
    strong.set(closed_one.at.ip(), after(LONG)).expect("opened");
    closed_one.is_heard(n2, "when it is opened");
}

#[test]
fn two_nodes_on_one_host_have_a_gate_each() {
    for choice in CHOICES {
        let Some(lab) = site("two_nodes_on_one_host_have_a_gate_each", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut one = open(n1, choice);
        let other = n1.within(|| Gate::open_or_adopt("n2", choice, None)).expect("n1 is up");
        let (mut other, _) = other.expect("permitted");
        let [four, six] = ADDRESSES.map(|own| Echo::on(n1, address(own)));
        one.close(four.at.ip()).expect("closed");
        other.close(six.at.ip()).expect("closed");
        assert_eq!(one.standing().expect("told").len(), 1);
        four.is_silent(n2, "closed by one");
        six.is_silent(n2, "closed by the other");
        dismantle(n1, other);
        six.is_heard(n2, "when the other gate is gone");
        four.is_silent(n2, "closed by one still");
    }
}

fn dismantle(host: &lab::Host, gate: Gate) {
    host.within(|| gate.dismantle()).expect("it is up").expect("it can be taken away");
}
