//! What the report says of a group, and of each node that was weighed for it.

use super::decision::Decision;
use super::words::{aim, forgotten, missing, names, needs, span, times};
use super::{Outcome, obstacle, steps};
use crate::ids::{GroupIx, NodeIx};
use crate::ordering::Continuity;
use crate::placement::{Bar, Criterion, Placement, Verdict, Why};
use crate::plan::Action;
use crate::problem::{Aim, Copy, Frozen, Problem, worn_resource};
use crate::view::State;

/// A verdict's word for programs.
pub(super) fn code(verdict: &Verdict) -> String {
    let word = match verdict {
        Verdict::Chosen => "chosen",
        Verdict::Enough => "enough",
        Verdict::Yields => "yields",
        Verdict::Barred(_) => "barred",
        Verdict::Less(criterion) => match criterion {
            Criterion::MakesRoom => "makes_room",
            Criterion::Carries => "carries",
            Criterion::Asked => "asked",
            Criterion::FailedStart => "failed_start",
            Criterion::Stays => "stays",
            Criterion::Ready => "ready",
            Criterion::Score => "score",
            Criterion::Domain => "domain",
            Criterion::Here => "here",
            Criterion::Share => "share",
            Criterion::Count => "count",
            Criterion::Order => "order",
        },
    };
    word.to_owned()
}

/// What became of a node.
pub(super) fn verdict(
    problem: &Problem<'_>,
    placement: &Placement,
    ix: GroupIx,
    node: NodeIx,
    verdict: &Verdict,
) -> String {
    match verdict {
        Verdict::Chosen => {
            let rivals = placement.choices[ix].weighed.iter().filter(|(_, other)| other.is_open()).count();
            if rivals > 1 {
                "the best of those where it can be".to_owned()
            } else {
                "the only one where it can be".to_owned()
            }
        }
        Verdict::Barred(bar) => obstacle::beside(problem, ix, node, bar),
        Verdict::Less(Criterion::Stays) if problem.groups[ix].copies.iter().any(Copy::is_unknown) => {
            "possible, but what runs where it is now has to be found out first".to_owned()
        }
        Verdict::Less(criterion) => less(*criterion).to_owned(),
        Verdict::Yields => "possible, but another group would find no place then".to_owned(),
        Verdict::Enough => "possible, but as many as wanted are elsewhere".to_owned(),
    }
}

fn less(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::MakesRoom => "possible, but something less important would have to leave",
        Criterion::Carries => "possible, but less of what runs only with it could follow",
        Criterion::Asked => "possible, but another node was asked for",
        Criterion::FailedStart => "possible, but it failed to start there lately",
        Criterion::Stays => {
            "possible, but it stays where it is: its failback policy does not draw it away now"
        }
        Criterion::Ready => "possible, but more of what it stands on is not as it was validated",
        Criterion::Score => {
            "possible, but worth less: preferred owners, scores, rules and neighbours together"
        }
        Criterion::Domain => "possible, but more copies are in its failure domain",
        Criterion::Here => "possible and worth as much, but it is elsewhere already",
        Criterion::Share => "possible and worth as much, but fuller",
        Criterion::Count => "possible and worth as much, but with more groups on it",
        Criterion::Order => "possible and worth as much, but it joined later",
    }
}

/// Why a group is where it is to be.
pub(super) fn group(
    problem: &Problem<'_>,
    placement: &Placement,
    continuity: &Continuity,
    ix: GroupIx,
    outcome: Outcome,
) -> String {
    let choice = &placement.choices[ix];
    match choice.why {
        Why::Frozen(frozen) => self::frozen(problem, ix, frozen),
        Why::WantedOffline => format!(
            "it is wanted offline; `steadfast group online {}` brings it back",
            problem.groups[ix].name()
        ),
        Why::StoppedBy(resource) => {
            let name = &problem.groups[ix].resource(resource).name;
            format!(
                "`{name}` failed, and its on_fail is `stop`; after `steadfast resource clear {name}` it starts"
            )
        }
        Why::Needs(other) => needs(problem, other),
        Why::GivenUp(count, until_ms) => {
            let how_often = match count {
                0 => "it failed, and is never moved for failures".to_owned(),
                count => format!("it was moved for failures {} lately, and is given up", times(count)),
            };
            let wait = span(until_ms.saturating_sub(problem.now.unix_ms));
            let name = problem.groups[ix].name();
            format!("{how_often}; tried again in {wait}, or after `steadfast group online {name}`")
        }
        Why::Held(node) => held(problem, ix, node),
        Why::Nowhere => nowhere(problem, placement, ix),
        Why::Stays | Why::Best => placed(problem, placement, continuity, ix, outcome),
    }
}

fn held(problem: &Problem<'_>, ix: GroupIx, node: NodeIx) -> String {
    let group = &problem.groups[ix];
    let why = group.on(node).map(|copy| match &copy.view.takeover {
        crate::view::Takeover::Never(why) => why.as_str(),
        _ => "",
    });
    let node = problem.nodes[node].name;
    format!(
        "`{node}` may still run it: {}; if `{node}` is surely off, `steadfast node confirm-down {node}`",
        why.unwrap_or_default()
    )
}

/// So many nodes are told in a sentence, each with what keeps the group from it.
const TOLD_MAX: usize = 3;

fn nowhere(problem: &Problem<'_>, placement: &Placement, ix: GroupIx) -> String {
    let barred = placement.choices[ix].weighed.iter().filter_map(|(node, verdict)| match verdict {
        Verdict::Barred(bar) if !matches!(bar, Bar::Unfit(_)) => Some((*node, bar)),
        _ => None,
    });
    let barred: Vec<(NodeIx, &Bar)> = barred.collect();
    let told = |(node, bar): &(NodeIx, &Bar)| {
        obstacle::with_remedy(problem, ix, bar, obstacle::sentence(problem, ix, *node, bar))
    };
    let leader = barred.iter().find_map(|(_, bar)| match bar {
        Bar::Elsewhere(other) => Some(*other),
        _ => None,
    });
    let is_anywhere =
        |other: &Aim| placement.choices[other.group].places.iter().any(|at| at.primary || !other.primary);
    if let Some(other) = leader.filter(|other| !is_anywhere(other)) {
        return format!("it runs only with {}, and {}", aim(problem, other), missing(problem, other));
    }
    match barred.as_slice() {
        [] => "its possible owners and its rules leave it no node".to_owned(),
        [one] if placement.choices[ix].weighed.len() > 1 => {
            format!("it may be only on {}, and {}", problem.nodes[one.0].name, told(one))
        }
        few if few.len() <= TOLD_MAX => {
            format!("no node can have it: {}", few.iter().map(told).collect::<Vec<_>>().join("; "))
        }
        many => {
            let was = problem.groups[ix].copies.iter().find(|copy| copy.is_here()).map(|copy| copy.node);
            let first = many.iter().find(|(node, _)| Some(*node) == was).or(many.first());
            let first = first.map(told).unwrap_or_default();
            let name = problem.groups[ix].name();
            format!(
                "none of {} nodes can have it: {first}; `steadfast explain {name}` tells of all",
                many.len()
            )
        }
    }
}

fn placed(
    problem: &Problem<'_>,
    placement: &Placement,
    continuity: &Continuity,
    ix: GroupIx,
    outcome: Outcome,
) -> String {
    let group = &problem.groups[ix];
    let places = &placement.choices[ix].places;
    let decision = Decision { problem, placement, ix };
    let sentence = match (outcome, decision.left()) {
        (Outcome::Stays, _) => {
            let nodes: Vec<NodeIx> = places.iter().map(|at| at.node).collect();
            format!("online on {}, and nothing speaks against it", names(problem, &nodes))
        }
        (Outcome::Recovers, _) => recovers(&decision, continuity),
        (Outcome::Moves, Some(from)) => decision.moves(from),
        (_, None) if continuity.interrupted(ix).is_some() => recovers(&decision, continuity),
        _ => decision.starts(),
    };
    let wanted = group.clones.map_or(0, |clones| clones.primaries as usize);
    match places.iter().filter(|at| at.primary).count() {
        primaries if primaries < wanted => format!("{sentence}; {}", no_primary(problem, ix)),
        _ => sentence,
    }
}

/// What is done with a group that stays where it is.
fn recovers(decision: &Decision<'_>, continuity: &Continuity) -> String {
    let Decision { problem, placement, ix } = *decision;
    let group = &problem.groups[ix];
    let at = |node: NodeIx| problem.nodes[node].name;
    for copy in group.copies.iter().filter(|copy| copy.is_here()) {
        if let Some((resource, _)) = copy.states.iter().find(|(_, state)| **state == State::Unknown) {
            let name = &group.resource(resource).name;
            return format!(
                "nobody knows whether `{name}` runs on {}: that is found out first",
                at(copy.node)
            );
        }
        if let Some(name) = copy.strangers.first() {
            return format!("`{name}` is stopped on {}: the file does not know it any more", at(copy.node));
        }
    }
    if let Some((node, resource, because)) = continuity.interrupted(ix) {
        let name = &group.resource(resource).name;
        let optional = group.resource(resource).policy.optional;
        if let Some(worn) = worn_resource(problem, group, resource, node).filter(|_| optional) {
            let (times, forgotten) = (times(worn.failures), forgotten(problem, ix, &worn));
            return format!(
                "it goes on without `{name}`, which is optional and failed on {} {times} lately; {forgotten}",
                at(node)
            );
        }
        let why = steps::because(problem, placement, ix, node, Action::Stop, because);
        return format!("`{name}` is restarted on {}: {why}", at(node));
    }
    let places = &placement.choices[ix].places;
    let is_new = |place: &&crate::placement::Chosen| {
        place.primary && !group.on(place.node).is_some_and(|copy| copy.view.primary)
    };
    match (places.iter().any(|place| is_new(&place)), decision.left()) {
        (true, _) => decision.primary(),
        (false, Some(from)) => decision.leaves(from),
        (false, None) => {
            let nodes: Vec<NodeIx> = places.iter().map(|at| at.node).collect();
            format!("what does not run on {} is started", names(problem, &nodes))
        }
    }
}

/// Why there are fewer primaries than wanted.
fn no_primary(problem: &Problem<'_>, ix: GroupIx) -> String {
    let lost = problem.groups[ix].copies.iter().find_map(|copy| match &copy.view.takeover {
        crate::view::Takeover::Never(why) if copy.view.primary => Some((problem.nodes[copy.node].name, why)),
        _ => None,
    });
    match lost {
        Some((node, why)) => format!("nobody becomes primary: `{node}` may still be it: {why}"),
        None => "nobody becomes primary yet: no copy that runs has said that it could".to_owned(),
    }
}

fn frozen(problem: &Problem<'_>, ix: GroupIx, frozen: Frozen) -> String {
    let group = &problem.groups[ix];
    let name = |resource| &group.resource(resource).name;
    let at = |node: NodeIx| problem.nodes[node].name;
    match frozen {
        Frozen::Cluster => "the cluster is in maintenance: nothing is started, stopped or moved".to_owned(),
        Frozen::Maintenance => "it is in maintenance: the cluster does nothing with it".to_owned(),
        Frozen::Unmanaged => "the file says that it is not managed".to_owned(),
        Frozen::UnmanagedResource(resource, node) => format!(
            "`{}` runs on {}, and the file says that it is not managed: its group is left alone while it does",
            name(resource),
            at(node)
        ),
        Frozen::StopFailed(resource, node) => format!(
            "`{}` could not be stopped on {}, so the group is started nowhere else; stop it by hand, then \
             `steadfast resource clear {}`",
            name(resource),
            at(node),
            name(resource)
        ),
        Frozen::Blocked(resource, node) => format!(
            "`{}` failed on {}, and its on_fail is `block`; `steadfast resource clear {}` when it is mended",
            name(resource),
            at(node),
            name(resource)
        ),
        Frozen::FoundTwice => {
            "it runs on more than one node, and found_twice is `block`; stop all but one by hand".to_owned()
        }
    }
}
