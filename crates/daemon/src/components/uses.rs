//! What resources were seen to use: files that no reading of programs and scripts tells of.
//!
//! A server loads modules while it runs, and a script makes up names. What was seen on one node is looked after on
//! all: it is in the database, and part of what a baseline is made of.

use super::Known;
use crate::node::Node;
use api::Problem;
use closure::Root;
use model::AbsolutePath;
use model::stored::{Actor, Baseline, ClusterState, Command};
use std::collections::{BTreeMap, BTreeSet};

/// So many files of one kind of resource are kept (the database's bound).
const USES_MAX: usize = 1_024;

/// What is known of it, besides what is found by reading.
pub(super) fn add_known(subjects: &mut BTreeMap<String, Vec<Root>>, state: &ClusterState) {
    for (name, roots) in subjects {
        let known = state.uses.get(name).into_iter().flat_map(|files| files.iter());
        roots.extend(known.map(|path| Root::Used(path.to_path_buf())));
    }
}

/// What a resource of this type with these parameters stands on is called so.
///
/// # Errors
/// It is no resource.
pub(crate) fn subject(
    kind: &str,
    parameters: &serde_json::Map<String, serde_json::Value>,
) -> Result<String, String> {
    let resource = serde_json::json!({
        "name": "used", "type": kind, "exclusive": "none", "parameters": parameters,
    });
    let group = serde_json::json!({ "groups": [{ "name": "used", "resources": [resource] }] });
    let spec = serde_json::from_value(group).map_err(|error| error.to_string())?;
    let node = "any".parse().map_err(|error: model::names::InvalidName| error.to_string())?;
    let found = super::subjects::of(&spec, &node, std::path::Path::new("/"));
    found.resources.into_values().next().ok_or_else(|| format!("a {kind} stands on no files of its own"))
}

/// Tells what is new of it.
///
/// # Errors
/// It cannot be written now.
pub(super) async fn tell(node: &Node, known: &Known) -> Result<(), Problem> {
    for (subject, files) in &known.used {
        record(node, Actor::Node(node.name().clone()), subject, files.clone()).await?;
    }
    Ok(())
}

/// Adds these files to what a subject is known to use.
///
/// # Errors
/// It cannot be written now.
pub(crate) async fn record(
    node: &Node,
    actor: Actor,
    subject: &str,
    files: BTreeSet<AbsolutePath>,
) -> Result<(), Problem> {
    let state = node.state();
    let before = state.uses.get(subject);
    let mut all: BTreeSet<AbsolutePath> = before.map(|files| (**files).clone()).unwrap_or_default();
    let count = all.len();
    all.extend(files);
    if all.len() > USES_MAX {
        // What former versions had.
        all.retain(|path| path.as_path().exists());
        all = all.into_iter().take(USES_MAX).collect();
    }
    if before.map_or(all.is_empty(), |before| **before == all) || all.len() == count {
        return Ok(());
    }
    node.write(actor, Command::RecordUse { subject: subject.to_owned(), files: all }).await.map(drop)
}

/// Forgets what no node has any more, now that somebody has validated what they have.
pub(crate) async fn forget_gone(node: &Node, actor: &Actor, baseline: &Baseline) {
    for (subject, files) in node.state().uses.clone() {
        let there = |path: &&AbsolutePath| baseline.components.contains_key(*path);
        let left: BTreeSet<AbsolutePath> = files.iter().filter(there).cloned().collect();
        if left.len() == files.len() {
            continue;
        }
        if let Err(error) = node.write(actor.clone(), Command::RecordUse { subject, files: left }).await {
            // It is looked for in vain until the next baseline.
            tracing::debug!(%error, "what is not there any more was not forgotten");
        }
    }
}
