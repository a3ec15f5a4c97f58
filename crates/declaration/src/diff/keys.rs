//! What is said of a thing, as keys and values in the file's notation.
//!
//! What a file leaves out is left out here too, but for the few defaults that somebody who reads a diff
//! should see. Whatever differs between two specs has to differ here, or a change would not be told; the
//! patterns below name every field, so that a new one cannot be forgotten.

use crate::types;
use crate::value::Ms;
use model::desired::{
    AnyOf, Clones, ClusterSpec, Effect, FoundTwice, GroupPolicy, GroupSpec, NodeSpec, OnFail, Place,
    ResourcePolicy, ResourceSpec, Rule, TypeSpec, WhenNoneReady,
};
use std::fmt::Display;

/// Keys with values, in the order in which they are told.
pub(super) type Keys = Vec<(String, String)>;

pub(super) fn cluster_keys(spec: &ClusterSpec) -> Keys {
    let mut keys =
        vec![key("profile", quoted(&spec.profile)), key("stall_policy", quoted(&spec.stall_policy))];
    keys.extend(spec.assume_pause_below_ms.map(|ms| key("assume_pause_below", quoted(&Ms(ms)))));
    keys.extend(flag("maintenance", spec.maintenance));
    let when = spec.when_none_ready;
    keys.extend((when != WhenNoneReady::default()).then(|| key("when_none_ready", quoted(&when.as_str()))));
    let lists: Vec<String> = spec.one_at_a_time.iter().map(|list| texts(list)).collect();
    keys.extend((!lists.is_empty()).then(|| key("one_at_a_time", bracketed(&lists))));
    keys
}

pub(super) fn type_keys(one: &TypeSpec) -> Keys {
    vec![key("library", quoted(&one.library))]
}

pub(super) fn node_keys(node: &NodeSpec) -> Keys {
    let NodeSpec { name: _, failure_domain, attributes, capacity } = node;
    let mut keys: Keys = failure_domain.iter().map(|domain| key("failure_domain", quoted(domain))).collect();
    keys.extend(attributes.iter().map(|(name, value)| entry("attributes", name, quoted(value))));
    keys.extend(capacity.iter().map(|(name, amount)| entry("capacity", name, amount.to_string())));
    keys
}

pub(super) fn group_keys(group: &GroupSpec) -> Keys {
    let mut keys: Keys = Vec::new();
    keys.extend(group.description.iter().map(|text| key("description", quoted(text))));
    keys.extend(list("preferred_owners", &group.preferred_owners));
    keys.extend(list("possible_owners", &group.possible_owners));
    keys.extend(list("anti_affinity", &group.anti_affinity));
    keys.push(key("failback", quoted(&group.failback)));
    policy_keys(&group.policy, &mut keys);
    keys
}

fn policy_keys(policy: &GroupPolicy, keys: &mut Keys) {
    let GroupPolicy {
        priority,
        stickiness,
        scores,
        rules,
        runs_with,
        never_with,
        near,
        apart_by,
        start_after,
        prefer_after,
        uses,
        unmanaged,
        restarts,
        failovers,
        found_twice,
        clones,
    } = policy;
    keys.extend((*priority != 0).then(|| key("priority", priority.to_string())));
    keys.extend((*stickiness != 0).then(|| key("stickiness", stickiness.to_string())));
    keys.extend(scores.iter().map(|(node, score)| entry("scores", node, score.to_string())));
    keys.extend(list("runs_with", runs_with));
    keys.extend(list("never_with", never_with));
    keys.extend(near.iter().map(|(target, score)| entry("near", target, score.to_string())));
    keys.extend((*apart_by == Place::FailureDomain).then(|| key("apart_by", quoted(&"failure_domain"))));
    keys.extend(choices("start_after", start_after));
    keys.extend(list("prefer_after", prefer_after));
    keys.extend(uses.iter().map(|(name, amount)| entry("uses", name, amount.to_string())));
    keys.extend(flag("unmanaged", *unmanaged));
    keys.extend(restarts.iter().map(|limit| key("restarts", quoted(limit))));
    keys.extend(failovers.iter().map(|limit| key("failovers", quoted(limit))));
    let found_twice = match found_twice {
        FoundTwice::StopAll => None,
        FoundTwice::KeepOwner => Some("keep_owner"),
        FoundTwice::Block => Some("block"),
    };
    keys.extend(found_twice.map(|word| key("found_twice", quoted(&word))));
    keys.extend(clones.iter().flat_map(clone_keys));
    // Rules have no names. Their order has no meaning, but it is how people count them.
    keys.extend((1..).zip(rules).map(|(number, rule)| (format!("rule {number}"), rule_text(rule))));
}

fn clone_keys(clones: &Clones) -> Keys {
    let Clones { max, min, interleave, one_by_one, primaries } = clones;
    // The least that a section says is that there is one.
    let mut keys = vec![key("clones.min", min.to_string())];
    keys.extend(max.iter().map(|max| key("clones.max", max.to_string())));
    keys.extend((*primaries != 0).then(|| key("clones.primaries", primaries.to_string())));
    keys.extend(flag("clones.interleave", *interleave));
    keys.extend(flag("clones.one_by_one", *one_by_one));
    keys
}

/// A rule on one line, as a table of the file.
fn rule_text(rule: &Rule) -> String {
    let Rule { node, when, primary, then } = rule;
    let mut parts: Vec<String> = Vec::new();
    if !node.is_empty() {
        let asked = node.iter().map(|(name, asked)| format!("{} = {}", key_text(name), quoted(asked)));
        let asked: Vec<String> = asked.collect();
        parts.push(format!("node = {{ {} }}", asked.join(", ")));
    }
    parts.extend(when.hours.map(|(first, until)| format!("hours = \"{first:02}-{until:02}\"")));
    if !when.days.is_empty() {
        let days: Vec<&str> = when.days.iter().map(|day| day.as_str()).collect();
        parts.push(format!("days = {days:?}"));
    }
    parts.extend(when.from.map(|date| format!("from = \"{date}\"")));
    parts.extend(when.until.map(|date| format!("until = \"{date}\"")));
    parts.extend(primary.then(|| "primary = true".to_owned()));
    parts.push(match then {
        Effect::Score(score) => format!("then = {score}"),
        Effect::Never => "then = \"never\"".to_owned(),
        Effect::Only => "then = \"only\"".to_owned(),
    });
    format!("{{ {} }}", parts.join(", "))
}

pub(super) fn resource_keys(resource: &ResourceSpec) -> Keys {
    let mut keys = vec![key("type", quoted(&resource.kind))];
    keys.extend(choices("depends_on", &resource.depends_on));
    keys.push(key("exclusive", quoted(&resource.exclusive.as_str())));
    care_keys(&resource.policy, &mut keys);
    let prefix = if types::resource_type(resource.kind.as_str()).is_some() { "" } else { "parameters." };
    keys.extend(
        resource.parameters.iter().map(|(name, value)| key(&format!("{prefix}{name}"), value.to_string())),
    );
    keys
}

fn care_keys(policy: &ResourcePolicy, keys: &mut Keys) {
    let ResourcePolicy {
        on_fail,
        optional,
        restarts,
        unmanaged,
        live_migration,
        looks_alive_ms,
        is_alive_ms,
        online_within_ms,
        offline_within_ms,
    } = policy;
    keys.extend((*on_fail != OnFail::default()).then(|| key("on_fail", quoted(&on_fail.as_str()))));
    keys.extend(flag("optional", *optional));
    keys.extend(restarts.iter().map(|limit| key("restarts", quoted(limit))));
    keys.extend(flag("unmanaged", *unmanaged));
    keys.extend(flag("live_migration", *live_migration));
    let times = [
        ("looks_alive", looks_alive_ms),
        ("is_alive", is_alive_ms),
        ("online_within", online_within_ms),
        ("offline_within", offline_within_ms),
    ];
    keys.extend(times.into_iter().filter_map(|(name, ms)| ms.map(|ms| key(name, quoted(&Ms(ms))))));
}

fn key(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

fn entry(table: &str, name: &impl Display, value: String) -> (String, String) {
    (format!("{table}.{}", key_text(&name.to_string())), value)
}

/// A key as it has to be written: `db`, or `"db:primary"`.
fn key_text(name: &str) -> String {
    let bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { name.to_owned() } else { quoted(&name) }
}

fn flag(name: &str, set: bool) -> Option<(String, String)> {
    set.then(|| key(name, "true".to_owned()))
}

fn list<T: Display>(name: &str, items: &[T]) -> Option<(String, String)> {
    (!items.is_empty()).then(|| key(name, texts(items)))
}

fn choices<T: Display>(name: &str, entries: &[AnyOf<T>]) -> Option<(String, String)> {
    let shown: Vec<String> = entries
        .iter()
        .map(|entry| match entry {
            AnyOf::One(one) => quoted(one),
            AnyOf::Any(any) => texts(any),
        })
        .collect();
    (!shown.is_empty()).then(|| key(name, bracketed(&shown)))
}

fn texts<T: Display>(items: &[T]) -> String {
    bracketed(&items.iter().map(quoted).collect::<Vec<_>>())
}

fn bracketed(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

fn quoted(value: &impl Display) -> String {
    format!("{:?}", value.to_string())
}
