//! Replacing what the administrator asked for.

use super::{Accepted, Asked, Verdict, ownership};
use events::ConfigurationApplied;
use model::desired::{ClusterSpec, Profile};
use model::stored::{ClusterState, Rejection};
use model::{ClusterName, Revision};
use std::collections::BTreeMap;

/// A declaration, as proposed.
pub(super) struct Wanted<'a> {
    pub(super) given: &'a ClusterName,
    pub(super) spec: &'a ClusterSpec,
    pub(super) text: &'a str,
    pub(super) if_revision: &'a Option<Revision>,
}

pub(super) fn configure(
    state: &mut ClusterState,
    asked: &Asked,
    here: &ClusterName,
    wanted: &Wanted,
) -> Verdict {
    if wanted.given != here {
        return Err(Rejection::OtherCluster { given: wanted.given.clone(), here: here.clone() });
    }
    if let Some(expected) = *wanted.if_revision
        && !state.unchanged_since(expected)
    {
        return Err(Rejection::RevisionMoved { expected, current: state.revision });
    }
    if state.declaration == wanted.text && state.spec == *wanted.spec {
        return Ok(Accepted::as_it_is());
    }
    let summary = summary(&state.spec, wanted.spec);
    longest_profile(state, wanted.spec.profile);
    state.spec = wanted.spec.clone();
    ownership::widen_needs(state);
    ownership::sweep(state);
    wanted.text.clone_into(&mut state.declaration);
    Ok(Accepted::changed(ConfigurationApplied { by: asked.by(), summary }))
}

/// While leases of a former profile may run on, whoever takes over waits as long as the longer one says.
fn longest_profile(state: &mut ClusterState, next: Profile) {
    let length = |profile: &Profile| match profile {
        Profile::Fast => 0,
        Profile::Default => 1,
        Profile::Patient => 2,
    };
    let known = state.longest_profile.into_iter().chain([state.spec.profile, next]);
    state.longest_profile = known.max_by_key(length).filter(|longest| *longest != next);
}

/// All leases of profiles before this one have ended.
pub(super) fn settle(state: &mut ClusterState, profile: Profile) -> Accepted {
    if state.spec.profile != profile || state.longest_profile.take().is_none() {
        return Accepted::as_it_is();
    }
    Accepted::quietly()
}

/// What is different, in a line.
fn summary(before: &ClusterSpec, after: &ClusterSpec) -> String {
    let mut parts = Vec::new();
    groups(before, after, &mut parts);
    if before.nodes != after.nodes {
        parts.push("what is said of nodes".to_owned());
    }
    if before.types != after.types {
        parts.push("the types of plug-ins".to_owned());
    }
    if before.profile != after.profile {
        parts.push(format!("profile {}", after.profile));
    }
    if before.stall_policy != after.stall_policy {
        parts.push(format!("stall policy {}", after.stall_policy));
    }
    if before.assume_pause_below_ms != after.assume_pause_below_ms {
        parts.push(match after.assume_pause_below_ms {
            Some(ms) => format!("pauses of virtual machines assumed below {ms} ms"),
            None => "nothing assumed of pauses of virtual machines".to_owned(),
        });
    }
    // The same groups in another order, or another comment.
    if parts.is_empty() { "its text alone".to_owned() } else { parts.join(", ") }
}

fn groups(before: &ClusterSpec, after: &ClusterSpec, parts: &mut Vec<String>) {
    let by_name = |spec: &ClusterSpec| -> BTreeMap<_, _> {
        spec.groups.iter().map(|group| (group.name.clone(), group.clone())).collect()
    };
    let (old, new) = (by_name(before), by_name(after));
    let added = new.keys().filter(|name| !old.contains_key(name)).count();
    let removed = old.keys().filter(|name| !new.contains_key(name)).count();
    let changed = new.iter().filter(|(name, group)| old.get(name).is_some_and(|was| was != *group)).count();
    for (count, what) in [(added, "added"), (changed, "changed"), (removed, "removed")] {
        match count {
            0 => {}
            1 => parts.push(format!("1 group {what}")),
            _ => parts.push(format!("{count} groups {what}")),
        }
    }
}
