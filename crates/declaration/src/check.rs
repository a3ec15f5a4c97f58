//! What must hold between the sections of a file.
//!
//! Every check takes what could be read and reports what is wrong with it. Where a name could
//! not be read, "there is no such …" would be a guess, so it is not said.

mod care;
mod circles;
mod claims;
mod clones;
mod dependencies;
mod links;
mod order;
mod rules;
mod together;
mod turns;

use crate::findings::Findings;
use crate::place::At;
use crate::read::{PlacedCluster, PlacedGroup, PlacedNode, PlacedType};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;

/// Everything that must hold in and between groups.
pub(crate) fn groups(groups: &[PlacedGroup], nodes: &[PlacedNode], findings: &mut Findings<'_>) {
    unique(groups.iter().filter_map(|group| group.name.as_ref()), "group", "in the file", findings);
    for group in groups {
        let names = group.resources.iter().filter_map(|resource| resource.name.as_ref());
        unique(names, "resource", &format!("in {}", group.what()), findings);
        dependencies::check(group, groups, findings);
        care::check(group, findings);
        if group.resources.is_empty() {
            findings.warning(&group.span, format!("{} has no resource, so it does nothing", group.what()));
        }
    }
    let links = links::links(groups, findings);
    order::check(groups, &links, findings);
    together::check(groups, nodes, &links, findings);
    clones::check(groups, &links, findings);
    rules::check(groups, nodes, findings);
    claims::check(groups, findings);
}

/// A node is described once.
pub(crate) fn nodes(nodes: &[PlacedNode], findings: &mut Findings<'_>) {
    unique(nodes.iter().map(|node| &node.name), "node", "in the file", findings);
}

/// A type is registered once.
pub(crate) fn types(types: &[PlacedType], findings: &mut Findings<'_>) {
    unique(types.iter().filter_map(|one| one.name.as_ref()), "type", "in the file", findings);
}

/// What the cluster's section says of groups.
pub(crate) fn cluster(cluster: Option<&PlacedCluster>, groups: &[PlacedGroup], findings: &mut Findings<'_>) {
    if let Some(cluster) = cluster {
        turns::check(cluster, groups, findings);
    }
}

fn unique<'p, T: Ord + Display + 'p>(
    names: impl Iterator<Item = &'p At<T>>,
    kind: &str,
    within: &str,
    findings: &mut Findings<'_>,
) {
    let mut first_of: BTreeMap<&T, &At<T>> = BTreeMap::new();
    for name in names {
        match first_of.entry(&name.value) {
            Entry::Vacant(vacant) => {
                vacant.insert(name);
            }
            Entry::Occupied(first) => {
                let line = findings.line(&first.get().span);
                let message =
                    format!("a second {kind} named `{}` {within}; the first is on line {line}", name.value);
                findings.error(&name.span, message);
            }
        }
    }
}
