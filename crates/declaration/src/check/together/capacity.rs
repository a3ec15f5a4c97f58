//! Groups that run on one node fit one.
//!
//! A node that does not say how much it has is not limited, and a node need not be in the file at all. So
//! it is an error only where the group's possible owners are listed, and each of them has a limit.

use crate::check::circles::abridged;
use crate::check::order::name;
use crate::findings::Findings;
use crate::read::{PlacedGroup, PlacedNode};
use model::NodeName;
use std::collections::{BTreeMap, BTreeSet};

/// How much nodes have.
pub(super) struct Room<'n> {
    of: BTreeMap<&'n NodeName, &'n BTreeMap<String, u64>>,
    /// Of that which every node of the file limits: who has most, and how much.
    largest: BTreeMap<&'n str, (&'n NodeName, u64)>,
}

impl<'n> Room<'n> {
    pub(super) fn of(nodes: &'n [PlacedNode]) -> Self {
        let of: BTreeMap<_, _> = nodes.iter().map(|node| (&node.name.value, &node.spec.capacity)).collect();
        let named: BTreeSet<&str> =
            of.values().flat_map(|capacity| capacity.keys().map(String::as_str)).collect();
        let mut room = Self { of, largest: BTreeMap::new() };
        for what in named {
            let most = room.most(what, room.of.keys().copied());
            room.largest.extend(most.map(|most| (what, most)));
        }
        room
    }

    /// Who of these has most; nothing if one of them is not limited, or there is none.
    fn most<'a>(&self, what: &str, nodes: impl Iterator<Item = &'a NodeName>) -> Option<(&'a NodeName, u64)> {
        let mut most: Option<(&NodeName, u64)> = None;
        for node in nodes {
            let has = *self.of.get(node)?.get(what)?;
            if most.is_none_or(|(_, so_far)| has > so_far) {
                most = Some((node, has));
            }
        }
        most
    }

    pub(super) fn check(
        &self,
        groups: &[PlacedGroup],
        here: &[usize],
        possible: Option<&BTreeSet<&NodeName>>,
        findings: &mut Findings<'_>,
    ) {
        let mut used: BTreeMap<&str, (u64, Vec<usize>)> = BTreeMap::new();
        for place in here {
            for (what, amount) in &groups[*place].policy.uses {
                let (sum, by) = used.entry(&what.value.0).or_default();
                // So much of every group in a file still fits 64 bits.
                *sum = sum.saturating_add(*amount);
                by.push(*place);
            }
        }
        for (what, (sum, by)) in used {
            let most = match possible {
                Some(possible) => self.most(what, possible.iter().copied()),
                None => self.largest.get(what).copied(),
            };
            let Some((node, has)) = most.filter(|(_, has)| *has < sum) else { continue };
            let who = users(groups, &by);
            let use_word = if by.len() == 1 { "uses" } else { "run together, and use" };
            let (most_of, error) = match possible {
                Some(_) => ("where it may run, the most", true),
                None => ("of the nodes in this file, the most", false),
            };
            let message = format!("{who} {use_word} {sum} of `{what}`; {most_of} is {has}, on `{node}`");
            let place = by.iter().flat_map(|place| &groups[*place].policy.uses);
            let Some((at, _)) = place.into_iter().find(|(name, _)| name.value.0 == what) else { continue };
            if error {
                findings.error(&at.span, message);
            } else {
                findings.warning(&at.span, message);
            }
        }
    }
}

fn users(groups: &[PlacedGroup], by: &[usize]) -> String {
    match by {
        [one] => groups[*one].what(),
        _ => {
            let names = by.iter().map(|place| format!("`{}`", name(groups, *place))).collect();
            format!("groups {}", abridged(names, ", "))
        }
    }
}
