//! The gate's programs.
//!
//! *Of an address*, at the border of every interface. Each packet is asked whose it is: going out, who it
//! says sends it; coming in, whom it is for. If that address is in the map and its deadline has passed, the
//! packet is dropped. All else goes on as if no gate were there, to the next program.
//!
//! | Packet | Going out, it is of | Coming in, it is of |
//! |---|---|---|
//! | IPv4, IPv6 | its sender | its receiver |
//! | ARP | whom it says it is from; one that asks in nobody's name, whom it asks for | nobody |
//! | neighbour advertisement | also whom it speaks of | its receiver |
//! | neighbour solicitation in nobody's name | also whom it asks for | its receiver |
//!
//! Why a direction each: a node that does not own the address is a client of it like any other, and its own
//! packets *to* the owner, and the owner's *from* there, must pass. Why nothing of ARP and of multicast is
//! dropped coming in: the answer is what is effective, and it is dropped going out; while what the new owner
//! announces has to be learnt here too. (ARP and solicitations in nobody's name are how a claim begins:
//! an owner that is just taking the address would take them for a second claim.)
//!
//! Tags of VLANs: the kernel keeps the outermost apart from the packet where the interface can write it by
//! itself, and in the packet otherwise; up to two in the packet are stepped over (802.1Q, 802.1ad).
//!
//! *Of a cgroup*: drops every packet of the processes in it, once the deadline has passed.

use super::assembler::{Assembler, Label};
use super::instruction::{
    Condition, Helper, Instruction, R0, R1, R2, R3, R4, R6, R7, R8, R9, Register, STACK, Width,
};

/// Which way packets go, as seen from this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

impl Direction {
    /// Both.
    pub(crate) const BOTH: [Self; 2] = [Self::In, Self::Out];
}

/// What the packets of an interface begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Addresses and type of Ethernet.
    Ethernet,
    /// The IP packet itself, as of tunnels.
    Bare,
}

/// To the next program, as if this one were not there.
const NEXT: i32 = -1;
/// Dropped.
const DROP: i32 = 2;

const IPV4: i32 = 0x0800;
const ARP: i32 = 0x0806;
const IPV6: i32 = 0x86dd;
const TAG: i32 = 0x8100;
const SERVICE_TAG: i32 = 0x88a8;

const ICMPV6: i32 = 58;
const SOLICITATION: i32 = 135;
const ADVERTISEMENT: i32 = 136;

/// Where, from the end of the stack, the key is put together: 16 bytes, as of IPv6.
const KEY: i16 = -16;
/// The last four bytes of it: an IPv4 address is the IPv6 address ::ffff:a.b.c.d.
const KEY_IPV4: i16 = -4;
/// Where what is looked at in passing is put.
const SCRATCH: i16 = -24;
/// Where the packet's description has its protocol (`struct __sk_buff`).
const PROTOCOL: i16 = 16;

/// Says that the bytes at [`KEY`] before the IPv4 address are zeros and ffff.
const MAPPED: i32 = i32::from_ne_bytes([0, 0, 0xff, 0xff]);

/// The program of an address, for one direction and the packets of one sort of interface.
pub(crate) fn address_gate(direction: Direction, framing: Framing, map: i32) -> Vec<Instruction> {
    let mut asm = Assembler::default();
    let ends = Ends { next: asm.label(), drop: asm.label() };
    let (ipv4, ipv6, arp) = (asm.label(), asm.label(), asm.label());

    asm.copy(R6, R1);
    protocol(&mut asm, framing, ends);
    asm.jump_if(R7, Condition::Equal, IPV4, ipv4);
    asm.jump_if(R7, Condition::Equal, IPV6, ipv6);
    if direction == Direction::Out {
        asm.jump_if(R7, Condition::Equal, ARP, arp);
    }
    asm.jump(ends.next);

    asm.place(ipv4);
    mapped_prefix(&mut asm);
    let address = if direction == Direction::Out { 12 } else { 16 };
    load(&mut asm, address, KEY_IPV4, 4, ends.next);
    check(&mut asm, map, ends);
    asm.jump(ends.next);

    asm.place(ipv6);
    let address = if direction == Direction::Out { 8 } else { 24 };
    load(&mut asm, address, KEY, 16, ends.next);
    check(&mut asm, map, ends);
    if direction == Direction::Out {
        neighbour_discovery(&mut asm, map, ends);
        asm.jump(ends.next);
        asm.place(arp);
        address_resolution(&mut asm, map, ends);
    } else {
        asm.place(arp);
    }

    asm.place(ends.next);
    asm.set(R0, NEXT);
    asm.push(Instruction::Exit);
    asm.place(ends.drop);
    asm.set(R0, DROP);
    asm.push(Instruction::Exit);
    asm.finish()
}

/// The program of a cgroup. Its map has one value, the deadline.
pub(crate) fn cgroup_gate(map: i32) -> Vec<Instruction> {
    let mut asm = Assembler::default();
    let (drop, end) = (asm.label(), asm.label());
    asm.push(Instruction::Store { width: Width::Four, base: STACK, offset: KEY, value: 0 });
    look_up(&mut asm, map);
    asm.jump_if(R0, Condition::Equal, 0, drop);
    asm.push(Instruction::Load { width: Width::Eight, to: R9, base: R0, offset: 0 });
    asm.call(Helper::BootTime);
    asm.jump_if_register(R0, Condition::AtLeast, R9, drop);
    asm.set(R0, 1);
    asm.jump(end);
    asm.place(drop);
    asm.set(R0, 0);
    asm.place(end);
    asm.push(Instruction::Exit);
    asm.finish()
}

/// Where a packet of no gated address goes, and where one goes whose deadline has passed.
#[derive(Clone, Copy)]
struct Ends {
    next: Label,
    drop: Label,
}

/// R7 = the packet's protocol, R8 = where its header begins.
fn protocol(asm: &mut Assembler, framing: Framing, ends: Ends) {
    match framing {
        Framing::Bare => {
            asm.push(Instruction::Load { width: Width::Four, to: R7, base: R6, offset: PROTOCOL });
            asm.push(Instruction::FromNetwork16 { to: R7 });
            asm.set(R8, 0);
        }
        // As written in the packet: what its description says, whoever sends by hand may choose.
        Framing::Ethernet => {
            let typed = asm.label();
            asm.set(R8, 12);
            for _ in 0..2 {
                let tag = asm.label();
                ethernet_type(asm, ends.next);
                asm.jump_if(R7, Condition::Equal, TAG, tag);
                asm.jump_if(R7, Condition::NotEqual, SERVICE_TAG, typed);
                asm.place(tag);
                asm.push(Instruction::Add { to: R8, value: 4 });
            }
            ethernet_type(asm, ends.next);
            asm.place(typed);
            asm.push(Instruction::Add { to: R8, value: 2 });
        }
    }
}

/// R7 = the two bytes at R8.
fn ethernet_type(asm: &mut Assembler, beyond: Label) {
    load(asm, 0, SCRATCH, 2, beyond);
    asm.push(Instruction::Load { width: Width::Two, to: R7, base: STACK, offset: SCRATCH });
    asm.push(Instruction::FromNetwork16 { to: R7 });
}

/// Puts bytes of the packet, from R8 + offset on, onto the stack. A packet that ends before is no packet
/// of the sort.
fn load(asm: &mut Assembler, offset: i32, to: i16, length: i32, beyond: Label) {
    asm.copy(R1, R6);
    asm.copy(R2, R8);
    if offset != 0 {
        asm.push(Instruction::Add { to: R2, value: offset });
    }
    stack_address(asm, R3, to);
    asm.set(R4, length);
    asm.call(Helper::LoadBytes);
    asm.jump_if(R0, Condition::NotEqual, 0, beyond);
}

/// Looks up the address at [`KEY`]; goes on if it is not gated, or its deadline is still to come.
fn check(asm: &mut Assembler, map: i32, ends: Ends) {
    let passes = asm.label();
    look_up(asm, map);
    asm.jump_if(R0, Condition::Equal, 0, passes);
    asm.push(Instruction::Load { width: Width::Eight, to: R9, base: R0, offset: 0 });
    asm.call(Helper::BootTime);
    asm.jump_if_register(R0, Condition::AtLeast, R9, ends.drop);
    asm.place(passes);
}

/// R0 = where the value of the key at [`KEY`] is, or zero.
fn look_up(asm: &mut Assembler, map: i32) {
    asm.push(Instruction::Map { to: R1, descriptor: map });
    stack_address(asm, R2, KEY);
    asm.call(Helper::MapLookup);
}

fn stack_address(asm: &mut Assembler, to: Register, offset: i16) {
    asm.copy(to, STACK);
    asm.push(Instruction::Add { to, value: i32::from(offset) });
}

fn mapped_prefix(asm: &mut Assembler) {
    asm.push(Instruction::Store { width: Width::Eight, base: STACK, offset: KEY, value: 0 });
    asm.push(Instruction::Store { width: Width::Four, base: STACK, offset: KEY + 8, value: MAPPED });
}

/// Advertisements are also of whom they speak of, and solicitations in nobody's name of whom they ask for.
/// Here, [`KEY`] is the sender still.
fn neighbour_discovery(asm: &mut Assembler, map: i32, ends: Ends) {
    let target = asm.label();
    load(asm, 6, SCRATCH, 1, ends.next);
    asm.push(Instruction::Load { width: Width::One, to: R7, base: STACK, offset: SCRATCH });
    asm.jump_if(R7, Condition::NotEqual, ICMPV6, ends.next);
    load(asm, 40, SCRATCH, 1, ends.next);
    asm.push(Instruction::Load { width: Width::One, to: R7, base: STACK, offset: SCRATCH });
    asm.jump_if(R7, Condition::Equal, ADVERTISEMENT, target);
    asm.jump_if(R7, Condition::NotEqual, SOLICITATION, ends.next);
    for half in [KEY, KEY + 8] {
        asm.push(Instruction::Load { width: Width::Eight, to: R7, base: STACK, offset: half });
        asm.jump_if(R7, Condition::NotEqual, 0, ends.next);
    }
    asm.place(target);
    load(asm, 48, KEY, 16, ends.next);
    check(asm, map, ends);
}

/// ARP is of its sender; without one, of whom it asks for.
fn address_resolution(asm: &mut Assembler, map: i32, ends: Ends) {
    let named = asm.label();
    mapped_prefix(asm);
    load(asm, 14, KEY_IPV4, 4, ends.next);
    asm.push(Instruction::Load { width: Width::Four, to: R7, base: STACK, offset: KEY_IPV4 });
    asm.jump_if(R7, Condition::NotEqual, 0, named);
    load(asm, 24, KEY_IPV4, 4, ends.next);
    asm.place(named);
    check(asm, map, ends);
}

#[cfg(test)]
mod tests;
