//! What a `[[group]]` says of where and when it runs, beside its owners and failback.

use super::group::values;
use super::node::amounts;
use super::rule::{PlacedRule, rules};
use super::values::Word;
use super::{Section, clones};
use crate::findings::Findings;
use crate::place::At;
use model::desired::{AnyOf, FoundTwice, GroupPolicy, Place, SCORE_MAX, Score, Target};
use model::{GroupName, NodeName};
use std::ops::RangeInclusive;

pub(super) const KEYS: [&str; 17] = [
    "priority",
    "stickiness",
    "scores",
    "rule",
    "runs_with",
    "never_with",
    "near",
    "apart_by",
    "start_after",
    "prefer_after",
    "uses",
    "unmanaged",
    "restarts",
    "failovers",
    "found_twice",
    "clones",
    "resource",
];

/// The words of a group for the planner: what they mean, and the places of those that checks look at.
pub(crate) struct PlacedPolicy {
    pub(crate) value: GroupPolicy,
    pub(crate) scores: Vec<At<NodeName>>,
    pub(crate) rules: Vec<PlacedRule>,
    pub(crate) runs_with: Vec<At<Target>>,
    pub(crate) never_with: Vec<At<Target>>,
    pub(crate) near: Vec<At<Target>>,
    pub(crate) apart_by: Option<At<Place>>,
    pub(crate) start_after: Vec<AnyOf<At<Target>>>,
    pub(crate) prefer_after: Vec<At<GroupName>>,
    pub(crate) uses: Vec<(At<Word>, u64)>,
    pub(crate) clones: Option<clones::PlacedClones>,
}

const SCORES: RangeInclusive<i64> = -(SCORE_MAX as i64)..=SCORE_MAX as i64;

/// Less than nothing would send a group away from wherever it is, for ever.
const STICKINESS: RangeInclusive<i64> = 0..=SCORE_MAX as i64;

pub(super) fn placing(section: &Section<'_>, findings: &mut Findings<'_>) -> PlacedPolicy {
    let scores: Vec<(At<NodeName>, Score)> =
        section.numbers("scores", SCORES, "{ n1 = 100, n2 = -50 }", findings);
    let near: Vec<(At<Target>, Score)> =
        section.numbers("near", SCORES, "{ db = 100, \"cache:primary\" = -50 }", findings);
    let mut placed = PlacedPolicy {
        value: rest(section, findings),
        rules: rules(section, findings),
        runs_with: section.names("runs_with", findings),
        never_with: section.names("never_with", findings),
        apart_by: apart_by(section, findings),
        start_after: section.choices("start_after", findings),
        prefer_after: section.names("prefer_after", findings),
        uses: amounts(section, "uses", findings),
        clones: clones::clones(section, findings),
        scores: scores.iter().map(|(node, _)| node.clone()).collect(),
        near: near.iter().map(|(target, _)| target.clone()).collect(),
    };
    placed.value = GroupPolicy {
        scores: scores.into_iter().map(|(node, score)| (node.value, score)).collect(),
        near: near.into_iter().map(|(target, score)| (target.value, score)).collect(),
        rules: placed.rules.iter().map(|rule| rule.at.value.clone()).collect(),
        runs_with: values(&placed.runs_with),
        never_with: values(&placed.never_with),
        apart_by: placed.apart_by.as_ref().map(|at| at.value).unwrap_or_default(),
        start_after: placed.start_after.iter().map(choice).collect(),
        prefer_after: values(&placed.prefer_after),
        uses: placed.uses.iter().map(|(name, amount)| (name.value.0.clone(), *amount)).collect(),
        clones: placed.clones.as_ref().map(|clones| clones.value),
        ..placed.value
    };
    placed
}

/// An entry of a list of choices, without its places.
pub(super) fn choice<T: Clone>(placed: &AnyOf<At<T>>) -> AnyOf<T> {
    match placed {
        AnyOf::One(one) => AnyOf::One(one.value.clone()),
        AnyOf::Any(any) => AnyOf::Any(values(any)),
    }
}

/// What no check looks at.
fn rest(section: &Section<'_>, findings: &mut Findings<'_>) -> GroupPolicy {
    let found_twice = [
        ("stop_all", FoundTwice::StopAll),
        ("keep_owner", FoundTwice::KeepOwner),
        ("block", FoundTwice::Block),
    ];
    let number = |at: Option<At<i32>>| at.map(|at| at.value).unwrap_or_default();
    GroupPolicy {
        priority: number(section.number("priority", SCORES, findings)),
        stickiness: number(section.number("stickiness", STICKINESS, findings)),
        unmanaged: section.flag("unmanaged", findings).is_some_and(|at| at.value),
        restarts: section.limit("restarts", findings).map(|at| at.value),
        failovers: section.limit("failovers", findings).map(|at| at.value),
        found_twice: section.one_of("found_twice", &found_twice, findings).unwrap_or_default(),
        ..GroupPolicy::default()
    }
}

fn apart_by(section: &Section<'_>, findings: &mut Findings<'_>) -> Option<At<Place>> {
    let words = [("node", Place::Node), ("failure_domain", Place::FailureDomain)];
    let value = section.one_of("apart_by", &words, findings)?;
    Some(At { value, span: section.get("apart_by")?.span() })
}
