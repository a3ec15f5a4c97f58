//! The criteria, in their order: what makes one node better than another for a group.
//!
//! They are compared one after the other, and the first that differs decides. So there is always one
//! sentence that says why a node lost, and no weight hides behind another.

use super::bars::{self, MakesRoom};
use super::room::Room;
use crate::ids::{GroupIx, NodeIx};
use crate::problem::{Problem, failed_start};
use model::desired::Place;

/// A criterion. The order of the variants is the order in which they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Criterion {
    /// Nobody less important has to leave.
    MakesRoom,
    /// More of those that run only where it runs can be there.
    Carries,
    /// The administrator asked for it.
    Asked,
    /// It did not fail to start there lately.
    FailedStart,
    /// It is there, and its policy keeps it.
    Stays,
    /// What it stands on is there as it was validated.
    Ready,
    /// It is worth more: preferred owners, scores, rules, neighbours, stickiness.
    Score,
    /// Fewer copies of it are in that failure domain.
    Domain,
    /// It is there.
    Here,
    /// The smaller part of what it uses there would be used.
    Share,
    /// Fewer groups are there.
    Count,
    /// It joined earlier.
    Order,
}

impl Criterion {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 12] = [
        Self::MakesRoom,
        Self::Carries,
        Self::Asked,
        Self::FailedStart,
        Self::Stays,
        Self::Ready,
        Self::Score,
        Self::Domain,
        Self::Here,
        Self::Share,
        Self::Count,
        Self::Order,
    ];
}

/// What a node is by each criterion, in their order; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([i64; Criterion::ALL.len()]);

impl Key {
    /// The first criterion by which they differ.
    pub(super) fn differs(&self, other: &Self) -> Criterion {
        let first = self.0.iter().zip(&other.0).position(|(one, other)| one != other);
        Criterion::ALL[first.unwrap_or(Criterion::ALL.len() - 1)]
    }

    /// The same in a domain that has so many copies already.
    pub(super) fn in_domain(mut self, copies: usize) -> Self {
        self.0[Criterion::Domain as usize] = copies as i64;
        self
    }
}

/// How good a node is for a group that can be there.
pub(super) fn key(room: &Room<'_>, ix: GroupIx, node: NodeIx, makes_room: MakesRoom) -> Key {
    let (problem, group) = (room.problem, &room.problem.groups[ix]);
    let here = room.is_here(ix, node);
    let asked = room.asked(ix);
    let stays = here && !group.mobile && asked.is_none_or(|asked| asked == node);
    let runs = room.runs(ix, node);
    // Nothing is better than a node where it may be well, until that is known.
    let is_unknown = here && group.on(node).is_some_and(crate::problem::Copy::is_unknown);
    let of = |criterion: Criterion| -> i64 {
        match criterion {
            Criterion::MakesRoom | Criterion::FailedStart if is_unknown => 0,
            Criterion::Carries if is_unknown => !(carries_all(problem, ix) as i64),
            Criterion::MakesRoom => makes_room.0.into(),
            Criterion::Carries => !(carries(room, ix, node) as i64),
            Criterion::Asked => (asked != Some(node)).into(),
            Criterion::FailedStart => (!runs && failed_start(problem, group, node)).into(),
            Criterion::Stays => (!stays).into(),
            Criterion::Ready if runs || is_unknown => 0,
            Criterion::Ready => bars::degree(problem, ix, node, here).map_or(0, |degree| 1 + degree as i64),
            Criterion::Score => -score(room, ix, node),
            Criterion::Domain => 0,
            Criterion::Here => (!here).into(),
            Criterion::Share => share(room, ix, node),
            Criterion::Count => room.count(node) as i64,
            Criterion::Order => node.0 as i64,
        }
    };
    Key(Criterion::ALL.map(of))
}

/// What a node is worth to a group: what the file says of the node, and who is there.
pub(super) fn score(room: &Room<'_>, ix: GroupIx, node: NodeIx) -> i64 {
    let (problem, group) = (room.problem, &room.problem.groups[ix]);
    let mut score = i64::from(problem.worth(group, node));
    if room.is_here(ix, node) {
        score += i64::from(group.spec.policy.stickiness);
    }
    score += followers(room, ix, node);
    for (aim, more, place) in &group.near {
        let same = |at: super::Chosen| room.is_same(at.node, node, *place) && (at.primary || !aim.primary);
        // One that chooses later, and may be drawn away itself, is no place to go by: two that look at
        // each other would go after each other for ever.
        let is_known = room.is_settled(aim.group) || !problem.groups[aim.group].mobile;
        if aim.group != ix && is_known && room.at(aim.group).any(same) {
            score += i64::from(*more);
        }
    }
    score
}

/// What a node is worth to those that run only where a group runs: they have no other say in where that is.
pub(super) fn followers(room: &Room<'_>, ix: GroupIx, node: NodeIx) -> i64 {
    let followers = room.problem.groups[ix].carried.iter();
    let have_a_say =
        followers.filter(|other| has_a_say(room, **other)).map(|other| &room.problem.groups[*other]);
    let could_be = have_a_say.filter(|other| room.problem.unfit(other, node).is_none());
    could_be.map(|other| i64::from(room.problem.worth(other, node))).sum()
}

/// Whether anything is done for a group that runs only where another one does.
fn has_a_say(room: &Room<'_>, other: GroupIx) -> bool {
    room.problem.groups[other].frozen.is_none() && super::offline(room, other).is_none()
}

/// So many of those that run only where a group runs are weighed: as many as fit into a number. More of
/// them were not seen, and what is beyond is placed as well, only without a say.
const CARRIED_MAX: usize = 62;

/// Which of those that run only where a group runs could be on a node with it: a bit for each, the most
/// important first.
pub(super) fn carries(room: &Room<'_>, ix: GroupIx, node: NodeIx) -> u64 {
    let problem = room.problem;
    let mut carried: Vec<GroupIx> = problem.groups[ix].carried.clone();
    if carried.is_empty() {
        return 0;
    }
    carried.sort_by_key(|other| (std::cmp::Reverse(problem.groups[*other].spec.policy.priority), *other));
    let mut needed: Vec<(usize, u64)> = problem.groups[ix].uses.clone();
    let mut mask = 0;
    for (bit, other) in carried.into_iter().take(CARRIED_MAX).enumerate() {
        if could_follow(room, ix, other, node) && fits(room, ix, node, other, &mut needed) {
            mask |= 1 << (CARRIED_MAX - bit);
        }
    }
    mask
}

fn could_follow(room: &Room<'_>, ix: GroupIx, other: GroupIx, node: NodeIx) -> bool {
    let (problem, follower) = (room.problem, &room.problem.groups[other]);
    if !has_a_say(room, other) {
        return false;
    }
    let elsewhere = |aim: &&crate::problem::Aim| aim.group != ix;
    let is_possible = |aim: &crate::problem::Aim| match room.is_settled(aim.group) {
        true => room.has(*aim, node),
        false => bars::fixed(problem, aim.group, node, room.is_here(aim.group, node)).is_none(),
    };
    let apart = |(third, place): &(GroupIx, Place)| {
        room.is_settled(*third) && room.shares(*third, node, *place) == bars::Presence::Fixed
    };
    bars::fixed(problem, other, node, room.is_here(other, node)).is_none()
        && follower.runs_with.iter().filter(elsewhere).all(is_possible)
        && !follower.apart.iter().any(apart)
}

/// Whether there is room for one more of those that follow, beside those before it, of which the needs
/// were added up.
fn fits(room: &Room<'_>, ix: GroupIx, node: NodeIx, other: GroupIx, needed: &mut Vec<(usize, u64)>) -> bool {
    let problem = room.problem;
    let group = &problem.groups[other];
    let mut sum = needed.clone();
    for (measure, amount) in &group.uses {
        match sum.iter_mut().find(|(of, _)| of == measure) {
            Some((_, so_far)) => *so_far = so_far.saturating_add(*amount),
            None => sum.push((*measure, *amount)),
        }
        let all = sum.iter().find(|(of, _)| of == measure).map_or(0, |(_, all)| *all);
        let (fixed, _) = room.used(node, *measure, group.priority);
        // Those that follow, and are there already, count among those that stay; they are added up here.
        let counted = problem.groups[ix]
            .carried
            .iter()
            .filter(|one| room.is_pending(**one, node) && problem.groups[**one].priority >= group.priority);
        let uses = |one: &GroupIx| problem.groups[*one].uses.iter().find(|(of, _)| of == measure);
        let own: u64 = counted.filter_map(uses).map(|(_, amount)| *amount).sum();
        let capacity = room.problem.nodes[node].capacity[*measure];
        if capacity.is_some_and(|capacity| fixed.saturating_sub(own).saturating_add(all) > capacity) {
            return false;
        }
    }
    *needed = sum;
    true
}

/// The mask of [`carries`] where everybody can follow.
pub(super) fn carries_all(problem: &Problem<'_>, ix: GroupIx) -> u64 {
    let count = problem.groups[ix].carried.len().min(CARRIED_MAX);
    (0..count).fold(0, |mask, bit| mask | 1 << (CARRIED_MAX - bit))
}

/// The largest part, in thousandths, that would be used of what a group uses.
fn share(room: &Room<'_>, ix: GroupIx, node: NodeIx) -> i64 {
    let group = &room.problem.groups[ix];
    let part = |(measure, needed): &(usize, u64)| {
        let capacity = room.problem.nodes[node].capacity[*measure]?;
        let (fixed, yields) = room.used(node, *measure, group.priority);
        let used = u128::from(fixed) + u128::from(yields) + u128::from(*needed);
        i64::try_from(used * 1000 / u128::from(capacity.max(1))).ok()
    };
    group.uses.iter().filter_map(part).max().unwrap_or(0)
}
