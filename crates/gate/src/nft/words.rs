//! nftables over netlink: messages, and the expressions that rules are made of.
//!
//! Numbers are in the network's byte order. `linux/netfilter/nf_tables.h` has the names.

use crate::netlink::{List, Message, Said, attributes};
use std::net::IpAddr;

/// nftables is the tenth part of netfilter.
const NFTABLES: u16 = 10;
/// The family of chains at interfaces.
const NETDEV: u8 = 5;

const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    NewTable = 0,
    DeleteTable = 2,
    NewChain = 3,
    GetChain = 4,
    NewRule = 6,
    DeleteRule = 8,
    NewSet = 9,
    NewElement = 12,
    GetElement = 13,
    DeleteElement = 14,
}

/// A message of nftables.
pub(super) fn message(verb: Verb, flags: u16) -> Message {
    Message::new(NFTABLES << 8 | verb as u16, flags, &[NETDEV, 0, 0, 0])
}

/// What begins and ends a transaction.
pub(super) fn ends() -> (Message, Message) {
    let [high, low] = NFTABLES.to_be_bytes();
    let end = |kind| Message::new(kind, 0, &[0, 0, high, low]);
    (end(BATCH_BEGIN), end(BATCH_END))
}

/// Of a message about a chain: the table, and the name.
pub(super) fn chain(said: &Said) -> Option<(String, String)> {
    let value = |wanted| said.attributes(4).find(|(kind, _)| *kind == wanted);
    let text = |wanted| value(wanted).map(|(_, value)| crate::netlink::text(value));
    (said.kind == NFTABLES << 8 | Verb::NewChain as u16).then_some(())?;
    Some((text(1)?, text(3)?))
}

/// Of a message about elements: the addresses, and how many milliseconds each has left (zero: no end).
pub(super) fn elements(said: &Said) -> Vec<(IpAddr, u64)> {
    if said.kind != NFTABLES << 8 | Verb::NewElement as u16 {
        return Vec::new();
    }
    let lists = said.attributes(4).filter(|(kind, _)| *kind == 3);
    lists.flat_map(|(_, list)| attributes(list)).filter_map(|(_, element)| one(element)).collect()
}

fn one(element: &[u8]) -> Option<(IpAddr, u64)> {
    let (mut address, mut left_ms) = (None, 0);
    for (kind, value) in attributes(element) {
        match kind {
            1 => {
                let key = attributes(value).find_map(|(kind, value)| (kind == 1).then_some(value))?;
                let four = <[u8; 4]>::try_from(key).map(IpAddr::from);
                address = four.or_else(|_| <[u8; 16]>::try_from(key).map(IpAddr::from)).ok();
            }
            5 => left_ms = u64::from_be_bytes(value.try_into().ok()?),
            _ => {}
        }
    }
    Some((address?, left_ms))
}

/// The expressions of one rule.
#[derive(Debug, Default)]
pub(super) struct Rule(List);

/// Where a part of a packet is counted from.
const NETWORK_HEADER: u32 = 1;
/// The first register of 16 bytes; the one of verdicts.
const FIRST: u32 = 1;
const VERDICT: u32 = 0;

impl Rule {
    fn and(self, name: &str, data: &List) -> Self {
        Self(self.0.with_list(1, &List::default().with_text(1, name).with_list(2, data)))
    }

    /// The packet's protocol is this.
    pub(super) fn protocol(self, ethernet_type: u16) -> Self {
        self.and("meta", &List::default().with_number(1, FIRST).with_number(2, 1))
            .equal(&ethernet_type.to_be_bytes())
    }

    /// Loads a part of the network header.
    pub(super) fn load(self, offset: u32, length: u32) -> Self {
        let part = List::default().with_number(1, FIRST).with_number(2, NETWORK_HEADER);
        self.and("payload", &part.with_number(3, offset).with_number(4, length))
    }

    /// What was loaded is this.
    pub(super) fn equal(self, value: &[u8]) -> Self {
        let data = List::default().with(1, value);
        self.and("cmp", &List::default().with_number(1, FIRST).with_number(2, 0).with_list(3, &data))
    }

    /// What was loaded is found in this set, or is not, as wanted.
    pub(super) fn found(self, set: &str, wanted: bool) -> Self {
        let lookup = List::default().with_text(1, set).with_number(2, FIRST);
        self.and("lookup", &lookup.with_number(5, u32::from(!wanted)))
    }

    /// Drops the packet.
    pub(super) fn drop(self) -> List {
        self.verdict(&List::default().with_number(1, 0))
    }

    /// Goes on in that chain, and then comes back.
    pub(super) fn jump(self, chain: &str) -> List {
        self.verdict(&List::default().with_number(1, (-3_i32).cast_unsigned()).with_text(2, chain))
    }

    fn verdict(self, verdict: &List) -> List {
        let data = List::default().with_list(2, verdict);
        self.and("immediate", &List::default().with_number(1, VERDICT).with_list(2, &data)).0
    }
}
