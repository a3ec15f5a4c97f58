//! Looks every name up.

use super::group::{Aim, Copy, Frozen, Group, Resource, Unfit};
use super::{Node, Problem, circles, times};
use crate::ids::{GroupIx, NodeIx, Of, ResourceIx};
use crate::view::{GroupView, NodeView, Standing, State, View};
use model::desired::{
    AnyOf, ClusterSpec, Effect, FoundTwice, GroupSpec, Limit, OnFail, Place, ResourceSpec, SCORE_MAX, Score,
    Target,
};
use model::{GroupName, NodeName, ResourceName};
use std::collections::{BTreeMap, BTreeSet};

/// How often a resource is restarted where it is, if the file does not say: Windows' default, which
/// administrators know.
pub(crate) const RESTARTS: Limit = Limit { max: 3, within_ms: 15 * 60_000 };

/// For how long a failover counts, if the file does not say: again Windows' default, where a group may
/// fail over once less than there are nodes.
const FAILOVERS_WITHIN_MS: u64 = 6 * 3_600_000;

/// What the first of the preferred owners is worth more than the second, and the last more than no
/// preferred owner: more than people write down as scores, and so little that 64 of them fit in.
const PREFERRED_STEP: Score = 10_000;

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
    groups: BTreeMap<&'a GroupName, GroupIx>,
    measures: BTreeMap<&'a str, usize>,
}

impl Names<'_> {
    fn aim(&self, target: &Target) -> Option<Aim> {
        self.groups.get(&target.group).map(|group| Aim { group: *group, primary: target.primary })
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
    let nodes = nodes(spec, view, &measures);
    let names = Names {
        nodes: nodes.iter().enumerate().map(|(ix, node)| (node.name, NodeIx(ix))).collect(),
        groups: sorted.iter().enumerate().map(|(ix, group)| (&group.name, GroupIx(ix))).collect(),
        measures: measures.iter().enumerate().map(|(ix, name)| (*name, ix)).collect(),
    };
    let mut problem = Problem {
        now: view.now,
        maintenance: spec.maintenance,
        nodes: Of::new(nodes),
        groups: Of::new(Vec::new()),
        measures,
        one_at_a_time: Vec::new(),
    };
    let groups = sorted.into_iter().map(|group| {
        let known = view.groups.get(&group.name).unwrap_or(&NOTHING_KNOWN);
        build_group(&problem, &names, group, known)
    });
    problem.groups = Of::new(groups.collect());
    relate(&mut problem);
    empty_nodes(&mut problem);
    let known =
        |list: &Vec<GroupName>| list.iter().filter_map(|name| names.groups.get(name).copied()).collect();
    problem.one_at_a_time = spec.one_at_a_time.iter().map(known).collect();
    problem
}

/// The members, and after them those that are none any more and still have something: it is taken over
/// from them as from a node that is down.
fn nodes<'a>(spec: &'a ClusterSpec, view: &'a View, measures: &[&str]) -> Vec<Node<'a>> {
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
    let copies = view.groups.values().flat_map(|group| &group.copies);
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
    names: &Names<'a>,
    spec: &'a GroupSpec,
    view: &'a GroupView,
) -> Group<'a> {
    let policy = &spec.policy;
    let resources = resources(spec);
    let copies = copies(names, spec, view);
    let near = policy.near.iter().filter_map(|(to, score)| Some((names.aim(to)?, *score, Place::Node)));
    let avoided = spec.anti_affinity.iter().filter_map(|name| names.groups.get(name));
    let avoided =
        avoided.map(|group| (Aim { group: *group, primary: false }, ANTI_AFFINITY, policy.apart_by));
    let alternatives = |any: &AnyOf<Target>| any.names().iter().filter_map(|to| names.aim(to)).collect();
    let members = u32::try_from(problem.nodes.len()).unwrap_or(u32::MAX);
    let default_failovers = Limit { max: members.saturating_sub(1).max(1), within_ms: FAILOVERS_WITHIN_MS };
    let failovers = policy.failovers.unwrap_or(default_failovers);
    let within_ms = if failovers.within_ms == 0 { FAILOVERS_WITHIN_MS } else { failovers.within_ms };
    let never_with = |primary: bool| -> Vec<(GroupIx, Place)> {
        let targets = policy.never_with.iter().filter(|to| to.primary == primary);
        targets.filter_map(|to| Some((*names.groups.get(&to.group)?, policy.apart_by))).collect()
    };
    let mut group = Group {
        spec,
        view,
        priority: policy.priority,
        worth: worth(problem, spec, false),
        primary_worth: Of::new(Vec::new()),
        runs_with: policy.runs_with.iter().filter_map(|to| names.aim(to)).collect(),
        apart: never_with(false),
        apart_from_primary: never_with(true),
        near: near.chain(avoided).collect(),
        start_after: policy.start_after.iter().map(alternatives).collect(),
        prefer_after: policy.prefer_after.iter().filter_map(|name| names.groups.get(name).copied()).collect(),
        carried: Vec::new(),
        uses: policy.uses.iter().filter_map(|(key, n)| Some((*names.measures.get(&**key)?, *n))).collect(),
        clones: policy.clones,
        mobile: times::may_return(spec.failback, &problem.now),
        asked: view.asked.as_ref().and_then(|node| names.nodes.get(node).copied()),
        frozen: None,
        failovers: Limit { max: failovers.max, within_ms },
        resources,
        copies,
    };
    if policy.clones.is_some_and(|clones| clones.primaries > 0) {
        group.primary_worth = worth(problem, spec, true);
    }
    group.frozen = frozen(problem, &group);
    group
}

fn resources(spec: &GroupSpec) -> Of<ResourceIx, Resource<'_>> {
    let place: BTreeMap<&ResourceName, ResourceIx> =
        spec.resources.iter().enumerate().map(|(ix, one)| (&one.name, ResourceIx(ix))).collect();
    let resource = |one: &'_ ResourceSpec| -> (Vec<Vec<ResourceIx>>, Limit) {
        let alternatives = |any: &AnyOf<ResourceName>| {
            any.names().iter().filter_map(|name| place.get(name).copied()).collect()
        };
        let restarts = one.policy.restarts.or(spec.policy.restarts).unwrap_or(RESTARTS);
        (one.depends_on.iter().map(alternatives).collect(), restarts)
    };
    let rows = spec.resources.iter().map(|one| {
        let (needs, restarts) = resource(one);
        Resource { spec: one, needs, restarts, on_fail: one.policy.on_fail }
    });
    let mut rows = Of::new(rows.collect());
    break_circles(&mut rows);
    rows
}

/// Resources that need each other in a circle could neither be started nor stopped in any order.
fn break_circles(resources: &mut Of<ResourceIx, Resource<'_>>) {
    let whom = |ix: usize| resources[ResourceIx(ix)].needs.iter().flatten().map(|other| other.0);
    // As most files are written, each resource stands after those that it needs.
    if (0..resources.len()).all(|ix| whom(ix).all(|other| other < ix)) {
        return;
    }
    for (who, whom) in circles::closing(resources.len(), |ix| whom(ix).collect()) {
        for any in &mut resources[ResourceIx(who)].needs {
            any.retain(|other| other.0 != whom);
        }
    }
}

fn copies<'a>(names: &Names<'a>, spec: &GroupSpec, view: &'a GroupView) -> Vec<Copy<'a>> {
    let copy = |copy: &'a crate::view::CopyView| {
        let node = *names.nodes.get(&copy.node)?;
        let state = |one: &ResourceSpec| copy.resources.get(&one.name).copied().unwrap_or(State::Offline);
        let known = |name: &ResourceName| spec.resources.iter().any(|one| one.name == *name);
        let strangers = copy.resources.iter().filter(|(name, state)| state.may_run() && !known(name));
        Some(Copy {
            node,
            view: copy,
            states: Of::new(spec.resources.iter().map(state).collect()),
            strangers: strangers.map(|(name, _)| name).collect(),
        })
    };
    view.copies.iter().filter_map(copy).collect()
}

/// What each node is worth, by what the file alone says.
fn worth(problem: &Problem<'_>, spec: &GroupSpec, primary: bool) -> Of<NodeIx, Result<Score, Unfit>> {
    let rules: Vec<_> = spec.policy.rules.iter().enumerate().collect();
    let now = |rule: &model::desired::Rule| rule.primary == primary && times::holds(&rule.when, &problem.now);
    let of_node = |node: &Node<'_>| {
        if !spec.possible_owners.is_empty() && !spec.possible_owners.contains(node.name) {
            return Err(Unfit::NotPossible);
        }
        let mut score: i64 = 0;
        if !primary {
            let place = spec.preferred_owners.iter().position(|name| name == node.name);
            let steps = place.map_or(0, |place| spec.preferred_owners.len() - place);
            score += i64::from(PREFERRED_STEP) * steps as i64;
            score += i64::from(spec.policy.scores.get(node.name).copied().unwrap_or(0));
        }
        for (ix, rule) in &rules {
            let speaks_of_it =
                rule.node.iter().all(|(key, wanted)| wanted.holds(node.attributes.get(&**key).copied()));
            match rule.then {
                _ if !now(rule) => {}
                Effect::Never if speaks_of_it => return Err(Unfit::Rule(*ix)),
                Effect::Only if !speaks_of_it => return Err(Unfit::Rule(*ix)),
                Effect::Score(more) if speaks_of_it => score += i64::from(more),
                _ => {}
            }
        }
        let most = i64::from(SCORE_MAX);
        Ok(Score::try_from(score.clamp(-most, most)).unwrap_or(SCORE_MAX))
    };
    Of::new(problem.nodes.values().map(of_node).collect())
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
            if group.resources[ix].spec.policy.unmanaged && state.may_run() {
                return Some(Frozen::UnmanagedResource(ix, copy.node));
            }
            match (state, group.resources[ix].on_fail) {
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
    for (who, whom) in circles::closing(problem.groups.len(), |ix| whom(ix).collect()) {
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
        for aim in problem.groups[*ix].runs_with.clone() {
            problem.groups[aim.group].carried.push(*ix);
        }
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

/// Nodes that a failure with `on_fail = "drain"` empties, for as long as the failure counts.
fn empty_nodes(problem: &mut Problem<'_>) {
    let mut emptied = Vec::new();
    for (ix, group) in problem.groups.iter().filter(|(_, group)| !group.view.failures.is_empty()) {
        for failure in &group.view.failures {
            let drains = group
                .resources
                .iter()
                .find(|(_, one)| one.on_fail == OnFail::Drain && one.spec.name == failure.resource);
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
