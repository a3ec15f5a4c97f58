//! `depends_on` names resources of the same group, and never leads back to where it began, whichever
//! of a choice is taken.

use super::circles::{Heard, abridged, circles};
use crate::findings::Findings;
use crate::place::At;
use crate::read::{PlacedGroup, PlacedResource};
use model::ResourceName;
use std::collections::BTreeMap;

pub(super) fn check(group: &PlacedGroup, groups: &[PlacedGroup], findings: &mut Findings<'_>) {
    let place_of: BTreeMap<&ResourceName, usize> = group
        .resources
        .iter()
        .enumerate()
        .filter_map(|(place, resource)| Some((&resource.name.as_ref()?.value, place)))
        .collect();
    let all_names_known = group.resources.iter().all(|resource| resource.name.is_some());
    let mut needs: Vec<Vec<usize>> = Vec::new();
    for (place, resource) in group.resources.iter().enumerate() {
        let mut found = Vec::new();
        for needed in named(resource) {
            match place_of.get(&needed.value) {
                Some(other) if *other == place => {
                    let message = format!("resource `{}` cannot depend on itself", needed.value);
                    findings.error(&needed.span, message);
                }
                Some(other) => found.push(*other),
                None if all_names_known => unknown(group, groups, needed, &place_of, findings),
                None => {}
            }
        }
        needs.push(found);
    }
    tell_circles(&group.resources, needs, findings);
}

/// Every resource that another depends on, in a choice or alone.
pub(super) fn named(resource: &PlacedResource) -> impl Iterator<Item = &At<ResourceName>> {
    resource.depends_on.iter().flat_map(|entry| entry.names())
}

fn unknown(
    group: &PlacedGroup,
    groups: &[PlacedGroup],
    needed: &At<ResourceName>,
    here: &BTreeMap<&ResourceName, usize>,
    findings: &mut Findings<'_>,
) {
    let has_it = |other: &&PlacedGroup| {
        let mut names = other.resources.iter().filter_map(|resource| resource.name.as_ref());
        names.any(|name| name.value == needed.value)
    };
    // Searching every group is for the few messages that are shown.
    let elsewhere = if findings.full() { None } else { groups.iter().find(has_it) };
    let mut message = format!("{} has no resource `{}` to depend on", group.what(), needed.value);
    if let Some(other) = elsewhere {
        message += &format!(": that one is in {}, and dependencies stay within a group", other.what());
    }
    let valid = here.keys().map(|name| name.as_str());
    findings.error_near(&needed.span, message, needed.value.as_str(), valid);
}

fn tell_circles(resources: &[PlacedResource], needs: Vec<Vec<usize>>, findings: &mut Findings<'_>) {
    circles(needs, |circle| {
        let name = |place: &usize| {
            resources[*place].name.as_ref().map_or("?".to_owned(), |name| name.value.to_string())
        };
        let path: Vec<String> = circle.iter().chain(circle.first()).map(name).collect();
        let next = path.get(1).cloned().unwrap_or_default();
        let at = circle
            .first()
            .and_then(|first| named(&resources[*first]).find(|needed| needed.value.as_str() == next));
        if let Some(at) = at {
            let path = abridged(path, " -> ");
            findings.error(&at.span, format!("these resources depend on each other in a circle: {path}"));
        }
        if findings.full() { Heard::Enough } else { Heard::GoOn }
    });
}
