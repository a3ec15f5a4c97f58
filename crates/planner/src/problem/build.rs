//! Looks every name up.

use super::group::{Aim, Copy, Frozen, Group};
use super::{Node, Problem, circles, times};
use crate::ids::{GroupIx, NodeIx, Of};
use crate::view::{GroupView, NodeView, Standing, State, View};
use model::desired::{
    AnyOf, ClusterSpec, FoundTwice, GroupSpec, Limit, OnFail, Place, ResourceSpec, SCORE_MAX, Score, Target,
};
use model::{GroupName, NodeName, ResourceName};
use std::collections::{BTreeMap, BTreeSet};

/// For how long a failover counts, if the file does not say: again Windows' default, where a group may
/// fail over once less than there are nodes.
const FAILOVERS_WITHIN_MS: u64 = 6 * 3_600_000;

/// What it costs to share a place with a group of `anti_affinity`: more than any preference, so that it
/// happens only where nothing else is left.
const ANTI_AFFINITY: Score = -SCORE_MAX;

static NOTHING_KNOWN: GroupView = GroupView {
    wanted_offline: false,
    maintenance: false,
    asked: None,
    copies: Vec::new(),
    failures: Vec::new(),
    failovers: Vec::new(),
};

/// Names, and where they are.
struct Names<'a> {
    nodes: BTreeMap<&'a NodeName, NodeIx>,
    /// In their order.
    groups: &'a [&'a str],
    measures: &'a [&'a str],
}

impl Names<'_> {
    fn group(&self, name: &GroupName) -> Option<GroupIx> {
        self.groups.binary_search(&name.as_str()).ok().map(GroupIx)
    }

    fn measure(&self, name: &str) -> Option<usize> {
        self.measures.binary_search(&name).ok()
    }

    fn aim(&self, target: &Target) -> Option<Aim> {
        self.group(&target.group).map(|group| Aim { group, primary: target.primary })
    }
}

/// The problem that a file and a view are.
pub(crate) fn build<'a>(spec: &'a ClusterSpec, view: &'a View) -> Problem<'a> {
    let mut sorted: Vec<&GroupSpec> = spec.groups.iter().collect();
    sorted.sort_by(|one, other| one.name.cmp(&other.name));
    sorted.dedup_by(|one, other| one.name == other.name);
    let measures = sorted.iter().flat_map(|group| group.policy.uses.keys());
    let mut measures: Vec<&str> = measures.map(String::as_str).collect();
    measures.sort_unstable();
    measures.dedup();
    let groups: Vec<&str> = sorted.iter().map(|group| group.name.as_str()).collect();
    let nodes = nodes(spec, view, &groups, &measures);
    let names = Names {
        nodes: nodes.iter().enumerate().map(|(ix, node)| (node.name, NodeIx(ix))).collect(),
        groups: &groups,
        measures: &measures,
    };
    let mut problem = Problem {
        now: view.now,
        maintenance: spec.maintenance,
        nodes: Of::new(nodes),
        groups: Of::new(Vec::new()),
        measures: measures.clone(),
        one_at_a_time: Vec::new(),
    };
    // What is known is in the same order.
    let mut known = view.groups.iter().peekable();
    let groups = sorted.iter().map(|group| {
        while known.next_if(|(name, _)| **name < group.name).is_some() {}
        let known =
            known.next_if(|(name, _)| **name == group.name).map_or(&NOTHING_KNOWN, |(_, known)| known);
        build_group(&problem, &names, group, known)
    });
    problem.groups = Of::new(groups.collect());
    relate(&mut problem);
    empty_nodes(&mut problem);
    let known = |list: &Vec<GroupName>| list.iter().filter_map(|name| names.group(name)).collect();
    problem.one_at_a_time = spec.one_at_a_time.iter().map(known).collect();
    problem
}

/// The members, and after them those that are none any more and still have something: it is taken over
/// from them as from a node that is down.
fn nodes<'a>(spec: &'a ClusterSpec, view: &'a View, groups: &[&str], measures: &[&str]) -> Vec<Node<'a>> {
    let of_file: BTreeMap<_, _> = spec.nodes.iter().map(|node| (&node.name, node)).collect();
    let mut domains = BTreeMap::new();
    let node = |node: &'a NodeView| {
        let said = of_file.get(&node.name);
        let own = format!("node {}", node.name);
        let domain = said.and_then(|said| said.failure_domain.as_ref());
        let domain = domain.map_or(own, |domain| format!("domain {domain}"));
        let next = domains.len();
        let of_file = said.iter().flat_map(|said| &said.attributes);
        Node {
            name: &node.name,
            standing: node.standing,
            domain: *domains.entry(domain).or_insert(next),
            attributes: of_file.chain(&node.attributes).map(|(key, value)| (&**key, &**value)).collect(),
            capacity: measures.iter().map(|key| said?.capacity.get(*key).copied()).collect(),
            not_ready: &node.not_ready,
            emptied_by: None,
        }
    };
    let mut nodes: Vec<Node<'a>> = view.nodes.iter().map(node).collect();
    // Of a group that the file does not have, nothing is taken over.
    let known = view.groups.iter().filter(|(name, _)| groups.binary_search(&name.as_str()).is_ok());
    let copies = known.flat_map(|(_, group)| &group.copies);
    let members: BTreeSet<&NodeName> = view.nodes.iter().map(|node| &node.name).collect();
    let gone: BTreeSet<&NodeName> =
        copies.map(|copy| &copy.node).filter(|name| !members.contains(name)).collect();
    nodes.extend(gone.into_iter().enumerate().map(|(place, name)| Node {
        name,
        standing: Standing::Down,
        domain: domains.len() + place,
        attributes: BTreeMap::new(),
        capacity: vec![None; measures.len()],
        not_ready: &[],
        emptied_by: None,
    }));
    nodes
}

fn build_group<'a>(
    problem: &Problem<'a>,
    names: &Names<'_>,
    spec: &'a GroupSpec,
    view: &'a GroupView,
) -> Group<'a> {
    let policy = &spec.policy;
    let copies = copies(names, spec, view);
    let near = policy.near.iter().filter_map(|(to, score)| Some((names.aim(to)?, *score, Place::Node)));
    let avoided = spec.anti_affinity.iter().filter_map(|name| names.group(name));
    let avoided = avoided.map(|group| (Aim { group, primary: false }, ANTI_AFFINITY, policy.apart_by));
    let alternatives = |any: &AnyOf<Target>| any.names().iter().filter_map(|to| names.aim(to)).collect();
    let members = u32::try_from(problem.nodes.len()).unwrap_or(u32::MAX);
    let default_failovers = Limit { max: members.saturating_sub(1).max(1), within_ms: FAILOVERS_WITHIN_MS };
    let failovers = policy.failovers.unwrap_or(default_failovers);
    let within_ms = if failovers.within_ms == 0 { FAILOVERS_WITHIN_MS } else { failovers.within_ms };
    let never_with = |primary: bool| -> Vec<(GroupIx, Place)> {
        let targets = policy.never_with.iter().filter(|to| to.primary == primary);
        targets.filter_map(|to| Some((names.group(&to.group)?, policy.apart_by))).collect()
    };
    let mut group = Group {
        none_ready: false,
        spec,
        view,
        priority: policy.priority,
        runs_with: policy.runs_with.iter().filter_map(|to| names.aim(to)).collect(),
        apart: never_with(false),
        apart_from_primary: never_with(true),
        primary_apart: Vec::new(),
        near: near.chain(avoided).collect(),
        start_after: policy.start_after.iter().map(alternatives).collect(),
        prefer_after: policy.prefer_after.iter().filter_map(|name| names.group(name)).collect(),
        carried: Vec::new(),
        uses: policy.uses.iter().filter_map(|(key, n)| Some((names.measure(key)?, *n))).collect(),
        clones: policy.clones,
        mobile: times::may_return(spec.failback, &problem.now),
        asked: view.asked.as_ref().and_then(|node| names.nodes.get(node).copied()),
        frozen: None,
        failovers: Limit { max: failovers.max, within_ms },
        copies,
    };
    group.frozen = frozen(problem, &group);
    if group.copies.iter().any(|copy| is_unknown(problem, copy)) {
        // What runs there is found out first; nobody is drawn away from where he may be well.
        group.mobile = false;
        group.asked = None;
    }
    group
}

/// Whether a node that is there has a group, and has not said yet what of it runs.
fn is_unknown(problem: &Problem<'_>, copy: &Copy<'_>) -> bool {
    let there = crate::placement::is_there(problem.nodes[copy.node].standing);
    there && copy.is_unknown()
}

fn copies<'a>(names: &Names<'_>, spec: &GroupSpec, view: &'a GroupView) -> Vec<Copy<'a>> {
    let copy = |copy: &'a crate::view::CopyView| {
        let node = *names.nodes.get(&copy.node)?;
        let state = |one: &ResourceSpec| copy.resources.get(&one.name).copied().unwrap_or(State::Offline);
        let states: Vec<State> = spec.resources.iter().map(state).collect();
        // Nobody is a stranger if as many run as there are that are known.
        let runs = |states: &mut dyn Iterator<Item = &State>| states.filter(|state| state.may_run()).count();
        let strangers = match runs(&mut copy.resources.values()) == runs(&mut states.iter()) {
            true => Vec::new(),
            false => strangers(spec, copy),
        };
        Some(Copy { node, view: copy, states: Of::new(states), strangers })
    };
    view.copies.iter().filter_map(copy).collect()
}

/// What runs, and the file does not know.
fn strangers<'a>(spec: &GroupSpec, copy: &'a crate::view::CopyView) -> Vec<&'a ResourceName> {
    let known = |name: &ResourceName| spec.resources.iter().any(|one| one.name == *name);
    let strange = copy.resources.iter().filter(|(name, state)| state.may_run() && !known(name));
    strange.map(|(name, _)| name).collect()
}

/// Why nothing may be done with a group, if so.
fn frozen(problem: &Problem<'_>, group: &Group<'_>) -> Option<Frozen> {
    if problem.maintenance {
        return Some(Frozen::Cluster);
    }
    if group.view.maintenance {
        return Some(Frozen::Maintenance);
    }
    if group.spec.policy.unmanaged {
        return Some(Frozen::Unmanaged);
    }
    for copy in &group.copies {
        // A node that is gone takes with it what could not be stopped, as soon as it may be taken over.
        let there = crate::placement::is_there(problem.nodes[copy.node].standing);
        for (ix, state) in copy.states.iter().filter(|_| there) {
            let policy = &group.resource(ix).policy;
            if policy.unmanaged && state.may_run() {
                return Some(Frozen::UnmanagedResource(ix, copy.node));
            }
            match (state, policy.on_fail) {
                (State::StopFailed, _) => return Some(Frozen::StopFailed(ix, copy.node)),
                (State::Failed, OnFail::Block) => return Some(Frozen::Blocked(ix, copy.node)),
                _ => {}
            }
        }
    }
    let running = group.copies.iter().filter(|copy| copy.may_run()).count();
    let twice = !group.is_clone() && running > 1 && group.spec.policy.found_twice == FoundTwice::Block;
    // While it is being moved, it may be stopping here and not yet be anywhere else; what runs on two
    // nodes does so.
    let serves = |copy: &&Copy<'_>| {
        let there = crate::placement::is_there(problem.nodes[copy.node].standing);
        there && copy.states.values().any(|state| state.serves())
    };
    (twice && group.copies.iter().filter(serves).count() > 1).then_some(Frozen::FoundTwice)
}

/// What one group says of another holds for both: who may not be together, who is carried by whom, and
/// who matters as much as those that cannot be without it.
fn relate(problem: &mut Problem<'_>) {
    let whom = |ix: usize| problem.groups[GroupIx(ix)].start_after.iter().flatten().map(|aim| aim.group.0);
    for (who, whom) in circles::closing(problem.groups.len(), whom) {
        for any in &mut problem.groups[GroupIx(who)].start_after {
            any.retain(|aim| aim.group.0 != whom);
        }
    }
    let places: Vec<GroupIx> = problem.groups.places().collect();
    for ix in &places {
        for (other, place) in problem.groups[*ix].apart.clone() {
            if !problem.groups[other].apart.contains(&(*ix, place)) {
                problem.groups[other].apart.push((*ix, place));
            }
        }
        for (other, place) in problem.groups[*ix].apart_from_primary.clone() {
            problem.groups[other].primary_apart.push((*ix, place));
        }
        for aim in problem.groups[*ix].runs_with.clone() {
            problem.groups[aim.group].carried.push(*ix);
        }
    }
    // Who only follows it goes wherever it goes: it must not go after such a one, or run away from it.
    for ix in &places {
        let near = std::mem::take(&mut problem.groups[*ix].near);
        let stays = near.into_iter().filter(|(aim, ..)| !follows(problem, aim.group, *ix));
        problem.groups[*ix].near = stays.collect();
    }
    // From the most important down: whoever is needed is as important as who needs it. Each group is
    // raised at most once, by the first that reaches it.
    let mut by_priority = places;
    by_priority.sort_by_key(|ix| std::cmp::Reverse(problem.groups[*ix].priority));
    let mut reached = Of::<GroupIx, bool>::filled(problem.groups.len(), false);
    for ix in by_priority {
        let priority = problem.groups[ix].priority;
        let mut open = vec![ix];
        while let Some(ix) = open.pop() {
            if reached[ix] {
                continue;
            }
            reached[ix] = true;
            problem.groups[ix].priority = problem.groups[ix].priority.max(priority);
            let group = &problem.groups[ix];
            open.extend(group.runs_with.iter().map(|aim| aim.group));
            open.extend(group.start_after.iter().flatten().map(|aim| aim.group));
        }
    }
}

/// Whether a group runs only where another one is, or where somebody is who does.
fn follows(problem: &Problem<'_>, group: GroupIx, other: GroupIx) -> bool {
    let mut open = vec![group];
    let mut next = 0;
    while let Some(one) = open.get(next).copied() {
        for aim in &problem.groups[one].runs_with {
            if aim.group == other {
                return true;
            }
            if !open.contains(&aim.group) {
                open.push(aim.group);
            }
        }
        next += 1;
    }
    false
}

/// Nodes that a failure with `on_fail = "drain"` empties, for as long as the failure counts.
fn empty_nodes(problem: &mut Problem<'_>) {
    let mut emptied = Vec::new();
    for (ix, group) in problem.groups.iter().filter(|(_, group)| !group.view.failures.is_empty()) {
        for failure in &group.view.failures {
            let drains = group
                .resources()
                .find(|(_, one)| one.policy.on_fail == OnFail::Drain && one.name == failure.resource);
            let node = problem.node(&failure.node);
            if let (Some((resource, _)), Some(node)) = (drains, node)
                && super::failures::worn_resource(problem, group, resource, node).is_some()
            {
                emptied.push((node, ix));
            }
        }
    }
    for (node, ix) in emptied {
        problem.nodes[node].emptied_by = Some(ix);
    }
}
