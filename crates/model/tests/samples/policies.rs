//! Every policy, said: each field, and each kind of condition and effect.

use model::desired::{
    AnyOf, Clones, Date, Day, Effect, FoundTwice, GroupPolicy, Limit, OnFail, Place, ResourcePolicy, Rule,
    Target, When,
};
use std::collections::BTreeMap;

fn target(text: &str) -> Target {
    text.parse().unwrap()
}

fn limit(text: &str) -> Option<Limit> {
    Some(text.parse().unwrap())
}

/// No field is at its default.
pub(super) fn of_a_group() -> GroupPolicy {
    GroupPolicy {
        priority: -3,
        stickiness: 100,
        scores: BTreeMap::from([("n1".parse().unwrap(), 100), ("n2".parse().unwrap(), -50)]),
        rules: rules(),
        runs_with: vec![target("db"), target("web:primary")],
        never_with: vec![target("mail")],
        near: BTreeMap::from([(target("db"), 100), (target("web:primary"), -50)]),
        apart_by: Place::FailureDomain,
        start_after: vec![AnyOf::One(target("db")), AnyOf::Any(vec![target("web"), target("mail:primary")])],
        prefer_after: vec!["web".parse().unwrap()],
        uses: BTreeMap::from([("memory".to_owned(), 4096)]),
        unmanaged: true,
        restarts: limit("3 in 15m"),
        failovers: limit("never"),
        found_twice: FoundTwice::KeepOwner,
        clones: Some(Clones { max: Some(3), min: 2, interleave: true, one_by_one: true, primaries: 1 }),
    }
}

fn rules() -> Vec<Rule> {
    let asked = |texts: &[&str]| {
        let numbered = ('a'..).zip(texts);
        numbered.map(|(name, text)| (name.to_string(), text.parse().unwrap())).collect()
    };
    let date = |text: &str| Some(text.parse::<Date>().unwrap());
    let when = When {
        hours: Some((22, 4)),
        days: Day::ALL.to_vec(),
        from: date("2026-12-24"),
        until: date("2027-01-06"),
    };
    let every = asked(&["a", "!= a", "< 8", "<= 8", ">= -8", "> 8", "set", "not set"]);
    vec![
        Rule { node: every, when, primary: true, then: Effect::Score(-7) },
        Rule { node: BTreeMap::new(), when: When::default(), primary: false, then: Effect::Only },
        Rule { node: asked(&["x"]), when: When::default(), primary: false, then: Effect::Never },
    ]
}

/// No field is at its default.
pub(super) fn of_a_resource() -> ResourcePolicy {
    ResourcePolicy {
        on_fail: OnFail::Demote,
        optional: true,
        restarts: limit("5 in 1h"),
        unmanaged: true,
        live_migration: true,
        looks_alive_ms: Some(5_000),
        is_alive_ms: Some(60_000),
        online_within_ms: Some(180_000),
        offline_within_ms: Some(90_000),
    }
}
