//! Rules that say nothing, or the opposite of each other; and nodes that are scored and never used.

use crate::findings::Findings;
use crate::place::At;
use crate::read::{PlacedGroup, PlacedNode, PlacedRule};
use model::NodeName;
use model::desired::{Condition, Effect, Rule, When};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(groups: &[PlacedGroup], nodes: &[PlacedNode], findings: &mut Findings<'_>) {
    let attributes: BTreeSet<&str> =
        nodes.iter().flat_map(|node| node.spec.attributes.keys().map(String::as_str)).collect();
    let capacities: BTreeSet<&str> =
        nodes.iter().flat_map(|node| node.spec.capacity.keys().map(String::as_str)).collect();
    for group in groups {
        owners(group, findings);
        for rule in &group.policy.rules {
            says_something(rule, group, findings);
            for name in rule.attributes.iter().filter(|name| !attributes.contains(name.value.as_str())) {
                let message = format!(
                    "{} asks for `{}`, which no `[[node]]` has as an attribute",
                    rule.what, name.value
                );
                findings.warning_near(&name.span, message, &name.value, attributes.iter().copied());
            }
        }
        for (name, _) in &group.policy.uses {
            if !capacities.contains(name.value.0.as_str()) {
                let message = format!(
                    "{} uses `{}`, of which no `[[node]]` has a capacity, so it is not limited anywhere",
                    group.what(),
                    name.value.0
                );
                findings.warning_near(&name.span, message, &name.value.0, capacities.iter().copied());
            }
        }
        opposites(&group.policy.rules, group, findings);
    }
}

/// What is said of a node that the group can never be on.
fn owners(group: &PlacedGroup, findings: &mut Findings<'_>) {
    if group.possible.is_empty() {
        return;
    }
    let possible: BTreeSet<&NodeName> = group.possible.iter().map(|possible| &possible.value).collect();
    let preferred = group.preferred.iter().map(|at| (at, "is a preferred owner of"));
    let scored = group.policy.scores.iter().map(|at| (at, "has a score for"));
    for (At { value, span }, how) in preferred.chain(scored) {
        if !possible.contains(value) {
            let message = format!(
                "`{value}` {how} {} but is not among its possible owners, so it will never run there",
                group.what()
            );
            findings.warning(span, message);
        }
    }
}

fn says_something(rule: &PlacedRule, group: &PlacedGroup, findings: &mut Findings<'_>) {
    let Rule { node, when, primary, then } = &rule.at.value;
    let always = *when == When::default();
    let (what, span) = (&rule.what, &rule.at.span);
    match then {
        Effect::Score(0) => findings.warning(span, format!("{what} says nothing: its score is 0")),
        Effect::Score(_) if node.is_empty() => {
            let message = format!("{what} says nothing: every node is worth the same more or less by it");
            findings.warning(span, message);
        }
        Effect::Only if node.is_empty() && always => {
            findings.warning(span, format!("{what} says nothing: it is about every node, at any time"));
        }
        Effect::Never if node.is_empty() && always => {
            let who = if *primary { "the primary of " } else { "" };
            let message =
                format!("{what} is about every node, at any time: {who}{} is nowhere", group.what());
            findings.error(span, message);
        }
        Effect::Score(_) | Effect::Only | Effect::Never => {}
    }
}

/// Two rules of a group of which no node can fulfil both, whenever either holds.
fn opposites(rules: &[PlacedRule], group: &PlacedGroup, findings: &mut Findings<'_>) {
    for (place, rule) in rules.iter().enumerate() {
        let mut earlier = (1..).zip(&rules[..place]);
        let opposite = earlier.find_map(|(number, other)| Some((number, other, opposite(rule, other)?)));
        if let Some((number, other, why)) = opposite {
            let line = findings.line(&other.at.span);
            let message = format!(
                "{} and rule {number} (line {line}) leave no node for {}: {why}",
                rule.what,
                group.what()
            );
            findings.error(&rule.at.span, message);
        }
    }
}

fn opposite(one: &PlacedRule, other: &PlacedRule) -> Option<String> {
    let (one, other) = (&one.at.value, &other.at.value);
    if one.when != other.when || one.primary != other.primary {
        return None;
    }
    match (one.then, other.then) {
        (Effect::Only, Effect::Never) | (Effect::Never, Effect::Only) if one.node == other.node => {
            Some("one says \"only\" and the other \"never\" of the same".to_owned())
        }
        (Effect::Only, Effect::Only) => different_values(&one.node, &other.node),
        _ => None,
    }
}

fn different_values(
    one: &BTreeMap<String, Condition>,
    other: &BTreeMap<String, Condition>,
) -> Option<String> {
    one.iter().find_map(|(name, asked)| match (asked, other.get(name)?) {
        (Condition::Is(one), Condition::Is(other)) if one != other => {
            Some(format!("`{name}` cannot be `{one}` and `{other}`"))
        }
        _ => None,
    })
}
