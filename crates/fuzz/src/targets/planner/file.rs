//! Declarative files that could be applied, or, if they are `wild`, contradict themselves in ways that
//! are refused at `apply`: circles of groups and resources.

use super::draw::Draw;
use model::desired::{
    AnyOf, Clones, ClusterSpec, Condition, Effect, Exclusive, Failback, FoundTwice, GroupPolicy, GroupSpec,
    Limit, NodeSpec, OnFail, Place, ResourcePolicy, ResourceSpec, Rule, Target, When,
};
use model::{GroupName, NodeName, ResourceName};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Measures that nodes have and groups use.
const MEASURES: [&str; 2] = ["memory", "cpu"];
/// Resource types.
pub(super) const TYPES: [&str; 2] = ["dummy", "process"];

/// A name of any kind: `n1`.
pub(super) fn name<T: FromStr>(kind: &str, number: usize) -> T {
    format!("{kind}{number}").parse().unwrap_or_else(|_| panic!("{kind}{number} is a name of any kind"))
}

/// Nodes that the file may speak of; the last is no member.
fn nodes() -> Vec<NodeName> {
    (1..=5).map(|number| name("n", number)).collect()
}

/// A file.
pub(super) fn file(draw: &mut Draw<'_>, wild: bool) -> ClusterSpec {
    let mut spec = ClusterSpec { maintenance: draw.one_in(50), ..ClusterSpec::default() };
    for node in draw.some_of(&nodes(), 2) {
        spec.nodes.push(NodeSpec {
            name: node,
            failure_domain: draw.perhaps(2, |draw| name("d", draw.below(2))),
            attributes: attributes(draw),
            capacity: amounts(draw, 12),
        });
    }
    let count = 1 + draw.below(6);
    for number in 0..count {
        let others = if wild { count } else { number };
        let group = group(draw, number, &spec.groups, others);
        spec.groups.push(group);
    }
    let names: Vec<GroupName> = spec.groups.iter().map(|group| group.name.clone()).collect();
    spec.one_at_a_time = draw.perhaps(6, |draw| draw.some_of(&names, 2)).into_iter().collect();
    spec
}

pub(super) fn attributes(draw: &mut Draw<'_>) -> BTreeMap<String, String> {
    let value = |draw: &mut Draw<'_>| ["yes", "8", ""][draw.below(3)].to_owned();
    draw.perhaps(3, value).into_iter().map(|value| ("ssd".to_owned(), value)).collect()
}

fn amounts(draw: &mut Draw<'_>, below: usize) -> BTreeMap<String, u64> {
    let measures = draw.some_of(&MEASURES, 3);
    measures.into_iter().map(|measure| (measure.to_owned(), draw.below(below) as u64)).collect()
}

/// A group; it speaks of the first `others` groups, itself left out.
fn group(draw: &mut Draw<'_>, number: usize, before: &[GroupSpec], others: usize) -> GroupSpec {
    let clones = draw.perhaps(4, clones);
    let nodes = nodes();
    let targets: Vec<Target> =
        (0..others).filter(|other| *other != number).map(|other| target(draw, before, other)).collect();
    let mut policy = GroupPolicy {
        priority: [0, 0, 1, -1, i32::MAX][draw.below(5)],
        stickiness: [0, 100, 1_000_000][draw.below(3)],
        rules: draw.perhaps(3, |draw| rule(draw, clones)).into_iter().collect(),
        apart_by: if draw.one_in(4) { Place::FailureDomain } else { Place::Node },
        uses: amounts(draw, 8),
        unmanaged: draw.one_in(30),
        restarts: draw.perhaps(5, limit),
        failovers: draw.perhaps(5, limit),
        found_twice: [FoundTwice::StopAll, FoundTwice::KeepOwner, FoundTwice::Block][draw.below(3)],
        clones,
        ..GroupPolicy::default()
    };
    policy.scores =
        draw.some_of(&nodes, 5).into_iter().map(|node| (node, [100, -100][draw.below(2)])).collect();
    let mut anti_affinity = Vec::new();
    // With one other group it has one thing to do at most: two could contradict each other.
    for target in targets {
        match draw.below(16) {
            10 => policy.runs_with.push(target),
            11 => policy.never_with.push(Target { primary: false, ..target }),
            12 => drop(policy.near.insert(target, [100, -100][draw.below(2)])),
            13 => policy.start_after.push(AnyOf::One(target)),
            14 => policy.prefer_after.push(target.group),
            15 => anti_affinity.push(target.group),
            9 => match policy.start_after.last_mut() {
                Some(AnyOf::Any(any)) => any.push(target),
                _ => policy.start_after.push(AnyOf::Any(vec![target])),
            },
            _ => {}
        }
    }
    let count = 1 + draw.below(3);
    let wild = others > number;
    GroupSpec {
        name: name("g", number),
        description: None,
        preferred_owners: draw.perhaps(3, |draw| draw.some_of(&nodes, 2)).unwrap_or_default(),
        possible_owners: draw.perhaps(5, |draw| draw.some_of(&nodes, 2)).unwrap_or_default(),
        anti_affinity,
        failback: [Failback::Never, Failback::Immediate, Failback::Window { first: 22, until: 6 }]
            [draw.below(3)],
        resources: (0..count)
            .map(|one| resource(draw, one, if wild { count } else { one }, clones))
            .collect(),
        policy,
    }
}

/// Another group, which may not be in the file yet, or its primary.
fn target(draw: &mut Draw<'_>, before: &[GroupSpec], other: usize) -> Target {
    let clones = before.get(other).and_then(|group| group.policy.clones);
    let primary = clones.is_some_and(|clones| clones.primaries > 0) && draw.one_in(2);
    Target { group: name("g", other), primary }
}

fn clones(draw: &mut Draw<'_>) -> Clones {
    let max = draw.perhaps(2, |draw| 1 + draw.below(3) as u32);
    let most = max.unwrap_or(3) as usize;
    Clones {
        max,
        min: 1 + draw.below(most) as u32,
        interleave: draw.one_in(3),
        one_by_one: draw.one_in(3),
        primaries: draw.below(most.min(2) + 1) as u32,
    }
}

fn limit(draw: &mut Draw<'_>) -> Limit {
    [Limit { max: 0, within_ms: 0 }, Limit { max: 1, within_ms: 60_000 }, Limit { max: 3, within_ms: 1_000 }]
        [draw.below(3)]
}

fn rule(draw: &mut Draw<'_>, clones: Option<Clones>) -> Rule {
    let conditions = [Condition::Is("yes".to_owned()), Condition::AtLeast(8), Condition::NotSet];
    let node = draw.perhaps(2, |draw| draw.one_of(&conditions)).flatten();
    Rule {
        node: node.into_iter().map(|condition| ("ssd".to_owned(), condition)).collect(),
        when: When {
            hours: draw.perhaps(3, |draw| (draw.below(24) as u8, draw.below(24) as u8)),
            ..When::default()
        },
        primary: clones.is_some_and(|clones| clones.primaries > 0) && draw.one_in(3),
        then: [Effect::Score(50), Effect::Never, Effect::Only][draw.below(3)],
    }
}

fn resource(draw: &mut Draw<'_>, number: usize, others: usize, clones: Option<Clones>) -> ResourceSpec {
    let others: Vec<ResourceName> =
        (0..others).filter(|other| *other != number).map(|other| name("r", other)).collect();
    let depends_on = match draw.below(4) {
        3 if others.len() > 1 => vec![AnyOf::Any(others)],
        2 | 3 => others.into_iter().map(AnyOf::One).collect(),
        1 => others.into_iter().take(1).map(AnyOf::One).collect(),
        _ => Vec::new(),
    };
    let on_fail = match draw.one_in(3) {
        true => OnFail::ALL[draw.below(OnFail::ALL.len())],
        false => OnFail::Restart,
    };
    let can_be_demoted = clones.is_some_and(|clones| clones.primaries > 0);
    ResourceSpec {
        name: name("r", number),
        kind: name_of_type(draw.below(TYPES.len())),
        depends_on,
        exclusive: Exclusive::None,
        policy: ResourcePolicy {
            on_fail: if on_fail == OnFail::Demote && !can_be_demoted { OnFail::Restart } else { on_fail },
            optional: draw.one_in(8),
            restarts: draw.perhaps(6, limit),
            unmanaged: draw.one_in(20),
            live_migration: draw.one_in(8),
            ..ResourcePolicy::default()
        },
        parameters: BTreeMap::new(),
    }
}

pub(super) fn name_of_type(place: usize) -> model::TypeName {
    TYPES[place].parse().unwrap_or_else(|_| panic!("{} is a type", TYPES[place]))
}
