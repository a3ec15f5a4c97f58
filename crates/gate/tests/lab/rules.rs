//! nftables: what flushes its rules, and who owns the table.

use crate::common::*;
use gate::{Choice, Gate, GateError};

#[test]
fn flushing_all_rules_of_nftables_opens_nothing() {
    for choice in CHOICES {
        let Some(lab) = site("flushing_all_rules_of_nftables_opens_nothing", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        if gate.holes().iter().any(|hole| hole.contains("kernel 6.9")) {
            lab::kernel_lacks("flushing_all_rules_of_nftables_opens_nothing", "owned tables that persist");
            continue;
        }
        let echoes = ADDRESSES.map(|own| Echo::on(n1, address(own)));
        for echo in &echoes {
            gate.close(echo.at.ip()).expect("closed");
            run(n1, "nft flush ruleset");
            echo.is_silent(n2, "after a flush");
            gate.set(echo.at.ip(), after(LONG)).expect("opened");
            run(n1, "nft flush ruleset");
            echo.is_heard(n2, "after a flush, open");
            gate.close(echo.at.ip()).expect("closed");
        }
        // The daemon is gone, and somebody holds the socket for its successor.
        let held = gate.held().expect("copied");
        drop(gate);
        run(n1, "nft flush ruleset");
        echoes.iter().for_each(|echo| echo.is_silent(n2, "after a flush without a daemon"));
        if let Some(held) = held {
            let stranger = n1.within(|| Gate::open_or_adopt("n1", choice, None)).expect("n1 is up");
            let error = stranger.expect_err("the table is somebody's").to_string();
            assert!(error.contains("belongs to another process"), "{error}");
            let (mut gate, _) = n1
                .within(|| Gate::open_or_adopt("n1", choice, Some(held)))
                .expect("n1 is up")
                .expect("adopted");
            gate.set(echoes[0].at.ip(), after(LONG)).expect("opened");
            echoes[0].is_heard(n2, "by the successor");
        }
    }
}

#[test]
fn a_table_that_nobody_held_and_somebody_removed_is_put_back_closed() {
    let name = "a_table_that_nobody_held_and_somebody_removed_is_put_back_closed";
    let Some(lab) = site(name, Choice::Nftables) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let mut gate = open(n1, Choice::Nftables);
    let echo = Echo::on(n1, address(ADDRESSES[0]));
    gate.set(echo.at.ip(), after(LONG)).expect("opened");
    drop(gate);
    run(n1, "nft flush ruleset");
    echo.is_heard(n2, "because the gate is gone");
    let mut gate = open(n1, Choice::Nftables);
    assert_eq!(gate.standing().expect("told"), [], "the successor knows that nothing is gated");
    gate.close(echo.at.ip()).expect("closed");
    echo.is_silent(n2, "when it is gated again");
    let error = GateError::Expired { address: echo.at.ip() };
    assert!(error.to_string().contains("open it with a new grant"));
}

#[test]
fn the_table_is_one_that_nft_shows_and_the_names_say_whose_it_is() {
    let name = "the_table_is_one_that_nft_shows_and_the_names_say_whose_it_is";
    let Some(lab) = site(name, Choice::Nftables) else { return };
    let n1 = &lab.hosts()[0];
    let mut gate = open(n1, Choice::Nftables);
    gate.set(address(ADDRESSES[0]), after(LONG)).expect("opened");
    gate.close(address(ADDRESSES[1])).expect("closed");
    let shown = run(n1, "nft list table netdev steadfast_n1");
    for part in [
        "hook ingress device \"eth0\"",
        "hook egress device \"lo\"",
        "ip saddr @guarded4 ip saddr != @open4 drop",
        "ip6 daddr @guarded6 ip6 daddr != @open6 drop",
        "arp saddr ip @guarded4 arp saddr ip != @open4 drop",
        "elements = { 10.99.0.100 timeout",
        "elements = { fd99::100 }",
    ] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
}
