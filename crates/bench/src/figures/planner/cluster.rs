//! Large clusters to plan: the file, and what is known of them.
//!
//! Groups of four dummies, each of which needs the one before it. `rich` ones also say where they would
//! rather be, with whom, after whom, and how much they use, in a mixture that is always the same.

use model::desired::{AnyOf, ClusterSpec, Exclusive, GroupPolicy, GroupSpec, NodeSpec, ResourceSpec};
use model::{GroupName, NodeName};
use planner::hypothesis::Hypothesis;
use planner::{CopyView, GroupView, NodeView, Now, Standing, State, Takeover, View};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// Resources of each group.
pub(super) const OF_GROUP: usize = 4;
/// What a group uses of a node's memory, if it says so.
const USES: u64 = 10;

/// A file, and what is known.
pub(super) struct Cluster {
    pub(super) spec: ClusterSpec,
    pub(super) view: View,
}

impl Cluster {
    /// So many nodes and groups, of which nothing runs yet.
    pub(super) fn cold(nodes: usize, groups: usize, rich: bool) -> Self {
        // Half as much again as is used, so that not everybody who prefers one node finds room there.
        let capacity = USES * (groups / nodes / 2 + 1) as u64;
        let of_node = |number: usize| NodeSpec {
            name: node(number),
            failure_domain: None,
            attributes: BTreeMap::new(),
            capacity: BTreeMap::from([("memory".to_owned(), capacity)]),
        };
        let spec = ClusterSpec {
            nodes: (0..nodes).filter(|_| rich).map(of_node).collect(),
            groups: (0..groups).map(|number| group(number, nodes, rich)).collect(),
            ..ClusterSpec::default()
        };
        let up = |number: usize| NodeView::new(node(number), Standing::Up);
        let now = Now { unix_ms: 1_700_000_000_000, ..Now::default() };
        let view = View { now, nodes: (0..nodes).map(up).collect(), groups: BTreeMap::new() };
        Self { spec, view }
    }

    /// The same, on nodes that have not even room for all: somebody finds no place, and everybody who came
    /// before might have to go elsewhere for him.
    pub(super) fn too_small(nodes: usize, groups: usize) -> Self {
        let mut cluster = Self::cold(nodes, groups, true);
        for capacity in cluster.spec.nodes.iter_mut().flat_map(|node| node.capacity.values_mut()) {
            *capacity = *capacity * 6 / 10;
        }
        cluster
    }

    /// The same, with everything online where it rests: on the nodes in turn, which is where those that
    /// prefer a node prefer to be, and keeps apart what is never together.
    pub(super) fn placed(nodes: usize, groups: usize, rich: bool) -> Self {
        let mut cluster = Self::cold(nodes, groups, rich);
        for (number, group) in cluster.spec.groups.iter().enumerate() {
            let copy = CopyView {
                node: node(at(number, rich) % nodes),
                owned: true,
                takeover: Takeover::Now,
                primary: false,
                promotion: None,
                resources: group.resources.iter().map(|one| (one.name.clone(), State::Online)).collect(),
            };
            let known = GroupView { copies: vec![copy], ..GroupView::default() };
            cluster.view.groups.insert(group.name.clone(), known);
        }
        cluster
    }

    /// The same, and something happened.
    pub(super) fn after(&self, what: &Hypothesis) -> View {
        let mut view = self.view.clone();
        // Only names of this very cluster are supposed anything of.
        let _ = what.apply(&self.spec, &mut view);
        view
    }

    /// The first node is lost.
    pub(super) fn lose_a_node(&mut self) {
        let _ = lost(0).apply(&self.spec, &mut self.view);
    }
}

/// A node is lost.
pub(super) fn lost(number: usize) -> Hypothesis {
    Hypothesis::Node(node(number), Standing::Down)
}

/// The number of the node where a group rests: one that runs with its neighbour is where that is.
pub(super) fn at(number: usize, rich: bool) -> usize {
    if rich && number % 10 == 7 { number - 1 } else { number }
}

/// A group. Everything that it says of others, it says of its nearest neighbours by number: so each
/// constraint can be kept, and none of them forms a knot that a real file would not have.
fn group(number: usize, nodes: usize, rich: bool) -> GroupSpec {
    let before: GroupName = named("g", number.saturating_sub(1));
    let mut policy = GroupPolicy::default();
    let mut group = GroupSpec {
        name: named("g", number),
        description: None,
        preferred_owners: Vec::new(),
        possible_owners: Vec::new(),
        anti_affinity: Vec::new(),
        failback: model::desired::Failback::Never,
        policy: GroupPolicy::default(),
        resources: (0..OF_GROUP).map(resource).collect(),
    };
    if !rich {
        return group;
    }
    if (number / nodes).is_multiple_of(2) {
        group.preferred_owners = vec![node(number % nodes), node((number + 1) % nodes)];
    }
    match number % 10 {
        1 => group.anti_affinity = vec![before],
        3 => policy.never_with = vec![model::desired::Target { group: before, primary: false }],
        5 => policy.start_after = vec![AnyOf::One(model::desired::Target { group: before, primary: false })],
        7 => policy.runs_with = vec![model::desired::Target { group: before, primary: false }],
        _ => {}
    }
    if number.is_multiple_of(3) {
        policy.uses = BTreeMap::from([("memory".to_owned(), USES)]);
    }
    group.policy = policy;
    group
}

fn resource(number: usize) -> ResourceSpec {
    ResourceSpec {
        name: named("r", number),
        kind: named("dummy", ""),
        depends_on: number.checked_sub(1).map(|before| AnyOf::One(named("r", before))).into_iter().collect(),
        exclusive: Exclusive::None,
        policy: model::desired::ResourcePolicy::default(),
        parameters: BTreeMap::new(),
    }
}

/// A node's name.
pub(super) fn node(number: usize) -> NodeName {
    named("n", number)
}

fn named<T: FromStr>(kind: &str, number: impl Display) -> T {
    let name = format!("{kind}{number}");
    name.parse().unwrap_or_else(|_| panic!("{name} is a name of any kind"))
}
