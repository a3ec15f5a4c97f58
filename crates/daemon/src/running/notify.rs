//! Copies of a service with roles hear of each other, as OCF's `notify` has it.
//!
//! A replica of a database may have to do something when another copy becomes the primary, or is it no more.
//! Where the agent has `notify`:
//!
//! * before a copy is promoted or demoted, all copies that run are told, and waited for, each for as long as its
//!   agent asks for, at most [`PATIENCE`];
//! * after a copy was promoted, demoted, started or stopped, all that run are told, and nobody waits.
//!
//! Nothing waits before a start or a stop: a stop may be all that keeps two copies from having effects. What an
//! agent answers changes nothing. And each action of a copy is told how the others are: the lists that Pacemaker
//! gives, by its names, with a space for an empty one.
//!
//! What is known of the others is the database's word and who is heard from. A node that is lost tells nobody
//! that its copies have ended; agents that have to know look at the cluster (`crm_mon`) with their next look.

use crate::clock;
use crate::node::Node;
use crate::peer::paths;
use model::desired::GroupSpec;
use model::stored::ClusterState;
use model::{NodeId, NodeName, TypeName};
use resource_api::{Outcome, ResourceId, Verb};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long any copy is waited for at most: a promotion that waits for one that hangs is an outage.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at whether a node that is waited for is still there.
const LOOK: Duration = Duration::from_millis(100);

/// Something that happens to a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Happens {
    /// To which resource.
    pub(crate) id: ResourceId,
    /// On which node.
    pub(crate) node: NodeName,
    /// What.
    pub(crate) verb: Verb,
    /// It is over; otherwise it is about to begin.
    pub(crate) done: bool,
}

/// Asks a monitor for something, and tells the copies of what has roles.
pub(super) async fn call(
    node: &Arc<Node>,
    id: &ResourceId,
    verb: Verb,
    within: Duration,
    mut arguments: BTreeMap<String, String>,
) -> Outcome {
    let began = Instant::now();
    let happens = |done| Happens { id: id.clone(), node: node.name().clone(), verb, done };
    let state = node.state();
    if kind(&state, id).is_none() || action(verb).is_none() {
        return node.monitors.call(id, verb, within, arguments).await;
    }
    arguments.extend(lists(node, &state, &happens(false)));
    drop(state);
    if matches!(verb, Verb::Promote | Verb::Demote) {
        tell(node, happens(false), within.min(PATIENCE)).await;
    }
    let left = within.saturating_sub(began.elapsed());
    let outcome = node.monitors.call(id, verb, left, arguments).await;
    if outcome.is_good() {
        let (node, happens) = (node.clone(), happens(true));
        tokio::spawn(async move { tell(&node, happens, PATIENCE).await });
    }
    outcome
}

/// Tells all nodes that are up, this one too; waits until all have answered.
async fn tell(node: &Arc<Node>, happens: Happens, limit: Duration) {
    let up = node.others().into_iter().filter(|other| node.is_up(other.id));
    let others = futures::future::join_all(up.map(|other| tell_one(node, other.id, &happens, limit)));
    tokio::join!(others, heard(node, happens.clone(), limit));
}

/// One that falls silent meanwhile is not waited for any longer.
async fn tell_one(node: &Node, whom: NodeId, happens: &Happens, limit: Duration) {
    let is_gone = async {
        while node.is_up(whom) {
            clock::beat(LOOK).await;
        }
    };
    tokio::select! {
        answer = node.call_json::<()>(whom, paths::NOTIFY, happens, limit) => {
            if let Err(why) = answer {
                tracing::debug!(?happens, %why, "not told");
            }
        }
        () = is_gone => tracing::debug!(?happens, "not told: the node is gone"),
    }
}

/// Something happens to a copy: the one here is told, if it runs.
pub(crate) async fn heard(node: &Arc<Node>, happens: Happens, limit: Duration) {
    let id = &happens.id;
    let state = node.state();
    let Some(kind) = kind(&state, id) else { return };
    let runs = node.running.report(0).is_some_and(|report| {
        let copy = report.groups.get(&id.group).and_then(|copy| copy.resources.get(&id.resource));
        copy.is_some_and(|one| one.state.serves())
    });
    if !runs {
        return;
    }
    let Ok(said) = node.monitors.describe(&kind).await else { return };
    let Some(wanted) = said.verbs.get(&Verb::Notify) else { return };
    let within = wanted.map_or(limit, |ms| Duration::from_millis(ms).min(limit));
    let arguments = lists(node, &state, &happens);
    let outcome = node.monitors.call(id, Verb::Notify, within, arguments).await;
    tracing::debug!(?happens, %outcome, "told");
}

/// The type of a resource whose copies have roles and hear of each other: an agent.
fn kind(state: &ClusterState, id: &ResourceId) -> Option<TypeName> {
    let group = state.spec.group(&id.group).filter(|group| group.has_primaries())?;
    let one = group.resources.iter().find(|one| one.name == id.resource)?;
    one.kind.as_str().starts_with("ocf:").then(|| one.kind.clone())
}

/// What agents call it; nothing: others do not hear of it.
fn action(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Online => Some("start"),
        Verb::Offline => Some("stop"),
        Verb::Promote => Some("promote"),
        Verb::Demote => Some("demote"),
        _ => None,
    }
}

/// How all copies are, as an agent finds it.
fn lists(node: &Node, state: &ClusterState, happens: &Happens) -> BTreeMap<String, String> {
    let Some(group) = state.spec.group(&happens.id.group) else { return BTreeMap::new() };
    let (primaries, replicas) = copies(node, state, group, happens);
    told(happens, &primaries, &replicas)
}

/// The names of the nodes with a primary, and of those with a replica, before it happens.
fn copies(
    node: &Node,
    state: &ClusterState,
    group: &GroupSpec,
    happens: &Happens,
) -> (Vec<String>, Vec<String>) {
    let mut lists = (Vec::new(), Vec::new());
    let record = state.groups.get(&group.name);
    for (id, copy) in record.into_iter().flat_map(|record| &record.copies) {
        let Some(member) = state.nodes.get(id).filter(|_| node.is_up(*id) || node.id() == Some(*id)) else {
            continue;
        };
        let is_it = member.name == happens.node;
        let was_primary = match happens.verb {
            Verb::Promote if is_it => false,
            Verb::Demote if is_it => true,
            // What is being started is not there yet.
            Verb::Online if is_it => continue,
            _ => copy.primary,
        };
        let list = if was_primary { &mut lists.0 } else { &mut lists.1 };
        list.push(member.name.to_string());
    }
    lists
}

fn told(happens: &Happens, primaries: &[String], replicas: &[String]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut put = |name: &str, value: String| {
        let value = if value.is_empty() { " ".to_owned() } else { value };
        all.insert(format!("notify_{name}"), value);
    };
    let name = happens.id.agent_name();
    let active: Vec<String> = primaries.iter().chain(replicas).cloned().collect();
    let whom = [
        ("active", &active[..]),
        ("promoted", primaries),
        ("master", primaries),
        ("unpromoted", replicas),
        ("slave", replicas),
    ];
    for (list, nodes) in whom {
        put(&format!("{list}_uname"), nodes.join(" "));
        put(&format!("{list}_resource"), vec![name.as_str(); nodes.len()].join(" "));
    }
    for verb in [Verb::Online, Verb::Offline, Verb::Promote, Verb::Demote] {
        let Some(word) = action(verb) else { continue };
        let is_it = verb == happens.verb;
        put(&format!("{word}_uname"), if is_it { happens.node.to_string() } else { String::new() });
        put(&format!("{word}_resource"), if is_it { name.clone() } else { String::new() });
    }
    put("type", if happens.done { "post" } else { "pre" }.to_owned());
    put("operation", action(happens.verb).unwrap_or_default().to_owned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_finds_pacemakers_lists_with_a_space_for_what_is_empty() {
        let id = ResourceId { group: "db".parse().unwrap(), resource: "data".parse().unwrap() };
        let happens = Happens { id, node: "n2".parse().unwrap(), verb: Verb::Promote, done: false };
        let all = told(&happens, &[], &["n1".to_owned(), "n2".to_owned()]);
        let is = |name: &str, value: &str| assert_eq!(all[&format!("notify_{name}")], value, "{name}");
        is("type", "pre");
        is("operation", "promote");
        is("promote_uname", "n2");
        is("promote_resource", "db.data");
        is("master_uname", " ");
        is("promoted_uname", " ");
        is("slave_uname", "n1 n2");
        is("unpromoted_resource", "db.data db.data");
        is("demote_uname", " ");
    }
}
