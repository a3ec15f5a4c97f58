//! What the programs are, line by line, and what they say to packets: the kernel itself runs them.

use super::*;
use crate::bpf::call::{self, Map, MapKind, ProgramKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd as _, OwnedFd};

/// The lines of a program, with the number of the slot each begins at.
fn listing(program: &[Instruction]) -> String {
    let mut at = 0;
    let lines = program.iter().map(|instruction| {
        let line = format!("{at}: {instruction}\n");
        at += instruction.slots();
        line
    });
    lines.collect()
}

fn bytes(program: &[Instruction]) -> Vec<u8> {
    let mut bytes = Vec::new();
    program.iter().for_each(|instruction| instruction.encode(&mut bytes));
    bytes
}

#[test]
fn the_program_of_a_cgroup_is_this() {
    let expected = "0: *(u32 *)(r10 -16) = 0\n1: r1 = map\n3: r2 = r10\n4: r2 += -16\n5: call map_lookup_elem\n\
        6: if r0 == 0 goto +5\n7: r9 = *(u64 *)(r0 +0)\n8: call ktime_get_boot_ns\n9: if r0 >= r9 goto +2\n\
        10: r0 = 1\n11: goto +1\n12: r0 = 0\n13: exit\n";
    assert_eq!(listing(&cgroup_gate(7)), expected);
    let known: [u8; 14 * 8] = [
        0x62, 10, 0xf0, 0xff, 0, 0, 0, 0, 0x18, 0x11, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbf, 0xa2,
        0, 0, 0, 0, 0, 0, 0x07, 2, 0, 0, 0xf0, 0xff, 0xff, 0xff, 0x85, 0, 0, 0, 1, 0, 0, 0, 0x15, 0, 5, 0, 0,
        0, 0, 0, 0x79, 0x09, 0, 0, 0, 0, 0, 0, 0x85, 0, 0, 0, 125, 0, 0, 0, 0x3d, 0x90, 2, 0, 0, 0, 0, 0,
        0xb7, 0, 0, 0, 1, 0, 0, 0, 0x05, 0, 1, 0, 0, 0, 0, 0, 0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0,
        0, 0,
    ];
    if cfg!(target_endian = "little") {
        assert_eq!(bytes(&cgroup_gate(7)), known);
    }
}

#[test]
fn the_programs_of_addresses_are_these() {
    for (direction, framing, golden) in [
        (Direction::In, Framing::Bare, include_str!("address_in_bare.txt")),
        (Direction::In, Framing::Ethernet, include_str!("address_in_ethernet.txt")),
        (Direction::Out, Framing::Bare, include_str!("address_out_bare.txt")),
        (Direction::Out, Framing::Ethernet, include_str!("address_out_ethernet.txt")),
    ] {
        let listing = listing(&address_gate(direction, framing, 7));
        assert_eq!(listing, golden, "{direction:?} {framing:?}\n{listing}");
    }
}

/// The addresses of the tests: one that is open, one that is closed, one that is not gated; v4 and v6.
const OPEN: [&str; 2] = ["10.0.0.1", "fd00::1"];
const CLOSED: [&str; 2] = ["10.0.0.2", "fd00::2"];
const FREE: [&str; 2] = ["10.0.0.3", "fd00::3"];

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

struct Loaded {
    direction: Direction,
    program: OwnedFd,
}

impl Loaded {
    fn passes(&self, frame: &[u8]) -> bool {
        match call::run(self.program.as_fd(), frame).expect("the kernel runs it") {
            NEXT => true,
            DROP => false,
            other => panic!("verdict {other} of a packet going {:?}", self.direction),
        }
    }
}

/// The program for Ethernet of that direction, in the kernel.
fn loaded(test: &str, direction: Direction) -> Option<Loaded> {
    let map = match Map::create(MapKind::Hash, 16, 16, "sf_test") {
        Ok(map) => map,
        Err(error) => {
            lab::skip(test, &format!("bpf(2): {error}"));
            return None;
        }
    };
    for (addresses, deadline) in [(OPEN, u64::MAX), (CLOSED, crate::clock::boot_now_ns())] {
        for address in addresses {
            let address: IpAddr = address.parse().unwrap();
            map.set(&crate::bpf::key(address), deadline).unwrap();
        }
    }
    let code = address_gate(direction, Framing::Ethernet, map.descriptor());
    let program = call::load(ProgramKind::Interface, &code, "sf_test").expect("the verifier accepts it");
    Some(Loaded { direction, program })
}

fn ethernet(tags: &[u16], kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2; 12];
    for tag in tags {
        frame.extend(tag.to_be_bytes());
        frame.extend([0, 5]);
    }
    frame.extend(kind.to_be_bytes());
    frame.extend(payload);
    frame
}

fn ipv4(from: &str, to: &str) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend(v4(from).octets());
    packet.extend(v4(to).octets());
    packet.extend([0; 8]);
    packet
}

fn ipv6(from: &str, to: &str, next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0, 0, 8, next, 255];
    packet.extend(v6(from).octets());
    packet.extend(v6(to).octets());
    packet.extend(payload);
    packet
}

fn neighbour(from: &str, to: &str, kind: u8, target: &str) -> Vec<u8> {
    let mut payload = vec![kind, 0, 0, 0, 0, 0, 0, 0];
    payload.extend(v6(target).octets());
    ethernet(&[], 0x86dd, &ipv6(from, to, 58, &payload))
}

fn arp(kind: u8, sender: &str, target: &str) -> Vec<u8> {
    let mut packet = vec![0, 1, 8, 0, 6, 4, 0, kind, 2, 2, 2, 2, 2, 2];
    packet.extend(v4(sender).octets());
    packet.extend([0; 6]);
    packet.extend(v4(target).octets());
    ethernet(&[], 0x0806, &packet)
}

/// All tags that a frame may have: none, one, two of either sort.
const TAGS: [&[u16]; 5] = [&[], &[0x8100], &[0x88a8], &[0x88a8, 0x8100], &[0x8100, 0x8100]];

#[test]
fn going_out_the_sender_decides_whatever_the_tags() {
    let Some(out) = loaded("going_out_the_sender_decides_whatever_the_tags", Direction::Out) else { return };
    for tags in TAGS {
        for (own, passes) in [(OPEN, true), (CLOSED, false), (FREE, true)] {
            for other in [OPEN, CLOSED, FREE] {
                let four = ethernet(tags, 0x0800, &ipv4(own[0], other[0]));
                let six = ethernet(tags, 0x86dd, &ipv6(own[1], other[1], 17, &[0; 8]));
                assert_eq!(out.passes(&four), passes, "{tags:x?} {own:?} to {other:?}");
                assert_eq!(out.passes(&six), passes, "{tags:x?} {own:?} to {other:?}");
            }
        }
    }
}

#[test]
fn coming_in_the_receiver_decides_whatever_the_tags() {
    let Some(inward) = loaded("coming_in_the_receiver_decides_whatever_the_tags", Direction::In) else {
        return;
    };
    for tags in TAGS {
        for (own, passes) in [(OPEN, true), (CLOSED, false), (FREE, true)] {
            for other in [OPEN, CLOSED, FREE] {
                let four = ethernet(tags, 0x0800, &ipv4(other[0], own[0]));
                let six = ethernet(tags, 0x86dd, &ipv6(other[1], own[1], 17, &[0; 8]));
                assert_eq!(inward.passes(&four), passes, "{tags:x?} {other:?} to {own:?}");
                assert_eq!(inward.passes(&six), passes, "{tags:x?} {other:?} to {own:?}");
            }
        }
    }
}

#[test]
fn a_closed_address_is_neither_claimed_nor_answered_for_and_others_are() {
    let name = "a_closed_address_is_neither_claimed_nor_answered_for_and_others_are";
    let Some(out) = loaded(name, Direction::Out) else { return };
    for (own, passes) in [(OPEN, true), (CLOSED, false), (FREE, true)] {
        for kind in [1, 2] {
            for target in [OPEN[0], CLOSED[0], FREE[0]] {
                assert_eq!(out.passes(&arp(kind, own[0], target)), passes, "ARP of {} for {target}", own[0]);
            }
            assert_eq!(out.passes(&arp(kind, "0.0.0.0", own[0])), passes, "ARP of nobody for {}", own[0]);
        }
        let all_nodes = "ff02::1";
        assert_eq!(
            out.passes(&neighbour("fe80::1", all_nodes, 136, own[1])),
            passes,
            "advertises {}",
            own[1]
        );
        assert_eq!(out.passes(&neighbour(own[1], all_nodes, 136, own[1])), passes, "advertises {}", own[1]);
        assert_eq!(
            out.passes(&neighbour("::", "ff02::1:ff00:2", 135, own[1])),
            passes,
            "looks for {}",
            own[1]
        );
        // As any client of it does.
        assert!(out.passes(&neighbour("fd00::9", "ff02::1:ff00:2", 135, own[1])), "asks for {}", own[1]);
    }
}

#[test]
fn what_the_owner_announces_is_learnt_by_those_whose_gate_is_closed() {
    let name = "what_the_owner_announces_is_learnt_by_those_whose_gate_is_closed";
    let Some(inward) = loaded(name, Direction::In) else { return };
    for kind in [1, 2] {
        assert!(inward.passes(&arp(kind, CLOSED[0], CLOSED[0])));
    }
    assert!(inward.passes(&neighbour(CLOSED[1], "ff02::1", 136, CLOSED[1])));
    assert!(inward.passes(&neighbour("fd00::9", "ff02::1:ff00:2", 135, CLOSED[1])), "the answer is dropped");
    assert!(!inward.passes(&neighbour("fd00::9", CLOSED[1], 135, CLOSED[1])), "sent to it alone");
}

#[test]
fn packets_that_are_cut_off_or_of_other_protocols_are_not_the_gates() {
    for direction in Direction::BOTH {
        let name = "packets_that_are_cut_off_or_of_other_protocols_are_not_the_gates";
        let Some(program) = loaded(name, direction) else { return };
        let whole = ethernet(&[0x8100], 0x86dd, &ipv6(FREE[1], FREE[1], 58, &[136, 0, 0, 0]));
        // The kernel runs nothing on less than the header of Ethernet.
        for length in 14..whole.len() {
            assert!(program.passes(&whole[..length]), "{length} bytes, going {direction:?}");
        }
        assert!(program.passes(&ethernet(&[0x8100; 3], 0x0800, &ipv4(CLOSED[0], CLOSED[0]))), "three tags");
        assert!(program.passes(&ethernet(&[], 0x88cc, &[0; 60])), "LLDP");
    }
}
