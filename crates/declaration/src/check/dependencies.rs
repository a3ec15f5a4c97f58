//! `depends_on` names resources of the same group, and never leads back to where it began.

use crate::findings::Findings;
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
        for needed in &resource.depends_on {
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
    cycles(&group.resources, needs, findings);
}

fn unknown(
    group: &PlacedGroup,
    groups: &[PlacedGroup],
    needed: &crate::place::At<ResourceName>,
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

/// Reports every cycle once. Takes away, again and again, what needs nothing; what cannot be
/// taken away needs something that cannot either, so walking from need to need must come back.
/// No recursion: a chain may be as long as the file.
fn cycles(resources: &[PlacedResource], mut needs: Vec<Vec<usize>>, findings: &mut Findings<'_>) {
    while let Some(cycle) = first_cycle(&needs) {
        let name = |place: &usize| resources[*place].name.as_ref().map_or("?", |name| name.value.as_str());
        let mut path: Vec<&str> = cycle.iter().map(name).collect();
        path.extend(cycle.first().map(name));
        let at = cycle.first().and_then(|place| {
            let resource = &resources[*place];
            let next = path.get(1)?;
            resource.depends_on.iter().find(|needed| needed.value.as_str() == *next)
        });
        let message = format!("these resources depend on each other in a circle: {}", path.join(" -> "));
        if let Some(at) = at {
            findings.error(&at.span, message);
        }
        if findings.full() {
            return;
        }
        for place in cycle {
            needs[place].clear();
        }
    }
}

fn first_cycle(needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    for (place, others) in needs.iter().enumerate() {
        for other in others {
            needed_by[*other].push(place);
        }
    }
    let mut free: Vec<usize> = (0..needs.len()).filter(|place| open[*place] == 0).collect();
    while let Some(place) = free.pop() {
        for waiting in &needed_by[place] {
            open[*waiting] -= 1;
            if open[*waiting] == 0 {
                free.push(*waiting);
            }
        }
    }
    let mut place = open.iter().position(|count| *count > 0)?;
    let mut walked = Vec::new();
    let mut step_of: BTreeMap<usize, usize> = BTreeMap::new();
    loop {
        if let Some(step) = step_of.insert(place, walked.len()) {
            // The smallest place first, so that the message follows the file.
            let mut cycle = walked.split_off(step);
            let smallest = (0..cycle.len()).min_by_key(|index| cycle[*index]).unwrap_or(0);
            cycle.rotate_left(smallest);
            return Some(cycle);
        }
        walked.push(place);
        place = *needs[place].iter().find(|other| open[**other] > 0)?;
    }
}
