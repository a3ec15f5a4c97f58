//! Views of a cluster: some as one expects them, and some that are older or newer than the file, or speak
//! of several owners, of strangers, and of what cannot be.

use super::draw::Draw;
use super::file::{TYPES, attributes, name, name_of_type};
use model::desired::{ClusterSpec, Day, GroupSpec};
use model::{NodeName, ResourceName};
use planner::{
    CopyView, Degree, Failure, GroupView, NodeView, NotReady, Now, Standing, State, Takeover, View,
};
use std::collections::BTreeMap;

/// The moment.
const NOW_MS: u64 = 100_000_000;

/// What is known.
pub(super) fn view(draw: &mut Draw<'_>, spec: &ClusterSpec) -> View {
    let now = Now {
        unix_ms: NOW_MS,
        hour: draw.below(24) as u8,
        day: Day::ALL[draw.below(Day::ALL.len())],
        ..Now::default()
    };
    let names: Vec<NodeName> = (1..=1 + draw.below(4)).map(|number| name("n", number)).collect();
    let nodes = names.iter().map(|name| node(draw, name)).collect();
    let mut view = View { now, nodes, groups: BTreeMap::new() };
    for spec in &spec.groups {
        if !draw.one_in(5) {
            view.groups.insert(spec.name.clone(), group(draw, spec, &names));
        }
    }
    if let Some(first) = spec.groups.first().filter(|_| draw.one_in(10)) {
        // One that the file does not have any more.
        view.groups.insert(name("gone", 1), group(draw, first, &names));
    }
    view
}

fn node(draw: &mut Draw<'_>, name: &NodeName) -> NodeView {
    use Standing::{Down, Draining, Isolated, Joining, Maintenance, Paused, Up};
    let standings = [Up, Up, Up, Up, Up, Up, Down, Down, Paused, Draining, Maintenance, Joining, Isolated];
    let not_ready = |draw: &mut Draw<'_>| NotReady {
        kind: name_of_type(draw.below(TYPES.len())),
        resource: draw.perhaps(2, |draw| format!("g{}/r{}", draw.below(6), draw.below(3))),
        reason: "it is broken".to_owned(),
        degree: [Degree::Unable, Degree::NotReady, Degree::Lowered][draw.below(3)],
    };
    NodeView {
        standing: standings[draw.below(standings.len())],
        not_ready: draw.perhaps(8, not_ready).into_iter().collect(),
        attributes: attributes(draw),
        ..NodeView::new(name.clone(), Standing::Up)
    }
}

fn group(draw: &mut Draw<'_>, spec: &GroupSpec, nodes: &[NodeName]) -> GroupView {
    let mut known = GroupView {
        wanted_offline: draw.one_in(12),
        maintenance: draw.one_in(20),
        asked: draw.perhaps(8, |draw| name("n", 1 + draw.below(5))),
        ..GroupView::default()
    };
    let all = spec.policy.clones.is_some();
    let first = draw.below(nodes.len() + 1);
    for (place, node) in nodes.iter().enumerate() {
        if place + 1 == first || draw.one_in(if all { 2 } else { 8 }) {
            known.copies.push(copy(draw, spec, node));
        }
    }
    if draw.one_in(20) {
        // A node that is no member any more.
        known.copies.push(copy(draw, spec, &name("n", 9)));
    }
    for _ in 0..draw.below(6).saturating_sub(2) {
        let resource: ResourceName = name("r", draw.below(4));
        let one = Failure {
            resource,
            node: name("n", 1 + draw.below(5)),
            at_ms: NOW_MS.saturating_add_signed([-1_000, 0, -100_000_000, 1_000][draw.below(4)]),
            at_start: draw.one_in(3),
        };
        known.failures.extend(std::iter::repeat_n(one, 1 + draw.below(5)));
    }
    known.failovers = vec![NOW_MS - 1_000; draw.below(8).saturating_sub(5)];
    known
}

fn copy(draw: &mut Draw<'_>, spec: &GroupSpec, node: &NodeName) -> CopyView {
    use State::{Changed, Failed, Offline, Online, Starting, StopFailed, Stopping, Unknown};
    let states = [Online, Online, Offline, Starting, Changed, Stopping, Failed, StopFailed, Unknown];
    let well = !draw.one_in(3);
    let mut resources = BTreeMap::new();
    for one in &spec.resources {
        let state = if well { Online } else { states[draw.below(states.len())] };
        resources.insert(one.name.clone(), state);
    }
    if draw.one_in(10) {
        resources.insert(name("stranger", 1), states[draw.below(states.len())]);
    }
    CopyView {
        node: node.clone(),
        owned: !draw.one_in(8),
        takeover: match draw.below(6) {
            3 => Takeover::At(NOW_MS + 5_000),
            4 => Takeover::At(NOW_MS - 5_000),
            5 => Takeover::Never("nobody knows".to_owned()),
            _ => Takeover::Now,
        },
        primary: spec.policy.clones.is_some_and(|clones| clones.primaries > 0) && draw.one_in(2),
        promotion: draw.perhaps(2, |draw| [100, 0, -1, i32::MAX][draw.below(4)]),
        resources,
    }
}
