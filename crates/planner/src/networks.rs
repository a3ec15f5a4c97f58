//! Who hears whom, over which network; and what would be if one of them failed.
//!
//! The nodes speak over every network that they share. As long as they share another, the loss of one
//! moves nothing. Whoever shares none with a majority has to stop what it runs. That a witness may give
//! one of two nodes the majority is not known here.
//!
//! Addresses of groups are another matter: whoever comes to one over the network that failed does not
//! reach it any more, wherever the group is. That is told, and moves nothing either: it would be reached
//! no better on another node.

use crate::view::{NodeView, Standing, View};
use model::desired::{ClusterSpec, Value};
use model::{GroupName, Network, NodeName, ResourceName};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The networks that any node is on, by name.
pub(crate) fn names(view: &View) -> BTreeSet<&str> {
    view.nodes.iter().flat_map(|node| node.networks.keys()).map(String::as_str).collect()
}

/// The name of a network, given that or the address of a node on it.
pub(crate) fn named<'v>(view: &'v View, text: &str) -> Option<&'v str> {
    let address: Option<IpAddr> = text.parse().ok();
    let is_meant = |(name, on): &(&String, &IpAddr)| *name == text || Some(**on) == address;
    let mut all = view.nodes.iter().flat_map(|node| &node.networks);
    all.find(is_meant).map(|(name, _)| name.as_str())
}

/// Takes a network away. Nodes that hear no majority any more are isolated.
pub(crate) fn lose(view: &mut View, name: &str) {
    for node in &mut view.nodes {
        node.networks.remove(name);
    }
    let majority = majority(view);
    for node in view.nodes.iter_mut().filter(|node| is_there(node)) {
        if !majority.contains(&node.name) {
            node.standing = Standing::Isolated;
        }
    }
}

/// What the loss of a network would leave, in words.
pub(crate) fn leaves(view: &View, name: &str) -> String {
    let mut then = view.clone();
    lose(&mut then, name);
    let there = |node: &&NodeView| is_there(node);
    let others: BTreeSet<&str> =
        then.nodes.iter().filter(there).flat_map(|node| node.networks.keys()).map(String::as_str).collect();
    let others = others.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    let cut_off: Vec<&str> = view
        .nodes
        .iter()
        .zip(&then.nodes)
        .filter(|(before, after)| is_there(before) && !is_there(after))
        .map(|(before, _)| before.name.as_str())
        .collect();
    match cut_off.as_slice() {
        [] if others.is_empty() => "a node alone needs no network".to_owned(),
        [] => format!("the nodes still hear each other over network {others}"),
        all if !then.nodes.iter().any(is_there) => match all {
            [one] => format!("{one} hears no other node"),
            _ => "no node hears a majority of the others any more: without a witness, all stop what they run"
                .to_owned(),
        },
        [one] => format!("{one} is cut off from the majority, which goes on over network {others}"),
        some => {
            format!("{} are cut off from the majority, which goes on over network {others}", some.join(", "))
        }
    }
}

/// Addresses of groups that are in a network.
pub(crate) fn addresses<'s>(
    spec: &'s ClusterSpec,
    view: &View,
    name: &str,
) -> Vec<(&'s GroupName, &'s ResourceName, IpAddr)> {
    let nodes: Vec<IpAddr> = view.nodes.iter().filter_map(|node| node.networks.get(name).copied()).collect();
    let resources =
        spec.groups.iter().flat_map(|group| group.resources.iter().map(move |one| (&group.name, one)));
    let address = |(group, one): (&'s GroupName, &'s model::desired::ResourceSpec)| {
        let Some(Value::Text(text)) = one.parameters.get("address") else { return None };
        let network: Network = text.parse().ok()?;
        let is_in_it = nodes.iter().any(|node| holds(network, *node));
        (one.kind.as_str() == "ip-address" && is_in_it).then_some((group, &one.name, network.address))
    };
    resources.filter_map(address).collect()
}

/// Whether an address is in a network.
fn holds(network: Network, address: IpAddr) -> bool {
    match (network.address, address) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let differ = one.to_bits() ^ other.to_bits();
            differ.leading_zeros() >= u32::from(network.prefix_bits)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let differ = one.to_bits() ^ other.to_bits();
            differ.leading_zeros() >= u32::from(network.prefix_bits)
        }
        _ => false,
    }
}

/// A node that runs something and hears others, if there is a way.
fn is_there(node: &NodeView) -> bool {
    crate::placement::is_there(node.standing)
}

/// Nodes that are a majority of all members and hear each other. Nobody, if there is no such majority.
fn majority(view: &View) -> BTreeSet<NodeName> {
    let mut left: Vec<&NodeView> = view.nodes.iter().filter(|node| is_there(node)).collect();
    let members = view.nodes.iter().filter(|node| node.standing != Standing::Joining).count();
    while let Some(first) = left.pop() {
        let mut together = vec![first];
        let mut next = 0;
        while let Some(one) = together.get(next).copied() {
            let hears = |other: &&NodeView| one.networks.keys().any(|name| other.networks.contains_key(name));
            let (near, far): (Vec<_>, Vec<_>) = left.into_iter().partition(hears);
            together.extend(near);
            left = far;
            next += 1;
        }
        if together.len() * 2 > members {
            return together.into_iter().map(|node| node.name.clone()).collect();
        }
    }
    BTreeSet::new()
}
