//! What resources say of their looks and failures, held against each other and against their group.

use crate::findings::Findings;
use crate::place::At;
use crate::read::{PlacedGroup, PlacedResource};
use crate::types;
use model::ResourceName;
use model::desired::{AnyOf, OnFail};
use std::collections::BTreeSet;

/// Where a type says nothing else, resources are looked at as often as this.
const LOOKS_ALIVE_MS: u64 = 5_000;
const IS_ALIVE_MS: u64 = 60_000;

pub(super) fn check(group: &PlacedGroup, findings: &mut Findings<'_>) {
    for resource in &group.resources {
        looks(resource, findings);
        migration(group, resource, findings);
        failures(resource, findings);
        unmanaged(group, resource, findings);
    }
    optional(group, findings);
}

fn looks(resource: &PlacedResource, findings: &mut Findings<'_>) {
    let care = &resource.care;
    let (looks, is) = (care.value.looks_alive_ms, care.value.is_alive_ms);
    let (Some(span), true) = (
        care.looks_alive.as_ref().or(care.is_alive.as_ref()),
        looks.unwrap_or(LOOKS_ALIVE_MS) > is.unwrap_or(IS_ALIVE_MS),
    ) else {
        return;
    };
    let what = resource.what();
    match (looks, is) {
        (Some(_), Some(_)) => {
            let message = format!(
                "`looks_alive` of {what} is longer than its `is_alive`: the cheap look is the one that comes \
                 often"
            );
            findings.error(span, message);
        }
        (Some(_), None) => {
            let message = format!(
                "`looks_alive` of {what} is longer than the 60s between its thorough looks, so the cheap look \
                 says nothing"
            );
            findings.warning(span, message);
        }
        (None, _) => {
            let message = format!(
                "`is_alive` of {what} is shorter than the 5s between its cheap looks, so these say nothing"
            );
            findings.warning(span, message);
        }
    }
}

/// A group is handed over as a whole, so what is handed over while it runs must be all of it.
fn migration(group: &PlacedGroup, resource: &PlacedResource, findings: &mut Findings<'_>) {
    let Some(span) = resource.care.live_migration.as_ref().filter(|_| resource.care.value.live_migration)
    else {
        return;
    };
    let what = resource.what();
    if group.policy.clones.is_some() {
        let message = format!(
            "{what} cannot be handed over while it runs: {} runs on several nodes, and its copies do not move",
            group.what()
        );
        findings.error(span, message);
    } else if group.resources.len() > 1 {
        let message = format!(
            "{what} cannot be handed over while it runs: a group is handed over only as a whole, and {} has \
             {} resources; give it a group of its own, and let the others' group start after that",
            group.what(),
            group.resources.len()
        );
        findings.error(span, message);
    } else if let Some(spec) = &resource.spec
        && (types::resource_type(spec.kind.as_str()).is_some() || spec.kind.as_str().starts_with("systemd:"))
    {
        let message = format!(
            "{what} cannot be handed over while it runs: type `{}` cannot do that; agents that have \
             `migrate_to` can",
            spec.kind
        );
        findings.error(span, message);
    }
}

fn failures(resource: &PlacedResource, findings: &mut Findings<'_>) {
    let care = &resource.care;
    let (what, on_fail) = (resource.what(), care.value.on_fail);
    let word = on_fail.as_str();
    if let Some(span) = &care.optional
        && care.value.optional
        && matches!(on_fail, OnFail::Failover | OnFail::Stop | OnFail::Drain)
    {
        let message = format!(
            "{what} is optional, so its group goes on without it, and on_fail = \"{word}\" says that it does \
             not: leave one of them out"
        );
        findings.error(span, message);
    }
    if let Some(span) = &care.restarts
        && !matches!(on_fail, OnFail::Restart | OnFail::Demote)
    {
        let message =
            format!("`restarts` of {what} says nothing: with on_fail = \"{word}\" it is never restarted");
        findings.warning(span, message);
    }
}

fn unmanaged(group: &PlacedGroup, resource: &PlacedResource, findings: &mut Findings<'_>) {
    let care = &resource.care;
    let whole = group.policy.value.unmanaged;
    let what = resource.what();
    match &care.unmanaged {
        Some(at) if whole && !at.value => {
            let message = format!("{what} cannot be managed: {} is unmanaged as a whole", group.what());
            findings.error(&at.span, message);
        }
        _ if !whole && !care.value.unmanaged => {}
        _ => {
            if let Some(span) = &care.on_fail
                && care.value.on_fail != OnFail::Ignore
            {
                let message =
                    format!("{what} is unmanaged, so nothing is done when it fails, whatever `on_fail` says");
                findings.warning(span, message);
            }
        }
    }
}

/// What another needs is needed as much as that one.
fn optional(group: &PlacedGroup, findings: &mut Findings<'_>) {
    let (optional, needed): (Vec<_>, Vec<_>) =
        group.resources.iter().partition(|resource| resource.care.value.optional);
    let names: BTreeSet<&ResourceName> =
        optional.iter().filter_map(|resource| Some(&resource.name.as_ref()?.value)).collect();
    for resource in needed {
        let is_optional = |entry: &&AnyOf<At<ResourceName>>| {
            entry.names().iter().all(|needed| names.contains(&needed.value))
        };
        let entry = resource.depends_on.iter().find(is_optional);
        if let Some(needed) = entry.and_then(|entry| entry.names().first()) {
            let message = format!(
                "{} depends on `{}`, which is optional: where that cannot be kept running, the group cannot \
                 go on either, unless this one is optional too",
                resource.what(),
                needed.value
            );
            findings.warning(&needed.span, message);
        }
    }
}
