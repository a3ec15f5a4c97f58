//! Replacing what the administrator asked for.

use super::{Accepted, Asked, Verdict};
use events::ConfigurationApplied;
use model::desired::ClusterSpec;
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
    state.spec = wanted.spec.clone();
    wanted.text.clone_into(&mut state.declaration);
    Ok(Accepted::changed(ConfigurationApplied { by: asked.by(), summary }))
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
