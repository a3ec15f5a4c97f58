//! Groups and resources as text.

use super::{facts, lapse, or_dash, state};
use crate::commands::resource::Placed;
use crate::paint::clean;
use crate::table::table;
use api::{GroupShown, ResourceShown};

/// The groups, a row each.
pub(crate) fn list(groups: &[GroupShown], width: Option<u16>) -> String {
    if groups.is_empty() {
        return "no groups\n".to_owned();
    }
    let row = |group: &GroupShown| {
        let resources = group.resources.len().to_string();
        let owner = or_dash(group.owner.as_deref());
        vec![clean(&group.name), state(&group.state), owner, resources, clean(&group.reason)]
    };
    table(&["GROUP", "STATE", "OWNER", "RESOURCES", "REASON"], groups.iter().map(row).collect(), width)
}

/// One group, in full.
pub(crate) fn show(group: &GroupShown, width: Option<u16>) -> String {
    let mut lines = vec![
        ("group", clean(&group.name)),
        ("state", state(&group.state)),
        ("owner", or_dash(group.owner.as_deref())),
        ("generation", group.generation.to_string()),
        ("reason", clean(&group.reason)),
    ];
    if let Some(guard) = &group.protected_by {
        lines.push(("protected by", clean(guard)));
    }
    if let Some(ms) = group.takeover_bound_ms {
        lines.push(("takeover", format!("within {}", lapse(ms))));
    }
    let mut text = facts(&lines, width);
    text.push_str(&takeover(group));
    if !group.resources.is_empty() {
        let row = |resource: &ResourceShown| {
            let reason = or_dash(resource.reason.as_deref());
            vec![clean(&resource.name), clean(&resource.kind), state(&resource.state), reason]
        };
        let rows = group.resources.iter().map(row).collect();
        text.push('\n');
        text.push_str(&table(&["RESOURCE", "TYPE", "STATE", "REASON"], rows, width));
    }
    text
}

/// How long a takeover waits, and why, in lines of its own.
pub(crate) fn takeover(group: &GroupShown) -> String {
    let lines = group.takeover.iter().flat_map(|text| text.lines());
    lines.fold(String::new(), |text, line| format!("{text}{}\n", clean(line)))
}

/// The resources of all groups, a row each.
pub(crate) fn resources(all: &[Placed<'_>], width: Option<u16>) -> String {
    if all.is_empty() {
        return "no resources\n".to_owned();
    }
    let row = |placed: &Placed<'_>| {
        let ResourceShown { name, kind, state: word, .. } = placed.resource;
        vec![clean(placed.group), clean(name), clean(kind), state(word), or_dash(placed.owner)]
    };
    table(&["GROUP", "RESOURCE", "TYPE", "STATE", "OWNER"], all.iter().map(row).collect(), width)
}

/// One resource.
pub(crate) fn resource(placed: &Placed<'_>, width: Option<u16>) -> String {
    let lines = [
        ("resource", clean(&placed.resource.name)),
        ("type", clean(&placed.resource.kind)),
        ("state", state(&placed.resource.state)),
        ("group", clean(placed.group)),
        ("owner", or_dash(placed.owner)),
        ("reason", or_dash(placed.resource.reason.as_deref())),
    ];
    facts(&lines, width)
}
