//! All ways to an address: another interface, one that appears later, ports translated to a container.

use crate::common::*;
use gate::Watch;
use lab::Network;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::process::Command;

#[test]
fn an_address_is_gated_on_every_interface() {
    for choice in CHOICES {
        let Some(lab) = site("an_address_is_gated_on_every_interface", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        // The client reaches it over the other network, where the host answers for it as well.
        run(n2, &format!("ip route add 10.99.0.100/32 via {} dev eth1", n1.ipv4(Network::Second)));
        run(n2, &format!("ip -6 route add fd99::100/128 via {} dev eth1", n1.ipv6(Network::Second)));
        let mut gate = open(n1, choice);
        for own in ADDRESSES {
            let echo = Echo::on(n1, address(own));
            echo.is_heard(n2, "over the second network");
            gate.close(echo.at.ip()).expect("closed");
            echo.is_silent(n2, "over the second network, closed");
            gate.set(echo.at.ip(), after(LONG)).expect("opened");
            echo.is_heard(n2, "over the second network, open");
        }
    }
}

#[test]
fn the_host_itself_cannot_reach_a_closed_address_either() {
    for choice in CHOICES {
        let Some(lab) = site("the_host_itself_cannot_reach_a_closed_address_either", choice) else { return };
        let n1 = &lab.hosts()[0];
        let mut gate = open(n1, choice);
        for own in ADDRESSES {
            let echo = Echo::on(n1, address(own));
            echo.is_heard(n1, "over the loopback");
            gate.close(echo.at.ip()).expect("closed");
            echo.is_silent(n1, "over the loopback, closed");
        }
    }
}

#[test]
fn an_interface_that_appears_later_is_noticed_and_gated() {
    for choice in CHOICES {
        let Some(lab) = site("an_interface_that_appears_later_is_noticed_and_gated", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        let watch = n1.within(Watch::open).expect("n1 is up").expect("there is such a socket");
        watch.clear().expect("readable");
        for own in ADDRESSES {
            gate.close(address(own)).expect("closed");
        }
        let [here, there] = [n1, n2].map(|host| host.pid().expect("it is up").to_string());
        let line = [
            "link", "add", "late0", "netns", &here, "type", "veth", "peer", "name", "late1", "netns", &there,
        ];
        assert!(Command::new("ip").args(line).status().expect("it starts").success());
        for (host, name, number) in [(n1, "late0", 1), (n2, "late1", 2)] {
            run(host, &format!("ip link set {name} up && ip addr add 10.99.9.{number}/24 dev {name}"));
            run(host, &format!("ip addr add fd99:9::{number}/64 dev {name} nodad"));
        }
        run(n2, "ip route add 10.99.0.100/32 via 10.99.9.1 && ip -6 route add fd99::100/128 via fd99:9::1");

        lab::eventually("word of the interface", PATIENCE, || watch.clear().expect("readable"));
        let coverage = cover(n1, &mut gate);
        assert!(
            coverage.added.contains(&"late0".to_owned()) && coverage.uncovered.is_empty(),
            "{coverage:?}"
        );
        assert_eq!(cover(n1, &mut gate).added, Vec::<String>::new(), "all is covered");
        for own in ADDRESSES {
            let echo = Echo::on(n1, address(own));
            echo.is_silent(n2, "over the late interface, closed");
            gate.set(echo.at.ip(), after(LONG)).expect("opened");
            echo.is_heard(n2, "over the late interface, open");
        }
        run(n1, "ip link del late0");
        let coverage = cover(n1, &mut gate);
        assert!(coverage.added.is_empty() && coverage.uncovered.is_empty(), "{coverage:?}");
    }
}

#[test]
fn a_port_that_is_translated_to_a_container_is_gated() {
    for choice in CHOICES {
        let Some(lab) = site("a_port_that_is_translated_to_a_container_is_gated", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        run(
            n1,
            "ip netns add box && ip link add out0 type veth peer name in0 netns box && ip link set out0 up \
             && ip -n box link set in0 up && echo 1 >/proc/sys/net/ipv4/ip_forward \
             && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
        );
        for (here, there, more) in [("10.77.0.1", "10.77.0.2", "24"), ("fd77::1", "fd77::2", "64 nodad")] {
            run(
                n1,
                &format!("ip addr add {here}/{more} dev out0 && ip -n box addr add {there}/{more} dev in0"),
            );
            run(n1, &format!("ip -n box route add default via {here}"));
        }
        let in_box = || {
            let space = File::open("/run/netns/box").expect("it was made");
            move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).expect("entered");
            ["10.77.0.2:5000", "[fd77::2]:5000"].map(|own| UdpSocket::bind(own).expect("the port is free"))
        };
        let _echoes = n1.within(in_box).expect("n1 is up").map(Echo::with);
        run(
            n1,
            "nft 'table inet stranger { chain pre { type nat hook prerouting priority dstnat; \
             ip daddr 10.99.0.100 udp dport 5000 dnat ip to 10.77.0.2:5000; \
             ip6 daddr fd99::100 udp dport 5000 dnat ip6 to [fd77::2]:5000; }; }'",
        );
        assert_eq!(cover(n1, &mut gate).uncovered, []);
        for own in ADDRESSES {
            let translated = SocketAddr::new(address(own), 5000);
            lab::eventually("an answer from the container", PATIENCE, || asks(n2, translated));
            gate.close(translated.ip()).expect("closed");
            for _ in 0..4 {
                assert!(!asks(n2, translated), "{choice:?}: the container answered through a closed gate");
            }
            gate.set(translated.ip(), after(LONG)).expect("opened");
            lab::eventually("an answer from the container again", PATIENCE, || asks(n2, translated));
        }
        assert!(run(n1, "nft list table inet stranger").contains("to 10.77.0.2:5000"));
    }
}
