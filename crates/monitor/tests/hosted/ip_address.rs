//! `ip-address`.

use crate::client::{Client, PATIENCE, says, text};
use lab::Host;
use resource_api::message::NoticedBy;
use resource_api::{Failure, Outcome, Verb, Verdict};

const V4: &str = "10.99.0.200/24";
const V6: &str = "fd99:0::200/64";
const PLANNED: &[(&str, &str)] = &[("skip-probe", "true")];

fn monitor(host: &Host, address: &str) -> Client {
    let mut client = Client::start(host);
    client.open("ip-address", &[("address", text(address))]);
    client
}

fn plain(address: &str) -> &str {
    address.split_once('/').unwrap().0
}

fn holds(host: &Host, address: &str) -> bool {
    let address = if address == V6 { "fd99::200/64" } else { address };
    says(host, "ip", &["-o", "address", "show"]).contains(&format!(" {address} "))
}

/// What the host remembers of who has the address.
fn neighbour(host: &Host, address: &str) -> String {
    says(host, "ip", &["neigh", "show", plain(address), "dev", "eth0"])
}

#[track_caller]
fn check_failed(outcome: &Outcome, failure: Failure, says: &[&str]) {
    assert_eq!(outcome.verdict, Verdict::Failed { failure }, "{outcome}");
    assert!(says.iter().all(|part| outcome.text.contains(part)), "{says:?} in: {}", outcome.text);
}

#[test]
fn an_address_lives_its_whole_life() {
    let Some(lab) = lab::or_skip("an_address_lives_its_whole_life", 1) else { return };
    let n1 = &lab.hosts()[0];
    for address in [V4, V6] {
        let mut client = monitor(n1, address);
        assert_eq!(client.call(Verb::Validate), Outcome::done());
        assert_eq!(client.call(Verb::Probe), Outcome::not_running());
        assert_eq!(client.call(Verb::Offline), Outcome::done(), "of what does not run it is done at once");
        assert_eq!(client.call(Verb::Online), Outcome::done());
        assert!(holds(n1, address));
        assert_eq!(client.call(Verb::Online), Outcome::done(), "twice is as good as once");
        // A successor finds it without having been told.
        drop(client);
        let mut client = monitor(n1, address);
        for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
            assert_eq!(client.call(look), Outcome::running());
        }
        assert_eq!(client.call(Verb::Offline), Outcome::done());
        assert!(!holds(n1, address));
        assert_eq!(client.call(Verb::Probe), Outcome::not_running());
        assert_eq!(client.call_with(Verb::Online, PLANNED).0, Outcome::done());
        assert_eq!(client.call(Verb::Terminate), Outcome::done());
        assert!(!holds(n1, address));
    }
}

#[test]
fn an_address_that_another_host_has_is_not_taken() {
    let Some(lab) = lab::or_skip("an_address_that_another_host_has_is_not_taken", 2) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let holder = says(n2, "cat", &["/sys/class/net/eth0/address"]);
    for address in [V4, V6] {
        says(n2, "ip", &["address", "add", address, "dev", "eth0", "nodad"]);
        let mut client = monitor(n1, address);
        let outcome = client.call(Verb::Online);
        check_failed(&outcome, Failure::Conflict, &[&holder, "duplicate address", "eth0"]);
        assert!(!holds(n1, address));
        // The same host as a member of the cluster, which is about to lose it.
        let members = format!("02:00:00:00:00:01,{holder}");
        assert_eq!(client.call_with(Verb::Online, &[("members", &members)]).0, Outcome::done());
        assert!(holds(n1, address));
    }
}

#[test]
fn neighbours_learn_at_once_where_an_address_is() {
    let Some(lab) = lab::or_skip("neighbours_learn_at_once_where_an_address_is", 3) else { return };
    let [n1, n2, n3] = lab.hosts() else { unreachable!("three were asked for") };
    let mac = |host| says(host, "cat", &["/sys/class/net/eth0/address"]);
    for address in [V4, V6] {
        for owner in [n1, n2, n1] {
            let mut client = monitor(owner, address);
            assert_eq!(client.call_with(Verb::Online, PLANNED).0, Outcome::done());
            // The first packet makes the entry. From then on none is sent: only announcements change it.
            if neighbour(n3, address).is_empty() {
                says(n3, "bash", &["-c", &format!("echo >/dev/udp/{}/9", plain(address))]);
            }
            lab::eventually("the neighbour's entry", PATIENCE, || {
                neighbour(n3, address).contains(&mac(owner))
            });
            assert_eq!(client.call(Verb::Offline), Outcome::done());
        }
    }
}

#[test]
fn an_address_deleted_by_hand_is_noticed_by_the_kernels_word() {
    let name = "an_address_deleted_by_hand_is_noticed_by_the_kernels_word";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    for address in [V4, V6] {
        let mut client = monitor(n1, address);
        assert_eq!(client.call_with(Verb::Online, PLANNED).0, Outcome::done());
        client.watch();
        assert_eq!(client.call(Verb::Probe), Outcome::running());
        says(n1, "ip", &["address", "del", address, "dev", "eth0"]);
        assert_eq!(client.change(), (Outcome::not_running(), NoticedBy::Event));
    }
}

#[test]
fn an_interface_set_down_is_noticed_by_the_kernels_word() {
    let name = "an_interface_set_down_is_noticed_by_the_kernels_word";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    let mut client = monitor(n1, V4);
    assert_eq!(client.call_with(Verb::Online, PLANNED).0, Outcome::done());
    client.watch();
    assert_eq!(client.call(Verb::Probe), Outcome::running());
    says(n1, "ip", &["link", "set", "eth0", "down"]);
    let (outcome, noticed_by) = client.change();
    check_failed(&outcome, Failure::Generic, &["10.99.0.200/24 is on eth0, but eth0 is down"]);
    assert_eq!(noticed_by, NoticedBy::Event);
    // It cannot come online like that either.
    assert_eq!(client.call(Verb::Offline), Outcome::done());
    check_failed(&client.call(Verb::Online), Failure::Generic, &["ip link set eth0 up"]);
}

#[test]
fn a_pulled_cable_is_noticed_by_the_kernels_word() {
    let name = "a_pulled_cable_is_noticed_by_the_kernels_word";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    let mut client = monitor(n1, V4);
    assert_eq!(client.call_with(Verb::Online, PLANNED).0, Outcome::done());
    client.watch();
    assert_eq!(client.call(Verb::Probe), Outcome::running());
    lab.link_down(n1, lab::Network::First).unwrap();
    check_failed(&client.change().0, Failure::Generic, &["no carrier"]);
}

#[test]
fn an_address_without_an_interface_is_refused_with_what_there_is() {
    let name = "an_address_without_an_interface_is_refused_with_what_there_is";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    let mut client = monitor(n1, "192.0.2.9/24");
    let there = ["no interface with an address in 192.0.2.0/24", "eth0 10.99.0.1/24", "eth1 10.99.1.1/24"];
    for verb in [Verb::Validate, Verb::Online] {
        check_failed(&client.call(verb), Failure::Arguments, &there);
    }
    let on = |interface| [("address", text("192.0.2.9/24")), ("interface", text(interface))];
    client.open("ip-address", &on("eth7"));
    check_failed(&client.call(Verb::Online), Failure::Arguments, &["no interface `eth7`", "lo, eth"]);
    // Where an interface is named, no network has to fit.
    client.open("ip-address", &on("eth1"));
    assert_eq!(client.call(Verb::Online), Outcome::done());
    assert!(says(n1, "ip", &["-o", "address", "show", "dev", "eth1"]).contains("192.0.2.9/24"));
    // It is on an interface where it is not to be.
    client.open("ip-address", &on("eth0"));
    assert_eq!(client.call(Verb::Probe), Outcome::not_running());
}

#[test]
fn a_wrong_address_is_no_resource() {
    let Some(lab) = lab::or_skip("a_wrong_address_is_no_resource", 1) else { return };
    let mut client = Client::start(&lab.hosts()[0]);
    for wrong in ["10.0.0.1", "10.0.0.1/33", "; reboot", "fd00::1/0", "224.0.0.1/24"] {
        client.open("ip-address", &[("address", text(wrong))]);
        check_failed(&client.call(Verb::Online), Failure::NotConfigured, &["`address`"]);
    }
}

#[test]
fn taking_one_address_away_leaves_the_others_of_its_network() {
    let name = "taking_one_address_away_leaves_the_others_of_its_network";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    let on_eth1 = |address| [("address", text(address)), ("interface", text("eth1"))];
    let (mut first, mut second) = (Client::start(n1), Client::start(n1));
    first.open("ip-address", &on_eth1("192.0.2.1/24"));
    second.open("ip-address", &on_eth1("192.0.2.2/24"));
    for client in [&mut first, &mut second] {
        assert_eq!(client.call_with(Verb::Online, PLANNED).0, Outcome::done());
    }
    // The kernel counts the second as an appendix of the first.
    assert_eq!(first.call(Verb::Offline), Outcome::done());
    assert_eq!(second.call(Verb::Probe), Outcome::running());
}

#[test]
fn an_interface_may_be_named_by_any_of_its_names() {
    let name = "an_interface_may_be_named_by_any_of_its_names";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    let long = "a-name-of-more-than-fifteen-letters";
    says(n1, "ip", &["link", "property", "add", "dev", "eth1", "altname", "service0", "altname", long]);
    for interface in ["service0", long] {
        let mut client = Client::start(n1);
        client.open("ip-address", &[("address", text("192.0.2.9/24")), ("interface", text(interface))]);
        assert_eq!(client.call(Verb::Validate), Outcome::done());
        assert_eq!(client.call_with(Verb::Online, PLANNED).0, Outcome::done());
        assert!(says(n1, "ip", &["-o", "address", "show", "dev", "eth1"]).contains(" 192.0.2.9/24 "));
        assert_eq!(client.call(Verb::IsAlive), Outcome::running());
        assert_eq!(client.call(Verb::Offline), Outcome::done());
        assert_eq!(client.call(Verb::Probe), Outcome::not_running());
    }
}
