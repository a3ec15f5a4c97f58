//! ARP and neighbour discovery: a closed address is neither announced nor answered for.

use crate::common::*;
use lab::Host;
use nix::sys::socket::SockaddrStorage;
use rustix::io::Errno;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, eth};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd as _, OwnedFd};

const OWN_MAC: [u8; 6] = [2, 0x99, 0, 0, 0, 1];

/// A raw socket on `eth0` of a host, that hears frames of that protocol.
fn raw(host: &Host, protocol: Option<Protocol>) -> OwnedFd {
    let open = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::PACKET, SocketType::RAW, flags, protocol);
        let socket = socket.expect("root may have one");
        let all = nix::ifaddrs::getifaddrs().expect("listed");
        let of_link = |address: &SockaddrStorage| address.as_link_addr().is_some();
        let found = all.filter(|found| found.interface_name == "eth0").filter_map(|found| found.address);
        let address = found.into_iter().find(of_link).expect("eth0 is there");
        nix::sys::socket::bind(socket.as_raw_fd(), &address).expect("bound");
        socket
    };
    host.within(open).expect("it is up")
}

fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[0xff; 6], &OWN_MAC, &kind.to_be_bytes()[..], payload].concat()
}

/// "I have this address", in the form of a request and of a reply.
fn gratuitous_arp(own: Ipv4Addr) -> [Vec<u8>; 2] {
    [1, 2].map(|form| {
        let head = [0, 1, 8, 0, 6, 4, 0, form];
        ethernet(0x0806, &[&head[..], &OWN_MAC, &own.octets(), &[0xff; 6], &own.octets()].concat())
    })
}

/// "I have this address", from a sender of another address.
fn advertisement(own: Ipv6Addr) -> Vec<u8> {
    let from: Ipv6Addr = "fe80::99".parse().expect("an address");
    let to: Ipv6Addr = "ff02::1".parse().expect("an address");
    let head = [0x60, 0, 0, 0, 0, 32, 58, 255];
    let body = [&[136, 0, 0, 0, 0x20, 0, 0, 0], &own.octets()[..], &[2, 1], &OWN_MAC].concat();
    ethernet(0x86dd, &[&head[..], &from.octets(), &to.octets(), &body].concat())
}

/// Whether a frame that one host sends by a raw socket gets to another one.
fn arrives(mouth: &OwnedFd, ear: &OwnedFd, frame: &[u8]) -> bool {
    let mut buffer = [0; 256];
    let mut heard = || match rustix::net::recv(ear, &mut buffer[..], RecvFlags::empty()) {
        Ok((count, _)) => Some(buffer[..count].starts_with(frame)),
        Err(Errno::AGAIN) => None,
        Err(error) => panic!("receive: {error}"),
    };
    while heard().is_some() {}
    match rustix::net::send(mouth, frame, SendFlags::empty()) {
        // A gate of nftables may say so to the sender.
        Ok(_) | Err(Errno::PERM | Errno::NOBUFS) => {}
        Err(error) => panic!("send: {error}"),
    }
    let until = std::time::Instant::now() + std::time::Duration::from_millis(100);
    while std::time::Instant::now() < until {
        match heard() {
            Some(true) => return true,
            Some(false) => {}
            None => std::thread::sleep(std::time::Duration::from_millis(2)),
        }
    }
    false
}

#[test]
fn raw_sockets_announce_an_address_only_while_it_is_open() {
    for choice in CHOICES {
        let Some(lab) = site("raw_sockets_announce_an_address_only_while_it_is_open", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        let mouth = raw(n1, None);
        let ears = [raw(n2, Some(eth::ARP)), raw(n2, Some(eth::IPV6))];
        let (own4, own6) = (ADDRESSES[0].parse().expect("IPv4"), ADDRESSES[1].parse().expect("IPv6"));
        let [arp1, arp2] = gratuitous_arp(own4);
        for (own, ear, frame) in [
            (ADDRESSES[0], &ears[0], arp1),
            (ADDRESSES[0], &ears[0], arp2),
            (ADDRESSES[1], &ears[1], advertisement(own6)),
        ] {
            let hears = |when: &str| {
                lab::eventually(&format!("what is announced {when}"), PATIENCE, || {
                    arrives(&mouth, ear, &frame)
                });
            };
            gate.remove(address(own)).expect("removed");
            hears("without a gate");
            gate.close(address(own)).expect("closed");
            for _ in 0..3 {
                assert!(!arrives(&mouth, ear, &frame), "{choice:?}: {own} was announced though closed");
            }
            gate.set(address(own), after(LONG)).expect("opened");
            hears("while open");
        }
    }
}

#[test]
fn nobody_learns_where_a_closed_address_is() {
    for choice in CHOICES {
        let Some(lab) = site("nobody_learns_where_a_closed_address_is", choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        for own in ADDRESSES {
            let echo = Echo::on(n1, address(own));
            gate.close(echo.at.ip()).expect("closed");
            echo.is_silent(n2, "closed");
            let learnt = run(n2, &format!("ip neigh show to {own} dev eth0"));
            assert!(!learnt.contains("lladdr"), "{choice:?}: {learnt}");
            gate.set(echo.at.ip(), after(LONG)).expect("opened");
            echo.is_heard(n2, "open");
            assert!(run(n2, &format!("ip neigh show to {own} dev eth0")).contains("lladdr"));
        }
    }
}

#[test]
fn a_node_whose_gate_is_closed_is_a_client_of_the_owner_like_any_other() {
    let name = "a_node_whose_gate_is_closed_is_a_client_of_the_owner_like_any_other";
    for choice in CHOICES {
        let Some(lab) = site(name, choice) else { return };
        let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
        let mut gate = open(n1, choice);
        for own in ADDRESSES {
            gate.close(address(own)).expect("closed");
            run(n1, &format!("ip addr flush dev eth0 to {own}"));
            give(n2, own, "eth0");
            let echo = Echo::on(n2, address(own));
            echo.is_heard(n1, "on its new owner");
        }
    }
}
