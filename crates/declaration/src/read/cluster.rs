//! `[cluster]`.

use super::Section;
use crate::findings::Findings;
use crate::place::At;
use model::desired::{Profile, StallPolicy, WhenNoneReady};
use model::{ClusterName, GroupName};
use std::ops::RangeInclusive;

/// What can be vouched for of pauses: beyond an hour nobody would wait for a takeover (`lease::Settings`).
const PAUSE_MS: RangeInclusive<u64> = 1..=3_600_000;

/// A `[cluster]` that could be read.
pub(crate) struct PlacedCluster {
    pub(crate) name: At<ClusterName>,
    pub(crate) profile: Profile,
    pub(crate) stall_policy: StallPolicy,
    pub(crate) assume_pause_below_ms: Option<u64>,
    pub(crate) maintenance: bool,
    pub(crate) when_none_ready: WhenNoneReady,
    pub(crate) one_at_a_time: Vec<Vec<At<GroupName>>>,
}

/// The `[cluster]` section; `None` where an error was found.
pub(crate) fn cluster(root: &Section<'_>, findings: &mut Findings<'_>) -> Option<PlacedCluster> {
    if root.get("cluster").is_none() {
        let message = "the section `[cluster]` is missing: expected it with the cluster's name";
        findings.error(&(0..0), message);
    }
    let (table, span) = root.table("cluster", "cluster", findings)?;
    let section = Section::new(table, span, "`[cluster]`".to_owned());
    let keys = [
        "name",
        "profile",
        "stall_policy",
        "assume_pause_below",
        "maintenance",
        "when_none_ready",
        "one_at_a_time",
    ];
    section.only_keys(&keys, findings);
    let name = section.required("name", "the cluster's name, such as name = \"shop\"", findings);
    let words = Profile::ALL.map(|profile| (profile.as_str(), profile));
    let profile = section.one_of("profile", &words, findings).unwrap_or_default();
    let stall_policy = section.parsed("stall_policy", findings).map(|at| at.value).unwrap_or_default();
    let assume_pause_below_ms = section.duration("assume_pause_below", PAUSE_MS, findings).map(|at| at.value);
    let maintenance = section.flag("maintenance", findings).is_some_and(|at| at.value);
    let words = WhenNoneReady::ALL.map(|word| (word.as_str(), word));
    let when_none_ready = section.one_of("when_none_ready", &words, findings).unwrap_or_default();
    let one_at_a_time = section.lists("one_at_a_time", findings);
    let name = name?;
    Some(PlacedCluster {
        name,
        profile,
        stall_policy,
        assume_pause_below_ms,
        maintenance,
        when_none_ready,
        one_at_a_time,
    })
}
