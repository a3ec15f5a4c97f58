//! The few messages of the kernel's routing netlink that an address needs, as bytes.
//!
//! By hand, because they are two small structures and a list of attributes that have not changed in
//! twenty years; the crates for it bring hundreds of types, a task of their own, and breaking releases.
//! Fields are in the machine's byte order, attributes begin at multiples of four.

use model::address::Network;
use std::net::IpAddr;

const HEADER: usize = 16;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const NEW_LINK: u16 = 16;
const DEL_LINK: u16 = 17;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const DEL_ADDRESS: u16 = 21;
const GET_ADDRESS: u16 = 22;

const REQUEST: u16 = 0x1;
const ACKNOWLEDGE: u16 = 0x4;
const DUMP: u16 = 0x300;
const EXCLUSIVE: u16 = 0x200;
const CREATE: u16 = 0x400;
/// In answers: the tables changed while they were told, so that something may be missing.
const INTERRUPTED: u16 = 0x10;

const INET: u8 = 2;
const INET6: u8 = 10;
/// No duplicate address detection by the kernel.
const NODAD: u8 = 0x02;
const ETHERNET: u16 = 1;
const UP: u32 = 0x1;
const NO_ARP: u32 = 0x80;
const LOWER_UP: u32 = 0x1_0000;
const PROPERTIES: u16 = 52;
const ALTERNATIVE_NAME: u16 = 53;

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    /// Further names that it goes by, such as `enp5s0` where another one is in use.
    pub(super) alternatives: Vec<String>,
    /// Whether somebody set it up.
    pub(super) is_up: bool,
    /// Whether there is something at the other end of the cable.
    pub(super) has_carrier: bool,
    /// Its address, where neighbours are found by ARP or neighbour discovery over Ethernet.
    pub(super) mac: Option<[u8; 6]>,
}

impl Link {
    /// Whether this is one of its names.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.alternatives.iter().any(|other| other == name)
    }
}

/// An address on an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) index: u32,
    pub(super) network: Network,
}

/// What the kernel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    Link(Link),
    LinkGone(u32),
    Address(Held),
    AddressGone(Held),
    /// The end of an answer: zero, or the number of the error.
    End(i32),
    Other,
}

/// A message, the number of the request that it answers, and whether the answer is complete.
pub(super) struct Received {
    pub(super) sequence: u32,
    pub(super) interrupted: bool,
    pub(super) message: Message,
}

/// Asks for all interfaces.
pub(super) fn all_links(sequence: u32) -> Vec<u8> {
    request(GET_LINK, DUMP, sequence, &[0; 16])
}

/// Asks for all addresses of the family of this one.
pub(super) fn all_addresses(sequence: u32, like: IpAddr) -> Vec<u8> {
    request(GET_ADDRESS, DUMP, sequence, &[family(like), 0, 0, 0, 0, 0, 0, 0])
}

/// Adds an address. The kernel does not look for a duplicate: `probe.rs` has done so.
pub(super) fn add(sequence: u32, held: &Held) -> Vec<u8> {
    request(NEW_ADDRESS, ACKNOWLEDGE | CREATE | EXCLUSIVE, sequence, &address(held, NODAD))
}

/// Takes one away.
pub(super) fn remove(sequence: u32, held: &Held) -> Vec<u8> {
    request(DEL_ADDRESS, ACKNOWLEDGE, sequence, &address(held, 0))
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { INET } else { INET6 }
}

fn request(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((REQUEST | flags).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

fn address(held: &Held, flags: u8) -> Vec<u8> {
    let Network { address, prefix_bits } = held.network;
    // The kernel refuses a loopback address that says it is good outside the host (RT_SCOPE_HOST is 254).
    let scope = if address.is_loopback() { 254 } else { 0 };
    let mut bytes = vec![family(address), prefix_bits, flags, scope];
    bytes.extend(held.index.to_ne_bytes());
    let own = match address {
        IpAddr::V4(own) => own.octets().to_vec(),
        IpAddr::V6(own) => own.octets().to_vec(),
    };
    attribute(&mut bytes, 2, &own);
    attribute(&mut bytes, 1, &own);
    if let (IpAddr::V4(own), 1..=30) = (address, prefix_bits) {
        let broadcast = own.to_bits() | (u32::MAX >> prefix_bits);
        attribute(&mut bytes, 4, &broadcast.to_be_bytes());
    }
    bytes
}

fn attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend(u16::try_from(value.len() + 4).unwrap_or(u16::MAX).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// All messages of a datagram. What is cut off or makes no sense is left out.
pub(super) fn read(mut bytes: &[u8]) -> Vec<Received> {
    let mut all = Vec::new();
    while let (Some(length), Some(kind), Some(flags), Some(sequence)) =
        (number(bytes, 0), short(bytes, 4), short(bytes, 6), number(bytes, 8))
    {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(body) = bytes.get(HEADER..length) else { break };
        let interrupted = flags & INTERRUPTED != 0;
        all.push(Received {
            sequence,
            interrupted,
            message: understood(kind, body).unwrap_or(Message::Other),
        });
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all
}

fn understood(kind: u16, body: &[u8]) -> Option<Message> {
    Some(match kind {
        // An acknowledgement is an error of number zero; errors are negative.
        ERROR => Message::End(number(body, 0)?.cast_signed().wrapping_neg()),
        DONE => Message::End(number(body, 0).unwrap_or(0).cast_signed().wrapping_neg()),
        NEW_LINK => Message::Link(link(body)?),
        DEL_LINK => Message::LinkGone(number(body, 4)?),
        NEW_ADDRESS => Message::Address(held(body)?),
        DEL_ADDRESS => Message::AddressGone(held(body)?),
        _ => Message::Other,
    })
}

fn link(body: &[u8]) -> Option<Link> {
    let (kind, index, flags) = (short(body, 2)?, number(body, 4)?, number(body, 8)?);
    let (mut name, mut mac, mut alternatives) = (None, None, Vec::new());
    let text = |value: &[u8]| String::from_utf8_lossy(value.strip_suffix(&[0]).unwrap_or(value)).into_owned();
    for (kind, value) in attributes(body.get(16..)?) {
        match kind {
            1 => mac = value.try_into().ok(),
            3 => name = Some(text(value)),
            PROPERTIES => {
                let names = attributes(value).filter(|(kind, _)| *kind == ALTERNATIVE_NAME);
                alternatives.extend(names.map(|(_, value)| text(value)));
            }
            _ => {}
        }
    }
    Some(Link {
        index,
        name: name?,
        alternatives,
        is_up: flags & UP != 0,
        has_carrier: flags & LOWER_UP != 0,
        mac: mac.filter(|_| kind == ETHERNET && flags & NO_ARP == 0),
    })
}

fn held(body: &[u8]) -> Option<Held> {
    let (family, prefix_bits, index) = (*body.first()?, *body.get(1)?, number(body, 4)?);
    let (mut own, mut other_end) = (None, None);
    for (kind, value) in attributes(body.get(8..)?) {
        let address = || match family {
            INET => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
            INET6 => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
            _ => None,
        };
        match kind {
            1 => other_end = address(),
            2 => own = address(),
            _ => {}
        }
    }
    // IPv6 tells only one of them, unless there is another end.
    Some(Held { index, network: Network { address: own.or(other_end)?, prefix_bits } })
}

fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, kind) = (usize::from(short(bytes, 0)?), short(bytes, 2)?);
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        // The two highest bits say how the value is made, not what it is.
        Some((kind & 0x3fff, value))
    })
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(network: &str) -> Held {
        Held { index: 7, network: network.parse().unwrap() }
    }

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for network in ["10.0.0.100/24", "10.0.0.100/32", "fd00::100/64"] {
            let received = read(&add(3, &held(network))).remove(0);
            assert_eq!((received.sequence, received.message), (3, Message::Address(held(network))));
        }
    }

    #[test]
    fn the_broadcast_address_ends_in_ones() {
        let bytes = add(1, &held("10.0.1.100/23"));
        assert!(bytes.ends_with(&[10, 0, 1, 255]), "{bytes:?}");
    }

    #[test]
    fn bytes_that_are_cut_off_or_wrong_are_left_out() {
        let whole = add(1, &held("10.0.0.100/24"));
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_empty());
            let mut wrong = whole.clone();
            wrong[length] = 0xff;
            read(&wrong);
        }
    }
}
