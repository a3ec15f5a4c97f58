//! The table: its sets, its chains and its rules. They say of a packet what the programs of eBPF say
//! (`bpf/program.rs` has the table of it, and why), but for frames that a raw socket sends with the tag of a
//! VLAN in them.

use super::words::{self, Rule, Verb, message};
use crate::netlink::{APPEND, CREATE, List, Message, Said};
use std::net::IpAddr;

/// The sets of gated addresses, `guarded4` and `guarded6`.
pub(super) const GUARDED: &str = "guarded";
/// The sets of open addresses, with the time that each has left.
pub(super) const OPEN: &str = "open";

/// The sets of addresses that are about to be opened, with the time in which that has to be done. No rule asks
/// for them.
pub(super) const ANNOUNCED: &str = "announced";

/// The chain of what comes in.
pub(super) const IN: &str = "in";
/// The chain of what goes out.
pub(super) const OUT: &str = "out";

const OWNER: u32 = 2;
const PERSIST: u32 = 4;
/// Elements time out.
const TIMES_OUT: u32 = 0x10;

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;

/// A set for addresses of one length.
fn set_name(set: &str, wide: bool) -> String {
    format!("{set}{}", if wide { 6 } else { 4 })
}

/// A table's name, and all that is said of it.
#[derive(Debug)]
pub(super) struct Table(String);

impl Table {
    pub(super) fn of(node: &str) -> Self {
        Self(format!("steadfast_{node}"))
    }

    pub(super) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// Makes it, or leaves what is there as it is, but for the rules, which are made anew.
    pub(super) fn messages(&self, owned: bool) -> Vec<Message> {
        let flags: u32 = if owned { OWNER | PERSIST } else { 0 };
        let mut all =
            vec![message(Verb::NewTable, CREATE).with_text(1, &self.0).with(2, &flags.to_be_bytes())];
        let sets = [GUARDED, OPEN, ANNOUNCED].into_iter().flat_map(|set| [(set, false), (set, true)]);
        for (id, (set, wide)) in (1_u32..).zip(sets) {
            all.push(self.new_set(id, set, wide));
        }
        for (chain, rules) in [(IN, incoming()), (OUT, outgoing())] {
            all.push(message(Verb::NewChain, CREATE).with_text(1, &self.0).with_text(3, chain));
            all.extend(self.only_rules(chain, rules));
        }
        all
    }

    fn new_set(&self, id: u32, set: &str, wide: bool) -> Message {
        // As `nft list` shows them: its numbers of the types ipv4_addr and ipv6_addr.
        let (kind, length): (u32, u32) = if wide { (8, 16) } else { (7, 4) };
        let flags = if set == GUARDED { 0 } else { TIMES_OUT };
        message(Verb::NewSet, CREATE)
            .with_text(1, &self.0)
            .with_text(2, &set_name(set, wide))
            .with(3, &flags.to_be_bytes())
            .with(4, &kind.to_be_bytes())
            .with(5, &length.to_be_bytes())
            .with(10, &id.to_be_bytes())
    }

    /// Replaces all rules of a chain.
    fn only_rules(&self, chain: &str, rules: Vec<List>) -> Vec<Message> {
        let of_chain = |verb, flags| message(verb, flags).with_text(1, &self.0).with_text(2, chain);
        let none = of_chain(Verb::DeleteRule, 0);
        let new = rules.into_iter().map(|rule| of_chain(Verb::NewRule, CREATE | APPEND).with_list(4, &rule));
        [none].into_iter().chain(new).collect()
    }

    /// The names of the chains at an interface.
    pub(super) fn chains_at(&self, interface: &str) -> [String; 2] {
        [IN, OUT].map(|chain| format!("{chain}_{interface}"))
    }

    /// Puts chains at an interface.
    pub(super) fn at(&self, interface: &str) -> Vec<Message> {
        let mut all = Vec::new();
        // Ingress is hook 0 of an interface, egress is 1.
        for (hook, (chain, own)) in (0..).zip([IN, OUT].into_iter().zip(self.chains_at(interface))) {
            // Before all others.
            let first = i32::MIN.cast_unsigned();
            let hook = List::default().with_number(1, hook).with_number(2, first).with_text(3, interface);
            let base = message(Verb::NewChain, CREATE).with_text(1, &self.0).with_text(3, &own);
            all.push(base.with_list(4, &hook).with_text(7, "filter"));
            all.extend(self.only_rules(&own, vec![Rule::default().jump(chain)]));
        }
        all
    }

    pub(super) fn add(&self, set: &str, address: IpAddr, left_ms: Option<u64>) -> Message {
        let element = match left_ms {
            Some(left_ms) => key(address).with(4, &left_ms.to_be_bytes()),
            None => key(address),
        };
        self.element(Verb::NewElement, CREATE, set, address, &element)
    }

    pub(super) fn remove(&self, set: &str, address: IpAddr) -> Message {
        self.element(Verb::DeleteElement, 0, set, address, &key(address))
    }

    fn element(&self, verb: Verb, flags: u16, set: &str, address: IpAddr, element: &List) -> Message {
        let elements = List::default().with_list(1, element);
        let of_set =
            message(verb, flags).with_text(1, &self.0).with_text(2, &set_name(set, address.is_ipv6()));
        of_set.with_list(3, &elements)
    }

    pub(super) fn all_elements(&self, set: &str, wide: bool) -> Message {
        message(Verb::GetElement, 0).with_text(1, &self.0).with_text(2, &set_name(set, wide))
    }

    pub(super) fn all_chains(&self) -> Message {
        message(Verb::GetChain, 0).with_text(1, &self.0)
    }

    /// The name of a chain, if it is in this table.
    pub(super) fn chain_in(&self, said: &Said) -> Option<String> {
        let (table, chain) = words::chain(said)?;
        (table == self.0).then_some(chain)
    }

    pub(super) fn delete(&self) -> Message {
        message(Verb::DeleteTable, 0).with_text(1, &self.0)
    }
}

fn key(address: IpAddr) -> List {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    List::default().with_list(1, &List::default().with(1, &octets))
}

/// Drops the packet if the address at that place is gated and not open.
fn closed(rule: Rule, offset: u32, wide: bool) -> List {
    let loaded = rule.load(offset, if wide { 16 } else { 4 });
    loaded.found(&set_name(GUARDED, wide), true).found(&set_name(OPEN, wide), false).drop()
}

fn incoming() -> Vec<List> {
    let of = |protocol| Rule::default().protocol(protocol);
    vec![closed(of(IPV4), 16, false), closed(of(IPV6), 24, true)]
}

fn outgoing() -> Vec<List> {
    let of = |protocol| Rule::default().protocol(protocol);
    let icmp = |kind: u8| of(IPV6).load(6, 1).equal(&[58]).load(40, 1).equal(&[kind]);
    vec![
        closed(of(IPV4), 12, false),
        closed(of(IPV6), 8, true),
        closed(icmp(136), 48, true),
        closed(icmp(135).load(8, 16).equal(&[0; 16]), 48, true),
        closed(of(ARP), 14, false),
        closed(of(ARP).load(14, 4).equal(&[0; 4]), 24, false),
    ]
}
