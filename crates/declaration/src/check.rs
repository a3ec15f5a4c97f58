//! What must hold between the sections of a file.
//!
//! Every check takes what could be read and reports what is wrong with it. Where a name could
//! not be read, "there is no such …" would be a guess, so it is not said.

mod claims;
mod dependencies;

use crate::findings::Findings;
use crate::place::At;
use crate::read::{PlacedGroup, PlacedNode, PlacedType};
use model::{GroupName, NodeName};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Everything that must hold in and between groups.
pub(crate) fn groups(groups: &[PlacedGroup], findings: &mut Findings<'_>) {
    unique(groups.iter().filter_map(|group| group.name.as_ref()), "group", "in the file", findings);
    for group in groups {
        owners(group, findings);
        let names = group.resources.iter().filter_map(|resource| resource.name.as_ref());
        unique(names, "resource", &format!("in {}", group.what()), findings);
        dependencies::check(group, groups, findings);
        if group.resources.is_empty() {
            findings.warning(&group.span, format!("{} has no resource, so it does nothing", group.what()));
        }
    }
    anti_affinity(groups, findings);
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

/// A preferred owner that is not a possible one is never used.
fn owners(group: &PlacedGroup, findings: &mut Findings<'_>) {
    if group.possible.is_empty() {
        return;
    }
    let possible: BTreeSet<&NodeName> = group.possible.iter().map(|possible| &possible.value).collect();
    for preferred in &group.preferred {
        if !possible.contains(&preferred.value) {
            let message = format!(
                "`{}` is a preferred owner of {} but not among its possible owners, so it will never run there",
                preferred.value,
                group.what()
            );
            findings.warning(&preferred.span, message);
        }
    }
}

fn anti_affinity(groups: &[PlacedGroup], findings: &mut Findings<'_>) {
    let names: BTreeSet<&GroupName> =
        groups.iter().filter_map(|group| Some(&group.name.as_ref()?.value)).collect();
    let all_names_known = groups.iter().all(|group| group.name.is_some());
    for group in groups {
        for other in &group.anti_affinity {
            if group.name.as_ref().is_some_and(|name| name.value == other.value) {
                let message = format!("{} cannot keep away from itself", group.what());
                findings.error(&other.span, message);
            } else if all_names_known && !names.contains(&other.value) {
                let message = format!(
                    "`anti_affinity` of {} names `{}`, and there is no such group in the file",
                    group.what(),
                    other.value
                );
                let valid = names.iter().map(|name| name.as_str());
                findings.error_near(&other.span, message, other.value.as_str(), valid);
            }
        }
    }
}
