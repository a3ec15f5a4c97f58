//! What a `[[group.resource]]` says of its looks, and of what is done with it and about its failures.

use super::Section;
use crate::findings::Findings;
use crate::place::{At, Span};
use model::desired::{OnFail, ResourcePolicy};
use std::ops::RangeInclusive;

/// Keys of every resource besides its name, type and dependencies.
pub(super) const KEYS: [&str; 9] = [
    "on_fail",
    "optional",
    "restarts",
    "unmanaged",
    "live_migration",
    "looks_alive",
    "is_alive",
    "online_within",
    "offline_within",
];

/// Between looks: from a tenth of a second (closer, and looks are all that a node does) to an hour
/// (what is looked at less often is not watched).
const LOOKS_MS: RangeInclusive<u64> = 100..=3_600_000;

/// To start or stop: at least the second in which a busy machine may not even have started a program;
/// at most a day, because a group that is still starting then hangs.
const WITHIN_MS: RangeInclusive<u64> = 1_000..=86_400_000;

/// The words of a resource for the planner and its monitor, with the places of those that checks look at.
#[derive(Debug, Default)]
pub(crate) struct PlacedCare {
    pub(crate) value: ResourcePolicy,
    pub(crate) on_fail: Option<Span>,
    pub(crate) optional: Option<Span>,
    pub(crate) restarts: Option<Span>,
    pub(crate) unmanaged: Option<At<bool>>,
    pub(crate) live_migration: Option<Span>,
    pub(crate) looks_alive: Option<Span>,
    pub(crate) is_alive: Option<Span>,
}

pub(super) fn care(section: &Section<'_>, findings: &mut Findings<'_>) -> PlacedCare {
    let words = OnFail::ALL.map(|word| (word.as_str(), word));
    let flag = |at: &Option<At<bool>>| at.as_ref().is_some_and(|at| at.value);
    let place = |key: &str| section.get(key).map(|value| value.span());
    let unmanaged = section.flag("unmanaged", findings);
    let mut within = |key| section.duration(key, WITHIN_MS, findings).map(|at| at.value);
    let (online_within_ms, offline_within_ms) = (within("online_within"), within("offline_within"));
    let mut looks = |key| section.duration(key, LOOKS_MS, findings).map(|at| at.value);
    let (looks_alive_ms, is_alive_ms) = (looks("looks_alive"), looks("is_alive"));
    let value = ResourcePolicy {
        on_fail: section.one_of("on_fail", &words, findings).unwrap_or_default(),
        optional: flag(&section.flag("optional", findings)),
        restarts: section.limit("restarts", findings).map(|at| at.value),
        unmanaged: flag(&unmanaged),
        live_migration: flag(&section.flag("live_migration", findings)),
        looks_alive_ms,
        is_alive_ms,
        online_within_ms,
        offline_within_ms,
    };
    PlacedCare {
        value,
        on_fail: place("on_fail"),
        optional: place("optional"),
        restarts: place("restarts"),
        unmanaged,
        live_migration: place("live_migration"),
        looks_alive: place("looks_alive"),
        is_alive: place("is_alive"),
    }
}
