//! Which interface is to carry an address.

use super::message::{Held, Link};
use model::address::Network;
use std::net::IpAddr;

/// The interface of this name, or the one with an address of the same network: of several the one with
/// the longest prefix, then one that works, then the oldest. The error says what there is.
pub(super) fn choose<'l>(
    network: &Network,
    wanted: Option<&str>,
    links: &'l [Link],
    addresses: &[Held],
) -> Result<&'l Link, String> {
    if let Some(wanted) = wanted {
        return links.iter().find(|link| link.is_called(wanted)).ok_or_else(|| {
            let all = |link: &'l Link| std::iter::once(&link.name).chain(&link.alternatives);
            let names: Vec<_> = links.iter().flat_map(all).map(String::as_str).collect();
            format!("no interface `{wanted}` on this node; there are {}", names.join(", "))
        });
    }
    if let IpAddr::V6(own) = network.address
        && own.is_unicast_link_local()
    {
        let why = "every interface has a network of link-local addresses: set `interface`";
        return Err(format!("{} can be on any interface: {why}", network.address));
    }
    let fitting = addresses.iter().filter(|held| {
        // Its own address does not speak for an interface: it may be a leftover.
        held.network.address != network.address && contains(&held.network, network.address)
    });
    let fitting = fitting.filter_map(|held| {
        let link = links.iter().find(|link| link.index == held.index)?;
        Some((held.network.prefix_bits, works(link).is_ok(), std::cmp::Reverse(link.index), link))
    });
    let best = fitting.max_by_key(|(bits, works, index, _)| (*bits, *works, *index));
    best.map(|(.., link)| link).ok_or_else(|| {
        let there = addresses.iter().filter_map(|held| {
            let link = links.iter().find(|link| link.index == held.index)?;
            Some(format!("{} {}", link.name, show(&held.network)))
        });
        let there: Vec<_> = there.collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        let network = Network { address: first(network), prefix_bits: network.prefix_bits };
        format!("no interface with an address in {}; there are {there}; or set `interface`", show(&network))
    })
}

/// Whether it can carry traffic. The error says what is wrong.
pub(super) fn works(link: &Link) -> Result<(), String> {
    match (link.is_up, link.has_carrier) {
        (true, true) => Ok(()),
        (false, _) => Err(format!("{0} is down; `ip link set {0} up` sets it up", link.name)),
        (true, false) => Err(format!("{} has no carrier: cable, switch or bond", link.name)),
    }
}

pub(super) fn show(network: &Network) -> String {
    format!("{}/{}", network.address, network.prefix_bits)
}

fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

fn mask(prefix_bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix_bits.min(128))).unwrap_or(0)
}

fn contains(network: &Network, address: IpAddr) -> bool {
    let ((theirs, size), (ours, own_size)) = (bits(network.address), bits(address));
    size == own_size && (theirs ^ ours) & mask(network.prefix_bits) == 0
}

/// The first address of a network.
fn first(network: &Network) -> IpAddr {
    let kept = bits(network.address).0 & mask(network.prefix_bits);
    match network.address {
        IpAddr::V4(_) => IpAddr::from(u32::try_from(kept >> 96).unwrap_or(0).to_be_bytes()),
        IpAddr::V6(_) => IpAddr::from(kept.to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, wanted: Option<&str>, there: &[(&str, bool, &str)]) -> Result<String, String> {
        let mut links: Vec<Link> = Vec::new();
        let mut addresses = Vec::new();
        for (name, up, network) in there {
            let known = links.iter().find(|link| link.name == *name).map(|link| link.index);
            let index = known.unwrap_or_else(|| {
                let index = u32::try_from(links.len()).unwrap() + 1;
                let name = (*name).to_owned();
                let alternatives = vec![format!("{name}-also")];
                links.push(Link { index, name, alternatives, is_up: *up, has_carrier: true, mac: None });
                index
            });
            addresses.push(Held { index, network: network.parse().unwrap() });
        }
        choose(&address.parse().unwrap(), wanted, &links, &addresses).map(|link| link.name.clone())
    }

    #[test]
    fn the_longest_prefix_wins_then_what_works_then_the_oldest() {
        let all = [("a", true, "10.0.0.1/8"), ("b", false, "10.1.0.1/16"), ("c", true, "10.1.0.2/16")];
        assert_eq!(check("10.1.0.9/16", None, &all).unwrap(), "c");
        assert_eq!(check("10.2.0.9/16", None, &all).unwrap(), "a");
        assert_eq!(check("10.1.0.9/16", Some("b"), &all).unwrap(), "b");
        assert_eq!(check("10.1.0.9/16", Some("b-also"), &all).unwrap(), "b");
        assert_eq!(check("fd00::9/64", None, &[("a", true, "fd00::1/64")]).unwrap(), "a");
    }

    #[test]
    fn a_leftover_of_the_address_itself_does_not_speak_for_an_interface() {
        let all = [("old", true, "10.0.0.9/24"), ("new", true, "10.0.0.1/24")];
        assert_eq!(check("10.0.0.9/24", None, &all).unwrap(), "new");
    }

    #[test]
    fn what_there_is_is_said() {
        let all = [("lo", true, "127.0.0.1/8"), ("eth0", true, "10.99.0.1/24")];
        assert_eq!(
            check("10.0.0.9/24", None, &all).unwrap_err(),
            "no interface with an address in 10.0.0.0/24; there are lo 127.0.0.1/8, eth0 10.99.0.1/24; \
             or set `interface`"
        );
        let error = check("10.0.0.9/24", Some("eth7"), &all).unwrap_err();
        assert_eq!(error, "no interface `eth7` on this node; there are lo, lo-also, eth0, eth0-also");
        assert!(check("fe80::9/64", None, &all).unwrap_err().contains("set `interface`"));
    }
}
