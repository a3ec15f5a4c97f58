//! Who is where so far: those that have chosen, and those that are where they were and have yet to choose.

use super::bars::{self, Presence};
use super::{Bar, Choice, Chosen, single};
use crate::ids::{GroupIx, NodeIx, Of};
use crate::problem::{Aim, Problem, is_well};
use model::desired::Place;
use std::collections::{BTreeMap, BTreeSet};

/// The state of one pass.
pub(super) struct Room<'p> {
    pub(super) problem: &'p Problem<'p>,
    /// For this group every node is weighed.
    pub(super) focus: Option<GroupIx>,
    current: &'p Of<GroupIx, Vec<Chosen>>,
    /// What is current is what really runs, rather than what a pass before decided.
    is_real: bool,
    choices: Of<GroupIx, Option<Choice>>,
    /// Who has begun to choose. Until then a group stays where it is, unless somebody more important
    /// needs the room,
    has_begun: Of<GroupIx, bool>,
    /// or it cannot, or was asked away.
    leaves: BTreeSet<(GroupIx, NodeIx)>,
    /// What those use that stay and have yet to choose, of each measure, by priority.
    pending_uses: Of<NodeIx, Vec<BTreeMap<i32, u128>>>,
    used: Of<NodeIx, Vec<u64>>,
    /// How many have chosen a node, or stay there.
    count: Of<NodeIx, usize>,
    left: BTreeMap<GroupIx, (NodeIx, Bar)>,
    /// Those that chose, run nowhere, and so could as well choose differently, in the order of choosing.
    pub(super) free: Vec<GroupIx>,
    /// How much searching is left for this pass: so many nodes may be weighed.
    pub(super) weighings: u32,
}

impl<'p> Room<'p> {
    pub(super) fn new(
        problem: &'p Problem<'p>,
        current: &'p Of<GroupIx, Vec<Chosen>>,
        is_real: bool,
        focus: Option<GroupIx>,
    ) -> Self {
        let mut room = Self {
            problem,
            focus,
            current,
            is_real,
            choices: Of::filled(problem.groups.len(), None),
            has_begun: Of::filled(problem.groups.len(), false),
            leaves: BTreeSet::new(),
            pending_uses: Of::filled(problem.nodes.len(), vec![BTreeMap::new(); problem.measures.len()]),
            used: Of::filled(problem.nodes.len(), vec![0; problem.measures.len()]),
            count: Of::filled(problem.nodes.len(), 0),
            left: BTreeMap::new(),
            free: Vec::new(),
            weighings: super::search::WEIGHINGS_MAX,
        };
        for (ix, group) in problem.groups.iter() {
            let is_to_stop = group.view.wanted_offline || crate::problem::stopped_by(group).is_some();
            for at in &current[ix] {
                let asked_away = room.wish(ix).is_some_and(|asked| {
                    asked != at.node && bars::fixed(problem, ix, asked, false).is_none()
                });
                let bar = bars::fixed(problem, ix, at.node, true).filter(|_| !is_to_stop);
                if is_to_stop || asked_away || bar.is_some() {
                    room.leaves.insert((ix, at.node));
                } else {
                    room.stays(ix, at.node);
                }
                room.left.extend(bar.map(|bar| (ix, (at.node, bar))));
            }
        }
        room
    }

    /// It stays where it is, for now.
    fn stays(&mut self, group: GroupIx, node: NodeIx) {
        self.count[node] += 1;
        let priority = self.problem.groups[group].priority;
        for (measure, amount) in &self.problem.groups[group].uses {
            *self.pending_uses[node][*measure].entry(priority).or_default() += u128::from(*amount);
        }
    }

    /// Where a group is now.
    pub(super) fn current(&self, group: GroupIx) -> &'p [Chosen] {
        &self.current[group]
    }

    /// Every node that has anything of a group, also where there should be only one. What a lost node has
    /// is its own until somebody else has it.
    pub(super) fn here(&self, group: GroupIx) -> impl Iterator<Item = NodeIx> {
        let is_left = move |node: NodeIx| {
            self.current[group].is_empty() && !bars::is_there(self.problem.nodes[node].standing)
        };
        let copies = self.problem.groups[group].copies.iter().filter(|copy| copy.is_here());
        let nodes = copies.map(|copy| copy.node).filter(move |node| self.is_real || is_left(*node));
        self.current[group].iter().map(|at| at.node).chain(nodes)
    }

    /// Where the administrator asked for a group to be, and where it can be: who asks for more asks for
    /// nothing.
    pub(super) fn asked(&self, group: GroupIx) -> Option<NodeIx> {
        self.wish(group).filter(|asked| single::can_be(self, group, *asked).is_ok())
    }

    /// Where the administrator asked for a group to be. That is forgotten as soon as it is anywhere else.
    fn wish(&self, group: GroupIx) -> Option<NodeIx> {
        self.problem.groups[group].asked.filter(|asked| self.is_real || self.is_here(group, *asked))
    }

    /// Whether a group runs well on a node: what a pass before decided is taken to have worked.
    pub(super) fn runs(&self, group: GroupIx, node: NodeIx) -> bool {
        let of = &self.problem.groups[group];
        let is_well = |(resource, state): (_, &_)| is_well(self.problem, of, resource, node, *state);
        match self.is_real {
            true => of.on(node).is_some_and(|copy| copy.states.iter().all(is_well)),
            false => self.is_here(group, node),
        }
    }

    /// Whether a group stays on a node, and has yet to choose.
    pub(super) fn is_pending(&self, group: GroupIx, node: NodeIx) -> bool {
        !self.has_begun[group] && self.is_here(group, node) && !self.is_leaving(group, node)
    }

    /// Whether a group cannot stay on the node where it is, or was asked away.
    pub(super) fn is_leaving(&self, group: GroupIx, node: NodeIx) -> bool {
        self.leaves.contains(&(group, node))
    }

    pub(super) fn is_here(&self, group: GroupIx, node: NodeIx) -> bool {
        self.current[group].iter().any(|at| at.node == node)
    }

    /// What was chosen for a group; only for one that has chosen.
    pub(super) fn choice(&self, group: GroupIx) -> &Choice {
        self.choices[group].as_ref().expect("it has chosen")
    }

    /// It is about to choose: where it is, it does not count any more.
    pub(super) fn take_up(&mut self, group: GroupIx) {
        self.has_begun[group] = true;
        let priority = self.problem.groups[group].priority;
        for at in self.current[group].iter().filter(|at| !self.leaves.contains(&(group, at.node))) {
            self.count[at.node] -= 1;
            for (measure, amount) in &self.problem.groups[group].uses {
                if let Some(sum) = self.pending_uses[at.node][*measure].get_mut(&priority) {
                    *sum -= u128::from(*amount);
                }
            }
        }
    }

    /// It has chosen.
    pub(super) fn settle(&mut self, group: GroupIx, choice: Choice) {
        for at in &choice.places {
            self.count[at.node] += 1;
            for (measure, amount) in &self.problem.groups[group].uses {
                self.used[at.node][*measure] = self.used[at.node][*measure].saturating_add(*amount);
            }
        }
        self.choices[group] = Some(choice);
    }

    /// It chooses again.
    pub(super) fn unsettle(&mut self, group: GroupIx) -> Option<Choice> {
        let choice = self.choices[group].take()?;
        for at in &choice.places {
            self.count[at.node] -= 1;
            for (measure, amount) in &self.problem.groups[group].uses {
                self.used[at.node][*measure] = self.used[at.node][*measure].saturating_sub(*amount);
            }
        }
        Some(choice)
    }

    pub(super) fn is_settled(&self, group: GroupIx) -> bool {
        self.choices[group].is_some()
    }

    /// It cannot stay where it is.
    pub(super) fn leaves(&mut self, group: GroupIx, node: NodeIx, bar: Bar) {
        self.left.insert(group, (node, bar));
    }

    /// Where a group is, as far as that is known: where it chose to be, else where it stays.
    pub(super) fn at(&self, group: GroupIx) -> impl Iterator<Item = Chosen> + '_ {
        let (chosen, stays): (&[Chosen], &[Chosen]) = match &self.choices[group] {
            Some(choice) => (&choice.places, &[]),
            None if self.has_begun[group] => (&[], &[]),
            None => (&[], &self.current[group]),
        };
        chosen.iter().chain(stays.iter().filter(move |at| !self.is_leaving(group, at.node))).copied()
    }

    /// Whether what is aimed at is on a node.
    pub(super) fn has(&self, aim: Aim, node: NodeIx) -> bool {
        self.at(aim.group).any(|at| at.node == node && (at.primary || !aim.primary))
    }

    /// Where what is aimed at will be online.
    fn serving(&self, aim: Aim) -> impl Iterator<Item = NodeIx> + '_ {
        let group = &self.problem.groups[aim.group];
        let serves = move |at: &Chosen| {
            group.frozen.is_none() || group.on(at.node).is_some_and(|copy| group.frozen_serves(copy))
        };
        self.at(aim.group).filter(move |at| at.primary || !aim.primary).filter(serves).map(|at| at.node)
    }

    /// Whether what is aimed at will be online on a node.
    pub(super) fn will_serve_on(&self, aim: Aim, node: NodeIx) -> bool {
        self.serving(aim).any(|on| on == node)
    }

    /// Whether as much of what is aimed at will be online as others need.
    pub(super) fn will_serve(&self, aim: Aim) -> bool {
        let needed = self.problem.groups[aim.group].clones.map_or(1, |clones| clones.min.max(1));
        self.serving(aim).count() >= if aim.primary { 1 } else { needed as usize }
    }

    /// How another group is at a node, or in its failure domain.
    pub(super) fn shares(&self, other: GroupIx, node: NodeIx, place: Place) -> Presence {
        match self.at(other).any(|at| self.is_same(at.node, node, place)) {
            true if self.is_settled(other) => Presence::Fixed,
            true => Presence::Yields,
            false => Presence::Nowhere,
        }
    }

    /// Whether the primary of another group, which chose before, is at a node, or in its failure domain.
    pub(super) fn shares_with_primary(&self, other: GroupIx, node: NodeIx, place: Place) -> bool {
        self.at(other).any(|at| at.primary && self.is_same(at.node, node, place))
    }

    /// Whether two nodes are the same place.
    pub(super) fn is_same(&self, one: NodeIx, other: NodeIx, place: Place) -> bool {
        match place {
            Place::Node => one == other,
            Place::FailureDomain => self.problem.nodes[one].domain == self.problem.nodes[other].domain,
        }
    }

    /// How much of a measure is used on a node: by those that chose, or stay and are as important; and
    /// by those that stay and are less important.
    pub(super) fn used(&self, node: NodeIx, measure: usize, priority: i32) -> (u64, u64) {
        let pending = &self.pending_uses[node][measure];
        let fixed: u128 = pending.range(priority..).map(|(_, sum)| sum).sum();
        let yields: u128 = pending.range(..priority).map(|(_, sum)| sum).sum();
        let bounded = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        (self.used[node][measure].saturating_add(bounded(fixed)), bounded(yields))
    }

    /// How many groups are on a node.
    pub(super) fn count(&self, node: NodeIx) -> usize {
        self.count[node]
    }

    /// What everybody chose, and why those that could not stay could not.
    pub(super) fn into_choices(self) -> (Of<GroupIx, Choice>, BTreeMap<GroupIx, (NodeIx, Bar)>) {
        let choices = self.choices.into_rows().into_iter();
        (Of::new(choices.map(|choice| choice.expect("everybody has chosen")).collect()), self.left)
    }
}
