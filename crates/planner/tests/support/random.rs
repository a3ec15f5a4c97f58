//! Random clusters: a file that could be applied, and what is known of it.

use super::known::NOW_MS;
use model::desired::{
    AnyOf, Clones, ClusterSpec, Exclusive, Failback, GroupPolicy, GroupSpec, Limit, NodeSpec, OnFail, Place,
    ResourcePolicy, ResourceSpec, Target,
};
use planner::{
    CopyView, Degree, Failure, GroupView, NodeView, NotReady, Now, Standing, State, Takeover, View,
};
use std::collections::BTreeMap;

/// A stream of numbers that a seed decides (SplitMix64, Vigna 2015).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// True once in so many times.
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// What may be in a random cluster.
#[derive(Clone, Copy)]
pub struct Kind {
    pub nodes_max: usize,
    pub groups_max: usize,
    /// Something runs already, some of it badly.
    pub runs: bool,
    /// Groups that need, follow or like each other, clones, primaries.
    pub relations: bool,
}

/// A file.
pub fn spec(dice: &mut Dice, kind: Kind) -> ClusterSpec {
    let nodes = 1 + dice.below(kind.nodes_max);
    let groups = 1 + dice.below(kind.groups_max);
    let limited = dice.one_in(2);
    let names: Vec<model::NodeName> = (1..=nodes).map(|n| format!("n{n}").parse().unwrap()).collect();
    let nodes = names
        .iter()
        .map(|name| NodeSpec {
            name: name.clone(),
            failure_domain: dice.one_in(2).then(|| format!("d{}", 1 + dice.below(2)).parse().unwrap()),
            attributes: BTreeMap::new(),
            capacity: match limited && !dice.one_in(4) {
                true => BTreeMap::from([("memory".to_owned(), 4 + dice.below(8) as u64)]),
                false => BTreeMap::new(),
            },
        })
        .collect();
    let mut spec = ClusterSpec { nodes, ..ClusterSpec::default() };
    for number in 0..groups {
        let group = group(dice, kind, &names, &spec.groups, number, limited);
        spec.groups.push(group);
    }
    if kind.relations && dice.one_in(3) {
        wish_in_circles(dice, &mut spec.groups);
    }
    if kind.relations && dice.one_in(5) && groups > 1 {
        spec.one_at_a_time = vec![spec.groups.iter().map(|group| group.name.clone()).collect()];
    }
    spec
}

/// Wishes may go in circles, and so may also be about a group that comes later in the file.
fn wish_in_circles(dice: &mut Dice, groups: &mut [GroupSpec]) {
    for place in 0..groups.len() {
        let other = groups[dice.below(groups.len())].name.clone();
        let policy = &mut groups[place].policy;
        match dice.below(4) {
            _ if groups[place].name == other => {}
            0 => drop(
                policy.near.insert(Target { group: other, primary: false }, dice.below(200) as i32 - 100),
            ),
            1 => policy.prefer_after = vec![other],
            2 if !groups[place].anti_affinity.contains(&other) => groups[place].anti_affinity.push(other),
            _ => {}
        }
    }
}

fn group(
    dice: &mut Dice,
    kind: Kind,
    nodes: &[model::NodeName],
    before: &[GroupSpec],
    number: usize,
    limited: bool,
) -> GroupSpec {
    let some = |dice: &mut Dice| -> Vec<model::NodeName> {
        nodes.iter().filter(|_| !dice.one_in(3)).cloned().collect()
    };
    let mut policy = GroupPolicy::default();
    if dice.one_in(3) {
        policy.priority = dice.below(3) as i32;
    }
    if limited {
        policy.uses = BTreeMap::from([("memory".to_owned(), 1 + dice.below(6) as u64)]);
    }
    if dice.one_in(3) {
        policy.scores = BTreeMap::from([(dice.pick(nodes).clone(), dice.below(200) as i32 - 100)]);
    }
    if dice.one_in(4) {
        policy.stickiness = dice.below(100) as i32;
    }
    if dice.one_in(6) {
        policy.restarts = Some(Limit { max: dice.below(2) as u32, within_ms: 900_000 });
    }
    let target = |dice: &mut Dice| {
        let other: &GroupSpec = dice.pick(before);
        let primary = other.policy.clones.is_some_and(|clones| clones.primaries > 0) && dice.one_in(2);
        Target { group: other.name.clone(), primary }
    };
    if !before.is_empty() && dice.one_in(4) {
        policy.never_with = vec![target(dice)];
        if dice.one_in(4) {
            policy.apart_by = Place::FailureDomain;
        }
    }
    if kind.relations && !before.is_empty() {
        if dice.one_in(4) && policy.never_with.is_empty() {
            policy.runs_with = vec![target(dice)];
        }
        if dice.one_in(4) {
            policy.start_after = vec![match dice.one_in(2) {
                true => AnyOf::One(target(dice)),
                false => AnyOf::Any(vec![target(dice), target(dice)]),
            }];
        }
        if dice.one_in(4) {
            policy.near = BTreeMap::from([(target(dice), dice.below(200) as i32 - 100)]);
        }
        if dice.one_in(6) {
            policy.prefer_after = vec![target(dice).group];
        }
    }
    if kind.relations && dice.one_in(5) {
        policy.clones = Some(Clones {
            max: dice.one_in(2).then(|| 1 + dice.below(3) as u32),
            min: 1,
            interleave: dice.one_in(2),
            one_by_one: dice.one_in(3),
            primaries: dice.below(2) as u32,
        });
    }
    let resources = 1 + dice.below(3);
    let mut group = GroupSpec {
        name: format!("g{number}").parse().unwrap(),
        description: None,
        preferred_owners: if dice.one_in(3) { some(dice) } else { Vec::new() },
        possible_owners: if dice.one_in(3) { some(dice) } else { Vec::new() },
        anti_affinity: match kind.relations && !before.is_empty() && dice.one_in(5) {
            true => vec![dice.pick(before).name.clone()],
            false => Vec::new(),
        },
        failback: *dice.pick(&[Failback::Never, Failback::Never, Failback::Immediate]),
        policy,
        resources: Vec::new(),
    };
    for place in 0..resources {
        let earlier: Vec<model::ResourceName> = group.resources.iter().map(|one| one.name.clone()).collect();
        let one = resource(dice, place, &earlier);
        group.resources.push(one);
    }
    group
}

fn resource(dice: &mut Dice, place: usize, earlier: &[model::ResourceName]) -> ResourceSpec {
    let depends_on = match (earlier, dice.below(4)) {
        ([], _) | (_, 0) => Vec::new(),
        (earlier, 1) => vec![AnyOf::Any(earlier.to_vec())],
        (earlier, _) => vec![AnyOf::One(dice.pick(earlier).clone())],
    };
    let on_fail = match dice.below(12) {
        0 => OnFail::Failover,
        1 => OnFail::Ignore,
        2 => OnFail::Stop,
        3 => OnFail::Block,
        4 => OnFail::Drain,
        _ => OnFail::Restart,
    };
    ResourceSpec {
        name: format!("r{place}").parse().unwrap(),
        kind: dice.pick(&["dummy", "process", "ocf:heartbeat:Dummy"]).parse().unwrap(),
        depends_on,
        exclusive: Exclusive::None,
        policy: ResourcePolicy {
            on_fail,
            optional: dice.one_in(12),
            unmanaged: dice.one_in(25),
            ..ResourcePolicy::default()
        },
        parameters: BTreeMap::new(),
    }
}

/// What is known.
pub fn view(dice: &mut Dice, spec: &ClusterSpec, kind: Kind) -> View {
    let nodes = spec.nodes.iter().map(|node| NodeView {
        standing: match dice.below(10) {
            0 => Standing::Down,
            1 => *dice.pick(&[
                Standing::Draining,
                Standing::Paused,
                Standing::Isolated,
                Standing::Maintenance,
                Standing::Joining,
            ]),
            _ => Standing::Up,
        },
        not_ready: match dice.one_in(8) {
            true => vec![NotReady {
                kind: dice.pick(&["dummy", "process"]).parse().unwrap(),
                resource: None,
                reason: "broken".to_owned(),
                degree: *dice.pick(&[Degree::Unable, Degree::NotReady, Degree::NotReady, Degree::Lowered]),
            }],
            false => Vec::new(),
        },
        ..NodeView::new(node.name.clone(), Standing::Up)
    });
    let mut view = View {
        now: Now { unix_ms: NOW_MS, hour: 12, ..Now::default() },
        nodes: nodes.collect(),
        groups: BTreeMap::new(),
    };
    if kind.runs {
        for group in &spec.groups {
            let known = known(dice, spec, group);
            view.groups.insert(group.name.clone(), known);
        }
    }
    view
}

fn known(dice: &mut Dice, spec: &ClusterSpec, group: &GroupSpec) -> GroupView {
    let mut known = GroupView {
        wanted_offline: dice.one_in(15),
        maintenance: dice.one_in(20),
        asked: dice.one_in(15).then(|| dice.pick(&spec.nodes).name.clone()),
        ..GroupView::default()
    };
    let copies = match (&group.policy.clones, dice.below(5)) {
        (_, 0) => 0,
        (Some(_), more) => more.min(spec.nodes.len()),
        (None, 4) if spec.nodes.len() > 1 && dice.one_in(5) => 2,
        (None, _) => 1,
    };
    let first = dice.below(spec.nodes.len());
    let primaries = group.policy.clones.map_or(0, |clones| clones.primaries as usize);
    for place in 0..copies {
        let node = spec.nodes[(first + place) % spec.nodes.len()].name.clone();
        let resources = group.resources.iter().map(|one| {
            let state = match dice.below(20) {
                0 => State::Offline,
                1 => State::Failed,
                2 => State::Changed,
                3 => State::Starting,
                4 => State::Stopping,
                5 if dice.one_in(3) => State::StopFailed,
                _ => State::Online,
            };
            (one.name.clone(), state)
        });
        let resources: BTreeMap<_, _> = resources.collect();
        for (name, state) in &resources {
            if *state == State::Failed {
                let one = Failure {
                    resource: name.clone(),
                    node: node.clone(),
                    at_ms: NOW_MS - 1000,
                    at_start: dice.one_in(3),
                };
                let times = 1 + dice.below(5);
                known.failures.extend(std::iter::repeat_n(one, times));
            }
        }
        known.copies.push(CopyView {
            node,
            owned: group.policy.clones.is_some() || place == 0,
            takeover: match dice.below(6) {
                0 => Takeover::Never("nothing guards it".to_owned()),
                1 => Takeover::At(NOW_MS + 2000),
                _ => Takeover::Now,
            },
            primary: place < primaries && dice.one_in(2),
            promotion: (primaries > 0 && !dice.one_in(3)).then(|| dice.below(100) as i32),
            resources,
        });
    }
    known
}
