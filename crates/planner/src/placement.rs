//! Which node each group is to be on.
//!
//! Groups choose one after the other. The more important chooses first; whoever is needed chooses before
//! whoever needs it; then names decide, never the order of the file. Each takes, of the nodes where it
//! *can* be ([`bars`]), the one that is best for it by one fixed list of criteria ([`keys`]), given those
//! that chose before it. What runs, and may stay, is counted where it is by everybody who chooses
//! earlier, so a newcomer moves nobody who is as important as it is.
//!
//! If somebody finds no place that way, because others that are free to be elsewhere chose before it,
//! [`search`] looks for an arrangement of these in which it does.
//!
//! A choice may make another one better (a group left, and made room), so the passes are repeated, each
//! as if the one before had been carried out, until nothing changes: planning again after a plan changes
//! nothing.

mod bars;
mod clones;
mod keys;
mod order;
mod primaries;
mod readiness;
mod room;
mod search;
mod single;

pub(crate) use bars::{Bar, is_there};
pub(crate) use keys::Criterion;
pub(crate) use readiness::mark as mark_readiness;

use crate::ids::{GroupIx, NodeIx, Of};
use crate::problem::{Aim, Frozen, Problem};
use room::Room;
use std::collections::BTreeMap;

/// So many passes are made at most. Two are usual, and more than three were never seen; the bound is
/// for policies that contradict each other.
const PASSES_MAX: usize = 8;

/// A node that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) node: NodeIx,
    pub(crate) primary: bool,
}

/// What was decided for a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Where it is to be.
    pub(crate) places: Vec<Chosen>,
    pub(crate) why: Why,
    /// What became of each node that was weighed. Empty where the group stays without a question.
    pub(crate) weighed: Vec<(NodeIx, Verdict)>,
}

/// Why a group is where it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It stays: nothing speaks against it, and its policy keeps it.
    Stays,
    /// It is the best place.
    Best,
    /// Nothing is done with it.
    Frozen(Frozen),
    /// The administrator wants it offline.
    WantedOffline,
    /// A resource of it failed, and its policy stops the group.
    StoppedBy(crate::ids::ResourceIx),
    /// What it needs will not be online.
    Needs(Aim),
    /// It was moved for failures as often as it may be: so often, until then.
    GivenUp(u32, u64),
    /// A node that is not there may still run it.
    Held(NodeIx),
    /// There is no node where it can be.
    Nowhere,
}

/// What became of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was chosen.
    Chosen,
    /// The group cannot be there.
    Barred(Bar),
    /// A chosen one is better, by this.
    Less(Criterion),
    /// It would be better, and somebody else would find no place then.
    Yields,
    /// None was chosen, though it could be: as many as wanted are there.
    Enough,
}

/// Where everything is to be.
pub(crate) struct Placement {
    pub(crate) choices: Of<GroupIx, Choice>,
    /// Why a group could not stay where it was.
    pub(crate) left: BTreeMap<GroupIx, (NodeIx, Bar)>,
}

/// Chooses for every group. For `focus`, every node is weighed, even if the group stays.
pub(crate) fn place(problem: &Problem<'_>, focus: Option<GroupIx>) -> Placement {
    let order = order::order(problem);
    let mut current = now(problem);
    let (mut choices, left) = pass(problem, &order, &current, true, focus);
    // What the first pass said of a group is about what really runs, and stands unless a later one
    // decides otherwise.
    let mut passes = 1;
    let is_asked = problem.groups.values().any(|group| group.asked.is_some());
    while passes < PASSES_MAX && !is_final(problem, &choices) {
        let places = Of::new(choices.values().map(|choice| choice.places.clone()).collect());
        // What was asked for in vain is forgotten, and may have kept others from something.
        if places == current && (passes > 1 || !is_asked) {
            break;
        }
        current = places;
        let (next, _) = pass(problem, &order, &current, false, focus);
        let merged = choices.into_rows().into_iter().zip(next.into_rows());
        choices = Of::new(merged.map(|(was, is)| if was.places == is.places { was } else { is }).collect());
        passes += 1;
    }
    Placement { choices, left }
}

/// Everybody chooses once.
fn pass(
    problem: &Problem<'_>,
    order: &[GroupIx],
    current: &Of<GroupIx, Vec<Chosen>>,
    is_real: bool,
    focus: Option<GroupIx>,
) -> (Of<GroupIx, Choice>, BTreeMap<GroupIx, (NodeIx, Bar)>) {
    let mut room = Room::new(problem, current, is_real, focus);
    for group in order {
        choose(&mut room, *group);
        if room.choice(*group).why == Why::Nowhere {
            search::make_room(&mut room, *group);
        }
        if room.choice(*group).why == Why::Best && search::is_free(&room, *group) {
            room.free.push(*group);
        }
    }
    room.into_choices()
}

/// Nothing that a first pass decided can look different after it: everybody has a place, and nobody
/// would leave it for a better one.
fn is_final(problem: &Problem<'_>, choices: &Of<GroupIx, Choice>) -> bool {
    problem.groups.iter().zip(choices.values()).all(|((_, group), choice)| {
        !group.mobile && !group.is_clone() && !matches!(choice.why, Why::Nowhere | Why::Needs(_))
    })
}

/// Chooses for one group.
fn choose(room: &mut Room<'_>, group: GroupIx) {
    room.take_up(group);
    let choice = match decided(room, group) {
        Some(choice) => choice,
        None if room.problem.groups[group].is_clone() => clones::choose(room, group),
        None => single::choose(room, group),
    };
    room.settle(group, choice);
}

/// What is decided without weighing any node.
fn decided(room: &Room<'_>, ix: GroupIx) -> Option<Choice> {
    let group = &room.problem.groups[ix];
    if let Some(frozen) = group.frozen {
        let here = group.copies.iter().filter(|copy| copy.is_here());
        let places = here.map(|copy| Chosen { node: copy.node, primary: copy.view.primary });
        return Some(Choice { places: places.collect(), why: Why::Frozen(frozen), weighed: Vec::new() });
    }
    let unmet = |any: &&Vec<Aim>| !any.is_empty() && !any.iter().any(|aim| room.will_serve(*aim));
    let needs =
        || group.start_after.iter().find(unmet).and_then(|any| any.first()).map(|aim| Why::Needs(*aim));
    let why = offline(room, ix).or_else(needs)?;
    Some(Choice { places: Vec::new(), why, weighed: Vec::new() })
}

/// Why a group is to be nowhere, wherever all others are.
fn offline(room: &Room<'_>, ix: GroupIx) -> Option<Why> {
    let (problem, group) = (room.problem, &room.problem.groups[ix]);
    if group.view.wanted_offline {
        return Some(Why::WantedOffline);
    }
    let is_worn_out = || room.here(ix).all(|node| crate::problem::worn(problem, ix, node).is_some());
    let given_up = || {
        let (count, until_ms) = crate::problem::given_up(problem, ix).filter(|_| !group.is_clone())?;
        is_worn_out().then_some(Why::GivenUp(count, until_ms))
    };
    let stopped_by = crate::problem::stopped_by(group).map(Why::StoppedBy);
    stopped_by.or_else(|| held(problem, ix).map(Why::Held)).or_else(given_up)
}

/// A lost node that may still run a group of which there is one, and of which nobody knows when it will
/// not any more.
fn held(problem: &Problem<'_>, ix: GroupIx) -> Option<NodeIx> {
    let group = &problem.groups[ix];
    let holds = |copy: &&crate::problem::Copy<'_>| {
        let gone = !bars::is_there(problem.nodes[copy.node].standing);
        gone && copy.is_here() && matches!(copy.view.takeover, crate::view::Takeover::Never(_))
    };
    (!group.is_clone()).then(|| group.copies.iter().find(holds).map(|copy| copy.node))?
}

/// Where everything is now.
fn now(problem: &Problem<'_>) -> Of<GroupIx, Vec<Chosen>> {
    let places = |(_, group): (GroupIx, &crate::problem::Group<'_>)| {
        let here = group.copies.iter().filter(|copy| copy.is_here());
        let mut places: Vec<Chosen> =
            here.map(|copy| Chosen { node: copy.node, primary: copy.view.primary }).collect();
        // Of a group that is found twice, what can be told to do things counts, and then the owner's.
        places.sort_by_key(|at| {
            let is_owned = group.on(at.node).is_some_and(|copy| copy.view.owned);
            (!bars::is_there(problem.nodes[at.node].standing), !is_owned, at.node)
        });
        if !group.is_clone() {
            places.truncate(1);
        }
        places
    };
    Of::new(problem.groups.iter().map(places).collect())
}
