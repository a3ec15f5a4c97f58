//! What `status --json` printed, read as the planner's view.
//!
//! Strict in one thing, its nodes: without them it is no status. Everything else may be missing (the
//! planner's defaults hold then) or unknown (it is left out), because the file may come from an older or
//! a newer version, and because whoever replays a case cuts out what is secret. What cannot be understood
//! is told, never guessed.

use crate::failure::Failure;
use model::desired::{ClusterSpec, GroupSpec};
use model::{GroupName, NodeName, ResourceName};
use planner::{CopyView, Degree, GroupView, NodeView, NotReady, Standing, State, Takeover, View};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// A status, as far as planning needs it.
#[derive(Debug, Deserialize)]
pub(super) struct Snapshot {
    /// The cluster's name.
    #[serde(default)]
    pub(super) cluster: Option<String>,
    /// When it was made.
    #[serde(default)]
    pub(super) as_of: Option<String>,
    nodes: Vec<Node>,
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Node {
    name: NodeName,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    lease_remaining_ms: Option<u64>,
    #[serde(default)]
    not_ready: Vec<Unready>,
    #[serde(default)]
    lowered: Vec<Unready>,
    #[serde(default)]
    networks: Vec<OnNetwork>,
}

/// Where a node is on a network. They have no names: the first of each node are the same one.
#[derive(Debug, Deserialize)]
struct OnNetwork {
    address: String,
}

#[derive(Debug, Deserialize)]
struct Unready {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    degree: api::Degree,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Group {
    name: String,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    owner: Option<NodeName>,
    #[serde(default)]
    resources: Option<Vec<Resource>>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    name: String,
    #[serde(default)]
    state: Option<String>,
}

/// Reads one; `name` is how the file is called.
pub(super) fn read(text: &str, name: &str) -> Result<Snapshot, Failure> {
    let wrong = || {
        Failure::new(format!("{name} is not what `steadfast status --json` prints"))
            .next("steadfast status --json > state.json, on a node")
    };
    let snapshot: Snapshot = serde_json::from_str(text).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let why = error.to_string();
        wrong().because(format!(
            "{name}:{}:{}: {}",
            error.line(),
            error.column(),
            why.strip_suffix(&place).unwrap_or(&why)
        ))
    })?;
    let mut nodes = BTreeSet::new();
    if let Some(twice) = snapshot.nodes.iter().find(|node| !nodes.insert(&node.name)) {
        return Err(wrong().because(format!("it has two nodes named `{}`", twice.name)));
    }
    let mut groups = BTreeSet::new();
    if let Some(twice) = snapshot.groups.iter().find(|group| !groups.insert(&group.name)) {
        return Err(wrong().because(format!("it has two groups named `{}`", twice.name)));
    }
    Ok(snapshot)
}

impl Snapshot {
    /// What is known, at the moment `as_of_ms`, with a sentence for everything that was not understood.
    pub(super) fn view(&self, spec: &ClusterSpec, as_of_ms: u64) -> (View, Vec<String>) {
        let mut notes = Vec::new();
        let nodes = self.nodes.iter().map(|node| NodeView {
            standing: standing(node, &mut notes),
            not_ready: node
                .not_ready
                .iter()
                .chain(&node.lowered)
                .flat_map(|one| not_ready(one, spec))
                .collect(),
            networks: networks(node),
            ..NodeView::new(node.name.clone(), Standing::Up)
        });
        let nodes = nodes.collect();
        let mut groups = BTreeMap::new();
        for group in &self.groups {
            let name = group.name.parse::<GroupName>().ok().filter(|name| spec.group(name).is_some());
            let Some(name) = name else {
                let what = format!("group `{}` is not in the file: it is left out of the plan", group.name);
                notes.push(what);
                continue;
            };
            groups.insert(name.clone(), self.group(group, &name, spec, as_of_ms, &mut notes));
        }
        (View { nodes, groups, ..View::default() }, notes)
    }

    fn group(
        &self,
        group: &Group,
        name: &GroupName,
        spec: &ClusterSpec,
        as_of_ms: u64,
        notes: &mut Vec<String>,
    ) -> GroupView {
        let Some(owner) = &group.owner else { return GroupView::default() };
        let of_file = spec.group(name).map(|group| &*group.resources).unwrap_or_default();
        let mut resources: BTreeMap<ResourceName, State> = BTreeMap::new();
        match &group.resources {
            Some(shown) => {
                for one in shown {
                    let path = format!("{name}/{}", one.name);
                    match of_file.iter().find(|known| known.name.as_str() == one.name) {
                        Some(known) => {
                            resources.insert(known.name.clone(), state(one.state.as_deref(), &path, notes));
                        }
                        None => notes.push(format!("resource `{path}` is not in the file: it is left out")),
                    }
                }
            }
            // Nothing is said of any: then the group's own word holds for each.
            None => {
                let word = state(group.state.as_deref(), &group.name, notes);
                resources.extend(of_file.iter().map(|one| (one.name.clone(), word)));
            }
        }
        let node = self.nodes.iter().find(|node| node.name == *owner);
        let lease_ms = node.and_then(|node| node.lease_remaining_ms).filter(|lease_ms| *lease_ms > 0);
        let takeover =
            lease_ms.map_or(Takeover::Now, |lease_ms| Takeover::At(as_of_ms.saturating_add(lease_ms)));
        // A status names one owner and no roles: of a group with primaries, it is the primary.
        let primary = spec.group(name).is_some_and(GroupSpec::has_primaries)
            && resources.values().all(|state| state.serves());
        let promotion = primary.then_some(0);
        let copy = CopyView { node: owner.clone(), owned: true, takeover, primary, promotion, resources };
        GroupView { copies: vec![copy], ..GroupView::default() }
    }
}

fn standing(node: &Node, notes: &mut Vec<String>) -> Standing {
    match node.state.as_deref() {
        None | Some("up") => Standing::Up,
        Some("down") => Standing::Down,
        Some("joining") => Standing::Joining,
        Some("paused") => Standing::Paused,
        Some("draining") => Standing::Draining,
        Some("maintenance") => Standing::Maintenance,
        Some("isolated") => Standing::Isolated,
        Some(other) => {
            notes.push(format!("node {}: state `{other}` is not known here: taken as down", node.name));
            Standing::Down
        }
    }
}

/// The node's addresses, by the number of each network. One that cannot be read is on none.
fn networks(node: &Node) -> BTreeMap<String, IpAddr> {
    let address = |text: &str| {
        let endpoint = text.parse::<SocketAddr>().map(|endpoint| endpoint.ip());
        endpoint.ok().or_else(|| text.parse().ok())
    };
    let numbered = node.networks.iter().zip(1..);
    numbered
        .filter_map(|(one, number): (_, u32)| Some((number.to_string(), address(&one.address)?)))
        .collect()
}

/// The words that `status` has for resources, and those of which it may tell more one day.
fn state(word: Option<&str>, what: &str, notes: &mut Vec<String>) -> State {
    match word {
        None | Some("offline") => State::Offline,
        Some("online") => State::Online,
        Some("pending" | "starting") => State::Starting,
        Some("stopping") => State::Stopping,
        Some("changed") => State::Changed,
        Some("failed" | "partial") => State::Failed,
        Some("stop_failed" | "stop-failed") => State::StopFailed,
        Some("unknown") => State::Unknown,
        Some(other) => {
            notes.push(format!("{what}: state `{other}` is not known here: taken as unknown"));
            State::Unknown
        }
    }
}

fn degree(shown: api::Degree) -> Degree {
    match shown {
        api::Degree::Lowered => Degree::Lowered,
        api::Degree::NotReady => Degree::NotReady,
        api::Degree::Unable => Degree::Unable,
    }
}

/// The status names a resource by its name, and mostly its group too; the planner always both.
fn not_ready(one: &Unready, spec: &ClusterSpec) -> Vec<NotReady> {
    let Ok(kind) = one.kind.parse::<model::TypeName>() else { return Vec::new() };
    let degree = degree(one.degree);
    let of = |resource| NotReady { kind: kind.clone(), resource, reason: one.reason.clone(), degree };
    let Some(name) = &one.resource else { return vec![of(None)] };
    if let Some(group) = &one.group {
        return vec![of(Some(format!("{group}/{name}")))];
    }
    let named = spec.groups.iter().flat_map(|group| {
        let path = |of: &model::desired::ResourceSpec| format!("{}/{}", group.name, of.name);
        group.resources.iter().map(move |of| (of, path(of)))
    });
    let meant = named.filter(|(of, path)| of.kind == kind && (of.name.as_str() == name || path == name));
    meant.map(|(_, path)| of(Some(path))).collect()
}
