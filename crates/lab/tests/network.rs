//! The two networks and their faults.

mod common;

use std::fs;

use common::{hears, is_deaf};
use lab::{Host, Network, Traffic};

/// Both addresses of a host on both networks.
fn everywhere(from: &Host, to: &Host, check: fn(&Host, &Host, std::net::IpAddr)) {
    for network in Network::ALL {
        check(from, to, to.ipv4(network).into());
        check(from, to, to.ipv6(network).into());
    }
}

#[test]
fn hosts_hear_each_other_on_both_networks_in_both_families() {
    let Some(lab) = lab::or_skip("hosts_hear_each_other_on_both_networks_in_both_families", 3) else {
        return;
    };
    for from in lab.hosts() {
        for to in lab.hosts().iter().filter(|to| to.name() != from.name()) {
            everywhere(from, to, hears);
        }
    }
}

#[test]
fn a_cut_acts_on_its_direction_and_its_network_only_and_heals() {
    let Some(lab) = lab::or_skip("a_cut_acts_on_its_direction_and_its_network_only_and_heals", 3) else {
        return;
    };
    let [n1, n2, n3] = lab.hosts() else { unreachable!("three were asked for") };
    // Addresses are resolved before, or a one-way cut would stop the resolution's answer too.
    everywhere(n1, n2, hears);
    everywhere(n2, n1, hears);

    lab.cut(Traffic::one_way(n1, n2).on(Network::First)).expect("cut");
    is_deaf(n1, n2, n2.ipv4(Network::First));
    hears(n2, n1, n1.ipv4(Network::First));
    hears(n1, n2, n2.ipv4(Network::Second));

    lab.cut(Traffic::between(n1, n2)).expect("cut");
    everywhere(n1, n2, is_deaf);
    everywhere(n2, n1, is_deaf);
    everywhere(n1, n3, hears);

    lab.heal().expect("heal");
    everywhere(n1, n2, hears);
    everywhere(n2, n1, hears);
}

#[test]
fn an_isolated_host_is_alone_and_a_split_has_two_sides() {
    let Some(lab) = lab::or_skip("an_isolated_host_is_alone_and_a_split_has_two_sides", 4) else { return };
    let [n1, n2, n3, n4] = lab.hosts() else { unreachable!("four were asked for") };
    lab.isolate(n1).expect("isolate");
    everywhere(n1, n2, is_deaf);
    everywhere(n3, n1, is_deaf);
    everywhere(n2, n3, hears);
    lab.heal().expect("heal");

    lab.split(&[n1, n2], &[n3, n4]).expect("split");
    everywhere(n1, n2, hears);
    everywhere(n3, n4, hears);
    everywhere(n1, n4, is_deaf);
    everywhere(n3, n2, is_deaf);
}

#[test]
fn some_frames_get_lost_and_some_arrive() {
    let Some(lab) = lab::or_skip("some_frames_get_lost_and_some_arrive", 2) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let to = n2.ipv4(Network::First);
    hears(n1, n2, to);
    lab.lose(Traffic::one_way(n1, n2), 500).expect("lose");
    hears(n1, n2, to);
    lab::eventually("a loss", common::PATIENCE, || !common::arrives(n1, n2, to).expect("both are up"));
}

#[test]
fn a_pulled_cable_takes_the_carrier_and_one_network_only() {
    let Some(lab) = lab::or_skip("a_pulled_cable_takes_the_carrier_and_one_network_only", 2) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let carrier = || n1.within(|| fs::read_to_string("/sys/class/net/eth0/carrier").expect("eth0 is up"));
    let carrier_is = |state: &str| {
        lab::eventually(state, common::PATIENCE, || carrier().expect("n1 is up").trim() == state);
    };
    carrier_is("1");
    lab.link_down(n1, Network::First).expect("pull");
    carrier_is("0");
    is_deaf(n2, n1, n1.ipv4(Network::First));
    hears(n2, n1, n1.ipv4(Network::Second));
    lab.heal().expect("heal");
    carrier_is("1");
    hears(n2, n1, n1.ipv4(Network::First));
}

#[test]
fn the_machine_s_own_network_is_untouched() {
    let before = fs::read_to_string("/proc/net/dev").expect("readable").lines().count();
    let Some(_lab) = lab::or_skip("the_machine_s_own_network_is_untouched", 2) else { return };
    let after = fs::read_to_string("/proc/net/dev").expect("readable").lines().count();
    assert_eq!(before, after);
}
