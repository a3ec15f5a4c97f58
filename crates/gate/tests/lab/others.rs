//! What others have put there is as it was.

use crate::common::*;
use gate::Choice;
use lab::Host;

/// A filter of somebody else, in the list that ours would be in.
const FILTER: &str = "tc qdisc add dev eth0 clsact && \
    tc filter add dev eth0 ingress prio 7 protocol ip u32 match ip dst 10.99.0.77 flowid 1:1";

const RULES: &str = "nft 'table inet stranger { set s { type ipv4_addr; flags timeout; }; \
    chain c { type filter hook input priority 0; ip saddr @s drop; }; }'";

/// All rules and filters but those of gates.
fn of_others(host: &Host) -> String {
    let rules = run(host, "nft list table inet stranger");
    let filters = run(host, "tc filter show dev eth0 ingress prio 7");
    assert!(filters.contains("match 0a63004d"), "{filters}");
    rules + &filters
}

#[test]
fn rules_and_filters_of_others_stay_as_they_are() {
    for choice in CHOICES {
        let Some(lab) = site("rules_and_filters_of_others_stay_as_they_are", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        run(n1, FILTER);
        run(n1, RULES);
        let before = of_others(n1);
        let mut gate = open(n1, choice);
        let echo = Echo::on(n1, address(ADDRESSES[0]));
        gate.close(echo.at.ip()).expect("closed");
        echo.is_silent(n2, "closed");
        assert_eq!(of_others(n1), before);
        n1.within(|| gate.dismantle()).expect("n1 is up").expect("dismantled");
        assert_eq!(of_others(n1), before);
        echo.is_heard(n2, "without a gate");
    }
}

#[test]
fn a_gate_leaves_no_filter_no_list_of_filters_and_no_table_behind() {
    for choice in CHOICES {
        let Some(lab) = site("a_gate_leaves_no_filter_no_list_of_filters_and_no_table_behind", choice) else {
            return;
        };
        let n1 = &lab.hosts()[0];
        let state = || run(n1, "tc qdisc show; tc filter show dev eth0 ingress; nft list ruleset");
        let before = state();
        let mut gate = open(n1, choice);
        gate.set(address(ADDRESSES[0]), after(LONG)).expect("opened");
        assert_eq!(
            state() == before,
            choice == Choice::Best,
            "what is there is seen, but for the newest way"
        );
        n1.within(|| gate.dismantle()).expect("n1 is up").expect("dismantled");
        assert_eq!(state(), before, "{choice:?}");
    }
}

#[test]
fn a_filter_that_somebody_takes_away_is_noticed_and_put_back() {
    let name = "a_filter_that_somebody_takes_away_is_noticed_and_put_back";
    let choice = Choice::BpfByTrafficControl;
    let Some(lab) = site(name, choice) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let mut gate = open(n1, choice);
    let watch = n1.within(gate::Watch::open).expect("n1 is up").expect("there is such a socket");
    let echo = Echo::on(n1, address(ADDRESSES[0]));
    gate.close(echo.at.ip()).expect("closed");
    run(n1, "tc qdisc del dev eth0 clsact");
    echo.is_heard(n2, "because its filter is gone");
    lab::eventually("word of it", PATIENCE, || watch.clear().expect("readable"));
    assert_eq!(cover(n1, &mut gate).added, ["eth0"]);
    echo.is_silent(n2, "when it is back");
}

#[test]
fn an_interface_whose_first_place_is_taken_is_told() {
    let choice = Choice::BpfByTrafficControl;
    let Some(lab) = site("an_interface_whose_first_place_is_taken_is_told", choice) else { return };
    let n1 = &lab.hosts()[0];
    run(n1, &FILTER.replace("prio 7", "prio 1"));
    let opened = n1.within(|| gate::Gate::open_or_adopt("n1", choice, None)).expect("n1 is up");
    let (_, coverage) = opened.expect("permitted");
    let [uncovered] = coverage.uncovered.as_slice() else { panic!("one interface is: {coverage:?}") };
    assert_eq!(uncovered.interface, "eth0");
    assert!(uncovered.why.contains("put a program at eth0"), "{}", uncovered.why);
}
