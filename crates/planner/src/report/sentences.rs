//! The sentences.

use super::Outcome;
use crate::ids::{GroupIx, NodeIx};
use crate::ordering::{Because, Continuity};
use crate::placement::{Bar, Criterion, Placement, Verdict, Why};
use crate::problem::{Aim, Frozen, Problem, Unfit, Worn, worn_resource};
use crate::view::{Standing, State};

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
        Verdict::Barred(bar) => self::bar(problem, ix, node, bar),
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

/// What keeps a group from a node.
pub(super) fn bar(problem: &Problem<'_>, ix: GroupIx, node: NodeIx, bar: &Bar) -> String {
    let group = &problem.groups[ix];
    let other = |ix: GroupIx| problem.groups[ix].name();
    match bar {
        Bar::Standing(standing) => self::standing(*standing).to_owned(),
        Bar::Emptied(by) => format!("emptied, because a resource of `{}` failed here", other(*by)),
        Bar::Unfit(Unfit::NotPossible) => "not among its possible owners".to_owned(),
        Bar::Unfit(Unfit::Rule(rule)) => format!("rule {} of the group keeps it away", rule + 1),
        Bar::NotReady(resource, reason) => {
            let one = group.resource(*resource);
            let reasons = problem.nodes[node].not_ready;
            let reason = reasons.get(*reason).map_or("", |one| one.reason.as_str());
            format!("not ready for `{}` ({}): {reason}", one.name, one.kind)
        }
        Bar::Worn(worn) => self::worn(problem, ix, worn),
        Bar::Apart(never) => format!("`{}` is there, and they are never together", other(*never)),
        Bar::Elsewhere(aim) => format!("{} is not there, and it runs only with it", self::aim(problem, *aim)),
        Bar::SameDomain => "another copy is in the same failure domain".to_owned(),
        Bar::Room(measure, needed, free) => {
            format!("too little {}: it needs {needed}, and {free} is free", problem.measures[*measure])
        }
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Up => "up",
        Standing::Paused => "paused: it keeps what it has and gets nothing more",
        Standing::Draining => "being drained",
        Standing::Maintenance => "in maintenance",
        Standing::Joining => "not a full member yet",
        Standing::Isolated => "cut off from the majority",
        Standing::Down => "down",
    }
}

fn worn(problem: &Problem<'_>, ix: GroupIx, worn: &Worn) -> String {
    let one = problem.groups[ix].resource(worn.resource);
    let times = times(worn.failures);
    let wait = span(worn.until_ms.saturating_sub(problem.now.unix_ms));
    format!(
        "`{}` failed there {times} lately; forgotten in {wait}, or with `steadfast resource clear {}`",
        one.name, one.name
    )
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

fn aim(problem: &Problem<'_>, aim: Aim) -> String {
    let name = problem.groups[aim.group].name();
    if aim.primary { format!("the primary of `{name}`") } else { format!("`{name}`") }
}

/// A span for people: the two largest units at most.
fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
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
        Why::Needs(aim) => {
            format!("it is online only while {} is, which will not be", self::aim(problem, aim))
        }
        Why::GivenUp(count, until_ms) => {
            let how_often = match count {
                0 => "it is never moved for failures".to_owned(),
                count => format!("it was moved for failures {} lately", times(count)),
            };
            let wait = span(until_ms.saturating_sub(problem.now.unix_ms));
            let name = problem.groups[ix].name();
            format!(
                "{how_often}, and is given up; tried again in {wait}, or after `steadfast group online {name}`"
            )
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

fn nowhere(problem: &Problem<'_>, placement: &Placement, ix: GroupIx) -> String {
    let was = problem.groups[ix].copies.iter().find(|copy| copy.is_here()).map(|copy| copy.node);
    let weighed = &placement.choices[ix].weighed;
    let left = weighed.iter().find_map(|(node, verdict)| match verdict {
        Verdict::Barred(bar) if Some(*node) == was => Some((node, bar)),
        _ => None,
    });
    match left {
        Some((node, bar)) => {
            let name = problem.nodes[*node].name;
            format!(
                "there is no node where it can be; {name}, where it was: {}",
                self::bar(problem, ix, *node, bar)
            )
        }
        None => "there is no node where it can be".to_owned(),
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
    let names: Vec<&str> = places.iter().map(|at| problem.nodes[at.node].name.as_str()).collect();
    let to = names.join(", ");
    let sentence = match outcome {
        Outcome::Stays => format!("online on {to}, and nothing speaks against it"),
        Outcome::Recovers => recovers(problem, placement, continuity, ix, &to),
        Outcome::Moves => {
            let was = group.copies.iter().filter(|copy| copy.is_here());
            let was = was.map(|copy| copy.node).find(|node| !places.iter().any(|at| at.node == *node));
            let left = placement.left.get(&ix).filter(|(node, _)| Some(*node) == was);
            let left = left.map(|(node, bar)| self::bar(problem, ix, *node, bar));
            let from = was.map_or("?", |node| problem.nodes[node].name.as_str());
            let why = left.unwrap_or_else(|| wanted(placement, ix, was));
            format!("from {from} to {to}: {from}: {why}")
        }
        _ => format!("on {to}: {}", chosen(placement, ix)),
    };
    let wanted = group.clones.map_or(0, |clones| clones.primaries as usize);
    match places.iter().filter(|at| at.primary).count() {
        primaries if primaries < wanted => format!("{sentence}; {}", no_primary(problem, ix)),
        _ => sentence,
    }
}

/// What is done with a group that stays where it is.
fn recovers(
    problem: &Problem<'_>,
    placement: &Placement,
    continuity: &Continuity,
    ix: GroupIx,
    to: &str,
) -> String {
    let group = &problem.groups[ix];
    let at = |node: NodeIx| problem.nodes[node].name;
    let copies = group.copies.iter().filter(|copy| copy.is_here());
    for copy in copies {
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
            return format!(
                "on {to}, without `{name}`, which is optional: {}",
                self::worn(problem, ix, &worn)
            );
        }
        return format!(
            "`{name}` is restarted on {}: {}",
            at(node),
            self::because(problem, placement, ix, node, because)
        );
    }
    let places = &placement.choices[ix].places;
    let new_primary = places
        .iter()
        .find(|place| place.primary && !group.on(place.node).is_some_and(|copy| copy.view.primary));
    match new_primary {
        Some(place) => format!("on {to}: {} becomes the primary", at(place.node)),
        None => format!("on {to}: what does not run there is started"),
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

/// Why a group leaves a node where it could be.
fn wanted(placement: &Placement, ix: GroupIx, was: Option<NodeIx>) -> String {
    let weighed = &placement.choices[ix].weighed;
    let verdict = weighed.iter().find(|(node, _)| Some(*node) == was).map(|(_, verdict)| verdict);
    match verdict {
        Some(Verdict::Less(criterion)) => less(*criterion).to_owned(),
        _ => "another node is better".to_owned(),
    }
}

/// Why a node was chosen: by what the nearest of the others lost.
fn chosen(placement: &Placement, ix: GroupIx) -> String {
    let lost = placement.choices[ix].weighed.iter().filter_map(|(_, verdict)| match verdict {
        Verdict::Less(criterion) => Some(*criterion),
        _ => None,
    });
    let why = match lost.max() {
        None if placement.choices[ix].places.len() > 1 => return "everywhere it can be".to_owned(),
        None => return "the only node where it can be".to_owned(),
        Some(Criterion::MakesRoom) => "nobody has to leave for it there",
        Some(Criterion::Carries) => "what runs only with it can follow",
        Some(Criterion::Asked) => "it was asked for",
        Some(Criterion::FailedStart) => "it did not fail to start there",
        Some(Criterion::Stays | Criterion::Here) => "it is there",
        Some(Criterion::Score) => "worth the most to it",
        Some(Criterion::Domain) => "in a failure domain with fewer copies",
        Some(Criterion::Share) => "the emptiest of equals",
        Some(Criterion::Count) => "the one of equals with the fewest groups",
        Some(Criterion::Order) => "the first of equals",
    };
    why.to_owned()
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

/// Why a step is taken.
pub(crate) fn because(
    problem: &Problem<'_>,
    placement: &Placement,
    ix: GroupIx,
    node: NodeIx,
    because: Because,
) -> String {
    let group = &problem.groups[ix];
    match because {
        Because::Placed => step_placed(problem, placement, ix, node),
        Because::Failed => "it failed".to_owned(),
        Because::Changed => "its parameters have changed".to_owned(),
        Because::NotRunning => "it does not run, and should".to_owned(),
        Because::NeedsResource(resource) => {
            format!("it needs `{}`, which is stopped", group.resource(resource).name)
        }
        Because::NeedsGroup(other) => {
            format!("it needs `{}`, which is interrupted", problem.groups[other].name())
        }
        Because::FoundTwice => "it was found on several nodes".to_owned(),
        Because::Stranger => "the file does not know it any more".to_owned(),
        Because::Unknown => "nobody knows whether it runs".to_owned(),
    }
}

/// In few words, for each step; the group's report says more.
fn step_placed(problem: &Problem<'_>, placement: &Placement, ix: GroupIx, node: NodeIx) -> String {
    let choice = &placement.choices[ix];
    let name = |node: NodeIx| problem.nodes[node].name;
    let comes = choice.places.iter().find(|at| at.node == node);
    let group = &problem.groups[ix];
    let left = group.copies.iter().filter(|copy| copy.is_here() && copy.node != node).map(|copy| copy.node);
    let left = left.clone().find(|other| !choice.places.iter().any(|at| at.node == *other));
    match (comes, choice.places.first(), left) {
        (Some(_), _, Some(from)) => format!("it moves from {} to {}", name(from), name(node)),
        (Some(at), ..) if at.primary => "it is to be primary here".to_owned(),
        (Some(_), ..) => format!("it is to be on {}", name(node)),
        (None, Some(to), _) => format!("it moves from {} to {}", name(node), name(to.node)),
        (None, None, _) => "it is to be offline".to_owned(),
    }
}
