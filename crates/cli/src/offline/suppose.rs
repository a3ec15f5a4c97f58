//! What is supposed to happen, held against what there is.
//!
//! A name that there is not, or a node that is to be in two states at once, is a mistake of whoever asks,
//! and is told with the nearest name and with what exists. The planner itself would take some of them.

use crate::commands::with_nearest;
use crate::failure::Failure;
use model::NodeName;
use model::desired::ClusterSpec;
use planner::View;
use planner::hypothesis::Hypothesis;
use std::collections::BTreeMap;

/// How many names are listed of what exists. More than a screen of them helps nobody.
const NAMES_MAX: usize = 24;

/// Applies all of them to a view.
pub(super) fn suppose(all: &[Hypothesis], spec: &ClusterSpec, view: &mut View) -> Result<(), Failure> {
    contradiction(all)?;
    for one in all {
        known(one, spec, view)?;
        one.apply(spec, view).map_err(|error| wrong(one).because(error))?;
    }
    Ok(())
}

fn wrong(one: &Hypothesis) -> Failure {
    Failure::new(format!("`--if {one}` speaks of what there is not"))
}

fn contradiction(all: &[Hypothesis]) -> Result<(), Failure> {
    let mut nodes: BTreeMap<&NodeName, &Hypothesis> = BTreeMap::new();
    for one in all {
        let Hypothesis::Node(name, _) = one else { continue };
        if let Some(other) = nodes.insert(name, one).filter(|other| *other != one) {
            let what = format!("`--if {other}` and `--if {one}` cannot both be");
            return Err(Failure::usage(what).because("a node is in one state at a time"));
        }
    }
    Ok(())
}

fn known(one: &Hypothesis, spec: &ClusterSpec, view: &View) -> Result<(), Failure> {
    let nodes = || view.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>();
    match one {
        Hypothesis::Node(node, _) => among(one, "node", "nodes", node.as_str(), nodes()),
        Hypothesis::Resource(Some(group), resource) => {
            let groups = spec.groups.iter().map(|one| one.name.as_str()).collect();
            among(one, "group", "groups", group.as_str(), groups)?;
            let resources = spec.group(group).into_iter().flat_map(|group| &group.resources);
            let resources = resources.map(|one| one.name.as_str()).collect();
            let what = format!("resource in group `{group}`");
            among(one, &what, "resources of it", resource.as_str(), resources)
        }
        Hypothesis::Resource(None, resource) => {
            let resources = spec.groups.iter().flat_map(|group| &group.resources);
            let resources = resources.map(|one| one.name.as_str()).collect();
            among(one, "resource", "resources", resource.as_str(), resources)
        }
        // It is said by its name or by an address: the planner looks for both, and tells what there is.
        Hypothesis::Network(_) => Ok(()),
        Hypothesis::Type(kind, node) => {
            among(one, "node", "nodes", node.as_str(), nodes())?;
            let kinds = spec.groups.iter().flat_map(|group| &group.resources);
            let kinds = kinds.map(|one| one.kind.as_str()).collect();
            among(one, "resource of type", "types in use", kind.as_str(), kinds)
        }
    }
}

fn among(
    one: &Hypothesis,
    what: &str,
    several: &str,
    given: &str,
    mut names: Vec<&str>,
) -> Result<(), Failure> {
    if names.contains(&given) {
        return Ok(());
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let failure = wrong(one).because(format!("there is no {what} `{given}`"));
    Err(with_nearest(failure, given, names.iter().copied()).because(exist(several, &names)))
}

/// `the nodes are: n1, n2`.
pub(super) fn exist(several: &str, names: &[&str]) -> String {
    match names.len() {
        0 => format!("there are no {several}"),
        1..=NAMES_MAX => format!("the {several}: {}", names.join(", ")),
        more => {
            let listed = names[..NAMES_MAX].join(", ");
            format!("the {several}: {listed}, and {} more", more - NAMES_MAX)
        }
    }
}
