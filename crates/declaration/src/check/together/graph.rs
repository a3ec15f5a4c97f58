//! What is where, given where something else is.

use crate::check::links::Links;
use crate::check::order::name;
use crate::findings::Findings;
use crate::read::PlacedGroup;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Things that are somewhere: every group (a copy of it), and after those every group's primary. Those
/// that are always at the same node are one, called by the first of them.
pub(super) struct Graph {
    groups: usize,
    /// Of each thing, another that is at the same node, up to one that names itself.
    same: Vec<usize>,
    /// Of the first of each: what else is where it is.
    implies: BTreeMap<usize, Vec<usize>>,
    /// Of the first of each: all of them.
    members: BTreeMap<usize, Vec<usize>>,
    reached: BTreeSet<usize>,
}

impl Graph {
    pub(super) fn new(groups: &[PlacedGroup], links: &Links<'_>) -> Self {
        let count = groups.len();
        let mut graph = Self {
            groups: count,
            same: (0..2 * count).collect(),
            implies: BTreeMap::new(),
            members: BTreeMap::new(),
            reached: BTreeSet::new(),
        };
        let mut implied = Vec::new();
        for (place, others) in links.runs_with.iter().enumerate() {
            for link in others {
                let there = graph.thing(link.to, link.primary);
                if is_single(&groups[link.to], link.primary) {
                    graph.unite(place, there);
                } else {
                    implied.push((place, there));
                }
            }
        }
        implied.extend((0..count).map(|place| (count + place, place)));
        for (from, to) in implied {
            let (from, to) = (graph.first(from), graph.first(to));
            if from != to {
                graph.implies.entry(from).or_default().push(to);
            }
        }
        for thing in 0..2 * count {
            let first = graph.first(thing);
            graph.members.entry(first).or_default().push(thing);
        }
        graph
    }

    /// A group, or its primary.
    fn thing(&self, group: usize, primary: bool) -> usize {
        if primary { self.groups + group } else { group }
    }

    /// Whether nothing before this in the file is always at the same node.
    pub(super) fn is_first(&mut self, thing: usize) -> bool {
        self.first(thing) == thing
    }

    /// The groups that are at a node because this thing is there, in the file's order.
    pub(super) fn reached(&mut self, thing: usize) -> Vec<usize> {
        let start = self.first(thing);
        self.reached = BTreeSet::from([start]);
        let mut open = vec![start];
        while let Some(one) = open.pop() {
            for next in self.implies.get(&one).into_iter().flatten() {
                if self.reached.insert(*next) {
                    open.push(*next);
                }
            }
        }
        let all = self.reached.iter().filter_map(|first| self.members.get(first)).flatten();
        let mut groups: Vec<usize> = all.copied().filter(|thing| *thing < self.groups).collect();
        groups.sort_unstable();
        groups
    }

    /// Whether a group, or its primary, was among what was last reached.
    pub(super) fn is_here(&self, group: usize, primary: bool) -> bool {
        let mut thing = self.thing(group, primary);
        while self.same[thing] != thing {
            thing = self.same[thing];
        }
        self.reached.contains(&thing)
    }

    fn first(&mut self, thing: usize) -> usize {
        let mut first = thing;
        while self.same[first] != first {
            // Each walk shortens the way for the next.
            self.same[first] = self.same[self.same[first]];
            first = self.same[first];
        }
        first
    }

    fn unite(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.same[one.max(other)] = one.min(other);
    }
}

/// Whether there is one place where it runs.
pub(in crate::check) fn is_single(group: &PlacedGroup, primary: bool) -> bool {
    group.policy.clones.as_ref().is_none_or(|clones| primary && clones.value.primaries == 1)
}

/// Why two groups are at the same node, step by step: "`a` runs with `b` (line 7), …". Empty if they are
/// the same, or only a third one says so.
pub(super) fn why(
    groups: &[PlacedGroup],
    links: &Links<'_>,
    here: &[usize],
    from: usize,
    to: usize,
    findings: &Findings<'_>,
) -> String {
    let mut neighbours: BTreeMap<usize, Vec<(usize, String)>> = BTreeMap::new();
    for place in here {
        for link in &links.runs_with[*place] {
            let line = findings.line(link.span);
            let primary = if link.primary { ":primary" } else { "" };
            let (one, other) = (name(groups, *place), name(groups, link.to));
            let step = format!("`{one}` runs with `{other}{primary}` (line {line})");
            neighbours.entry(*place).or_default().push((link.to, step.clone()));
            neighbours.entry(link.to).or_default().push((*place, step));
        }
    }
    let mut came_from: BTreeMap<usize, (usize, &str)> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(place) = open.pop_front() {
        for (next, step) in neighbours.get(&place).into_iter().flatten() {
            if *next != from && !came_from.contains_key(next) {
                came_from.insert(*next, (place, step));
                open.push_back(*next);
            }
        }
    }
    let mut steps = Vec::new();
    let mut place = to;
    while let Some((before, step)) = came_from.get(&place) {
        steps.push((*step).to_owned());
        place = *before;
    }
    steps.reverse();
    crate::check::circles::abridged(steps, ", ")
}
