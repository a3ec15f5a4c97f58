//! What would be if something happened: a view, changed.
//!
//! Written as on the command line: `node:n1=down`, `resource:web/ip=failed` (or `resource:ip=failed`
//! where only one group has an `ip`), `type:ip-address@n2=broken`, `network:2=down` (or, of a node on it,
//! the address).

use crate::networks;
use crate::view::{Degree, Failure, NotReady, Standing, State, Takeover, View};
use model::desired::ClusterSpec;
use model::{GroupName, NodeName, ResourceName, TypeName};
use std::fmt;
use std::str::FromStr;

/// Something that could happen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hypothesis {
    /// A node is in this standing.
    Node(NodeName, Standing),
    /// A resource fails where it runs, as often as its policy puts up with.
    Resource(Option<GroupName>, ResourceName),
    /// A resource type cannot be run on a node, and what runs of it there fails.
    Type(TypeName, NodeName),
    /// A network carries nothing: its name, or a node's address on it.
    Network(String),
}

/// A text is no hypothesis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` says nothing that could happen: expected `node:N=down` (or `drained`, `paused`), \
     `resource:GROUP/NAME=failed`, `type:TYPE@NODE=broken` or `network:NAME=down`"
)]
pub struct InvalidHypothesis(String);

/// A hypothesis speaks of something that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownSubject {
    /// No such node.
    #[error("there is no node `{0}`; there are: {1}")]
    Node(NodeName, String),
    /// No such network.
    #[error("there is no network `{0}`; {1}")]
    Network(String, String),
    /// No such resource.
    #[error("no group has a resource `{0}`; `steadfast resource list` names them")]
    Resource(String),
    /// Several groups have a resource of that name.
    #[error("several groups have a resource `{0}`: say which, as {1}")]
    Ambiguous(ResourceName, String),
}

impl FromStr for Hypothesis {
    type Err = InvalidHypothesis;
    fn from_str(text: &str) -> Result<Self, InvalidHypothesis> {
        let read = || {
            let (kind, rest) = text.split_once(':')?;
            let (subject, becomes) = rest.rsplit_once('=')?;
            match (kind, becomes) {
                ("node", "down") => Some(Self::Node(subject.parse().ok()?, Standing::Down)),
                ("node", "drained") => Some(Self::Node(subject.parse().ok()?, Standing::Draining)),
                ("node", "paused") => Some(Self::Node(subject.parse().ok()?, Standing::Paused)),
                ("node", "up") => Some(Self::Node(subject.parse().ok()?, Standing::Up)),
                ("network", "down") => is_plain(subject).then(|| Self::Network(subject.to_owned())),
                ("resource", "failed") => match subject.split_once('/') {
                    Some((group, name)) => {
                        Some(Self::Resource(Some(group.parse().ok()?), name.parse().ok()?))
                    }
                    None => Some(Self::Resource(None, subject.parse().ok()?)),
                },
                ("type", "broken") => {
                    let (kind, node) = subject.rsplit_once('@')?;
                    Some(Self::Type(kind.parse().ok()?, node.parse().ok()?))
                }
                _ => None,
            }
        };
        read().ok_or_else(|| InvalidHypothesis(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Hypothesis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node, Standing::Draining) => write!(f, "node:{node}=drained"),
            Self::Node(node, Standing::Paused) => write!(f, "node:{node}=paused"),
            Self::Node(node, Standing::Up) => write!(f, "node:{node}=up"),
            Self::Node(node, _) => write!(f, "node:{node}=down"),
            Self::Resource(Some(group), name) => write!(f, "resource:{group}/{name}=failed"),
            Self::Resource(None, name) => write!(f, "resource:{name}=failed"),
            Self::Type(kind, node) => write!(f, "type:{kind}@{node}=broken"),
            Self::Network(name) => write!(f, "network:{name}=down"),
        }
    }
}

impl Hypothesis {
    /// Changes a view to what would be.
    ///
    /// # Errors
    /// [`UnknownSubject`]: there is no such node, resource or network.
    pub fn apply(&self, spec: &ClusterSpec, view: &mut View) -> Result<(), UnknownSubject> {
        match self {
            Self::Node(name, standing) => self::node(view, name, *standing),
            Self::Resource(group, name) => {
                let group = subject(spec, group.as_ref(), name)?;
                fail(spec, view, &group, name, None);
                Ok(())
            }
            Self::Type(kind, node) => broken(spec, view, kind, node),
            Self::Network(name) => network(view, name),
        }
    }
}

fn known(view: &View, name: &NodeName) -> Result<(), UnknownSubject> {
    if view.nodes.iter().any(|node| node.name == *name) {
        return Ok(());
    }
    let names: Vec<&str> = view.nodes.iter().map(|node| node.name.as_str()).collect();
    Err(UnknownSubject::Node(name.clone(), names.join(", ")))
}

/// Whether a text can be the name of a network, or an address.
fn is_plain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_');
    (1..=64).contains(&text.len()) && text.chars().all(is_plain)
}

fn network(view: &mut View, text: &str) -> Result<(), UnknownSubject> {
    let Some(name) = networks::named(view, text).map(str::to_owned) else {
        let names: Vec<&str> = networks::names(view).into_iter().collect();
        let there_are = match names.as_slice() {
            [] => "nothing is known of the nodes' networks".to_owned(),
            names => format!("there are: {}, or say a node's address on one", names.join(", ")),
        };
        return Err(UnknownSubject::Network(text.to_owned(), there_are));
    };
    networks::lose(view, &name);
    Ok(())
}

/// A node that goes down takes with it whatever it ran, once its leases have ended; what it may go on
/// running for ever stays held, as it would.
fn node(view: &mut View, name: &NodeName, standing: Standing) -> Result<(), UnknownSubject> {
    known(view, name)?;
    for node in view.nodes.iter_mut().filter(|node| node.name == *name) {
        node.standing = standing;
    }
    if standing == Standing::Down {
        for copy in view.groups.values_mut().flat_map(|group| &mut group.copies) {
            if copy.node == *name && copy.takeover == Takeover::Now {
                copy.promotion = None;
            }
        }
    }
    Ok(())
}

/// The group that a resource's name means.
fn subject(
    spec: &ClusterSpec,
    group: Option<&GroupName>,
    name: &ResourceName,
) -> Result<GroupName, UnknownSubject> {
    let has_it = spec.groups.iter().filter(|one| group.is_none_or(|group| one.name == *group));
    let has_it: Vec<&GroupName> = has_it
        .filter(|one| one.resources.iter().any(|resource| resource.name == *name))
        .map(|one| &one.name)
        .collect();
    match has_it.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            Err(UnknownSubject::Resource(group.map_or(name.to_string(), |group| format!("{group}/{name}"))))
        }
        several => {
            let paths: Vec<String> = several.iter().map(|group| format!("`{group}/{name}`")).collect();
            Err(UnknownSubject::Ambiguous(name.clone(), paths.join(" or ")))
        }
    }
}

/// A resource fails where it runs (only on one node, if so said), so often that its policy gives that
/// node up.
fn fail(
    spec: &ClusterSpec,
    view: &mut View,
    group: &GroupName,
    name: &ResourceName,
    only: Option<&NodeName>,
) {
    let Some(of_file) = spec.group(group) else { return };
    let policy = of_file.resources.iter().find(|one| one.name == *name).map(|one| &one.policy);
    let limit = policy.and_then(|policy| policy.restarts).or(of_file.policy.restarts);
    let put_up_with = limit.map_or(crate::problem::RESTARTS.max, |limit| limit.max);
    let now_ms = view.now.unix_ms;
    let Some(known) = view.groups.get_mut(group) else { return };
    let mut failed = Vec::new();
    for copy in known.copies.iter_mut().filter(|copy| only.is_none_or(|node| copy.node == *node)) {
        let state = copy.resources.entry(name.clone()).or_insert(State::Offline);
        if state.may_run() {
            *state = State::Failed;
            failed.push(copy.node.clone());
        }
    }
    for node in failed {
        let one = Failure { resource: name.clone(), node, at_ms: now_ms, at_start: false };
        known.failures.extend(std::iter::repeat_n(one, put_up_with as usize + 1));
    }
}

fn broken(
    spec: &ClusterSpec,
    view: &mut View,
    kind: &TypeName,
    node: &NodeName,
) -> Result<(), UnknownSubject> {
    known(view, node)?;
    for one in view.nodes.iter_mut().filter(|one| one.name == *node) {
        let reason = "supposed to be broken".to_owned();
        one.not_ready.push(NotReady { kind: kind.clone(), resource: None, reason, degree: Degree::Unable });
    }
    let of_type = spec.groups.iter().flat_map(|group| {
        group.resources.iter().filter(|one| one.kind == *kind).map(|one| (&group.name, &one.name))
    });
    for (group, name) in of_type {
        fail(spec, view, group, name, Some(node));
    }
    Ok(())
}
