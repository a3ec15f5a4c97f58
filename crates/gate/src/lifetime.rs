//! Beneath the gate: an address that the kernel removes by itself, unless its lifetime is renewed.
//!
//! Coarse (whole seconds, and the kernel takes up to a third of one more), but it needs neither eBPF nor
//! nftables, and closes what no gate sees. The monitor's type `ip-address` adds and removes addresses; this
//! only says how long one that is there may stay.

use crate::error::{GateError, system};
use crate::netlink::{Message, Netlink, REPLACE, Said, number};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;

const OWN: u16 = 2;
const OTHER_END: u16 = 1;
const CACHE_INFO: u16 = 6;
const FLAGS: u16 = 8;
/// The flags that a change must repeat, or it takes them back: no duplicate address detection, home address,
/// no route of the prefix, multicast membership.
const KEPT: u32 = 0x02 | 0x10 | 0x200 | 0x400;

/// Has the kernel remove this address so long after now, wherever it is on this host; on how many
/// interfaces that is. Seconds are rounded up; at least one.
///
/// Only for an address that nobody is taking away meanwhile. The kernel has no way to change an address only
/// if it is there: one that is removed between the look and the change comes back, for the whole lifetime.
///
/// # Errors
/// If the kernel refuses. That the address is on no interface is no error: the answer is zero.
pub fn set_lifetime(address: IpAddr, lifetime: Duration) -> Result<usize, GateError> {
    let what = || format!("renew the lifetime of the address {address}");
    let mut route = Netlink::open(None).map_err(system(what()))?;
    renew(&mut route, address, lifetime).map_err(system(what()))
}

fn renew(route: &mut Netlink, address: IpAddr, lifetime: Duration) -> io::Result<usize> {
    let family = if address.is_ipv4() { 2 } else { 10 };
    let held = route.list(&Message::new(GET_ADDRESS, 0, &[family, 0, 0, 0, 0, 0, 0, 0]))?;
    let mut renewed = 0;
    for held in held.iter().filter(|held| own(held) == Some(address)) {
        if let Some(message) = renewal(held, lifetime) {
            route.order(message)?;
            renewed += 1;
        }
    }
    Ok(renewed)
}

/// Which address it is. IPv6 tells only one, unless there is another end.
fn own(held: &Said) -> Option<IpAddr> {
    let value = |wanted| held.attributes(8).find_map(|(kind, value)| (kind == wanted).then_some(value));
    let value = value(OWN).or_else(|| value(OTHER_END))?;
    let four = <[u8; 4]>::try_from(value).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from)).ok()
}

/// The address as it was told, but for its lifetime.
fn renewal(held: &Said, lifetime: Duration) -> Option<Message> {
    let structure = held.body.get(..8).filter(|_| held.kind == NEW_ADDRESS)?;
    let mut message = Message::new(NEW_ADDRESS, REPLACE, structure);
    for (kind, value) in held.attributes(8) {
        match kind {
            OWN | OTHER_END => message = message.with(kind, value),
            FLAGS => message = message.with(FLAGS, &(number(value, 0)? & KEPT).to_ne_bytes()),
            _ => {}
        }
    }
    let seconds = lifetime.as_secs() + u64::from(lifetime.subsec_nanos() > 0);
    // The highest number would mean: for ever.
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX).clamp(1, u32::MAX - 1).to_ne_bytes();
    // How long it is preferred, how long it is valid, and two moments that the kernel fills in.
    Some(message.with(CACHE_INFO, &[seconds, seconds, [0; 4], [0; 4]].concat()))
}
