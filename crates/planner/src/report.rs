//! Why everything is where it is to be: as data, with a sentence for people in each place.
//!
//! A sentence names the nodes and resources that it is about, says what decided, and where somebody can
//! do something about it, what. Programs read the codes beside the sentences, which do not change.

mod decision;
mod obstacle;
mod sentences;
mod steps;
mod words;

pub(crate) use steps::because;

use crate::ids::{GroupIx, NodeIx};
use crate::ordering::Ordered;
use crate::placement::{Choice, Placement, Verdict, Why, is_there};
use crate::plan::Step;
use crate::problem::{Group, Problem};
use crate::view::State;
use model::{GroupName, NodeName};
use serde::{Deserialize, Serialize};

/// Where every group is to be, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// A report for each group, in the order of names.
    pub groups: Vec<GroupReport>,
    /// When the same knowledge may lead to another plan, in milliseconds since 1970: a failure is
    /// forgotten then, a lease ends, or an hour begins that the file names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_ms: Option<u64>,
}

/// Where a group is to be, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReport {
    /// Which group.
    pub group: GroupName,
    /// What happens to it.
    pub outcome: Outcome,
    /// Where it is to be. Nothing: nowhere.
    pub places: Vec<PlaceReport>,
    /// The sentence.
    pub reason: String,
    /// What became of each node, where more than one was a question, or where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub considered: Vec<Considered>,
}

/// Where a group, or a copy of one, is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceReport {
    /// The node.
    pub node: NodeName,
    /// As the primary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
}

/// What happens to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing: it is online where it is to be.
    Stays,
    /// It comes online.
    Starts,
    /// It goes to another node.
    Moves,
    /// Something of it is stopped and started again where it is.
    Recovers,
    /// It goes offline.
    Stops,
    /// It is offline, and remains so.
    Down,
    /// The cluster does nothing with it.
    Frozen,
}

impl Outcome {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stays => "stays",
            Self::Starts => "starts",
            Self::Moves => "moves",
            Self::Recovers => "recovers",
            Self::Stops => "stops",
            Self::Down => "down",
            Self::Frozen => "frozen",
        }
    }
}

/// What became of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// Which.
    pub node: NodeName,
    /// `chosen`, `barred`, or the criterion by which it lost.
    pub code: String,
    /// The sentence.
    pub reason: String,
}

/// Up to so many nodes are told without being asked for, of a group that has no place.
const CONSIDERED_MAX: usize = 64;

/// The report on everything.
pub(crate) fn report(
    problem: &Problem<'_>,
    placement: &Placement,
    ordered: &Ordered,
    focus: Option<GroupIx>,
) -> Report {
    let of_group = |(ix, group): (GroupIx, &Group<'_>)| {
        let choice = &placement.choices[ix];
        let outcome = outcome(problem, ix, choice, ordered.is_touched[ix]);
        let place = |at: &crate::placement::Chosen| PlaceReport {
            node: problem.nodes[at.node].name.clone(),
            primary: at.primary,
        };
        let is_asked = focus == Some(ix) || choice.why == Why::Nowhere;
        let considered =
            choice.weighed.iter().take(if focus == Some(ix) { usize::MAX } else { CONSIDERED_MAX });
        let considered = considered.filter(|_| is_asked).map(|(node, verdict)| Considered {
            node: problem.nodes[*node].name.clone(),
            code: sentences::code(verdict),
            reason: sentences::verdict(problem, placement, ix, *node, verdict),
        });
        GroupReport {
            group: group.name().clone(),
            outcome,
            places: choice.places.iter().map(place).collect(),
            reason: sentences::group(problem, placement, &ordered.continuity, ix, outcome),
            considered: considered.collect(),
        }
    };
    Report { groups: problem.groups.iter().map(of_group).collect(), next_ms: next(problem, &ordered.steps) }
}

fn outcome(problem: &Problem<'_>, ix: GroupIx, choice: &Choice, is_touched: bool) -> Outcome {
    let group = &problem.groups[ix];
    if matches!(choice.why, Why::Frozen(_)) {
        return Outcome::Frozen;
    }
    let was = || group.copies.iter().filter(|copy| copy.is_here()).map(|copy| copy.node);
    let is_new = |at: &crate::placement::Chosen| !was().any(|node| node == at.node);
    let is_left = |node: NodeIx| !choice.places.iter().any(|at| at.node == node);
    let runs = |copy: &crate::problem::Copy<'_>| {
        copy.states.values().any(|state| state.serves()) && is_there(problem.nodes[copy.node].standing)
    };
    let unknown =
        |copy: &crate::problem::Copy<'_>| copy.states.values().any(|state| *state == State::Unknown);
    let is_unknown = group.copies.iter().any(unknown);
    match (choice.places.is_empty(), is_touched) {
        (true, true) => Outcome::Stops,
        (true, false) => Outcome::Down,
        (false, false) => Outcome::Stays,
        (false, true) if choice.places.iter().any(is_new) && was().any(is_left) => Outcome::Moves,
        (false, true) if choice.places.iter().any(is_new) && !group.copies.iter().any(runs) => {
            Outcome::Starts
        }
        (false, true) if is_unknown => Outcome::Recovers,
        (false, true) if !group.copies.iter().any(runs) && !was().any(is_left) => Outcome::Starts,
        (false, true) => Outcome::Recovers,
    }
}

/// When something will be different by the passing of time alone.
fn next(problem: &Problem<'_>, steps: &[Step]) -> Option<u64> {
    let now_ms = problem.now.unix_ms;
    let leases = steps.iter().filter_map(|step| step.not_before_ms);
    let failures = problem.groups.iter().flat_map(|(ix, group)| {
        let worn = problem.nodes.places().filter_map(move |node| crate::problem::worn(problem, ix, node));
        let given_up = crate::problem::given_up(problem, ix).map(|(_, until_ms)| until_ms);
        let has_failed = !group.view.failures.is_empty() || !group.view.failovers.is_empty();
        worn.map(|worn| worn.until_ms).chain(given_up).take(if has_failed { usize::MAX } else { 0 })
    });
    let by_calendar = problem.groups.values().any(|group| {
        matches!(group.spec.failback, model::desired::Failback::Window { .. })
            || group.spec.policy.rules.iter().any(|rule| rule.when != model::desired::When::default())
    });
    // Local hours begin at quarter hours of UTC, wherever one is (Nepal is 5 h 45 min ahead).
    const QUARTER_MS: u64 = 900_000;
    let next_hour = by_calendar.then(|| (now_ms / QUARTER_MS + 1) * QUARTER_MS);
    leases.chain(failures).chain(next_hour).filter(|at_ms| *at_ms > now_ms).min()
}

impl Report {
    /// The report on a group.
    #[must_use]
    pub fn group(&self, name: &GroupName) -> Option<&GroupReport> {
        self.groups.iter().find(|report| report.group == *name)
    }
}

impl Verdict {
    /// Whether a node could be taken.
    pub(crate) fn is_open(self) -> bool {
        !matches!(self, Self::Barred(_))
    }
}
