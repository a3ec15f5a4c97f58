//! The comparison: every thing becomes a list of keys with values as text, and lists are compared.

use super::keys::{Keys, cluster_keys, group_keys, node_keys, resource_keys, type_keys};
use super::{Change, ChangeKind, Diff, Item, KeyChange};
use model::desired::{ClusterSpec, NodeSpec, ResourceSpec, TypeSpec};
use std::collections::{BTreeMap, BTreeSet};

/// What changes from `old` to `new`. Equal specs have no changes, and different ones have some.
#[must_use]
pub fn diff(old: &ClusterSpec, new: &ClusterSpec, text_differs: bool) -> Diff {
    let mut changes = Vec::new();
    let mut keys = different(&cluster_keys(old), &cluster_keys(new));
    keys.extend(order("order of nodes", &old.nodes, &new.nodes, |node| node.name.to_string()));
    keys.extend(order("order of types", &old.types, &new.types, |one| one.name.to_string()));
    keys.extend(order("order of groups", &old.groups, &new.groups, |group| group.name.to_string()));
    changes.extend(changed(Item::Cluster, keys));
    let item = |node: &NodeSpec| Item::Node(node.name.clone());
    things(&old.nodes, &new.nodes, |node| node.name.clone(), item, node_keys, &mut changes);
    let item = |one: &TypeSpec| Item::Type(one.name.clone());
    things(&old.types, &new.types, |one| one.name.clone(), item, type_keys, &mut changes);
    groups(old, new, &mut changes);
    Diff { changes, text_differs }
}

fn groups(old: &ClusterSpec, new: &ClusterSpec, changes: &mut Vec<Change>) {
    let of_old: BTreeMap<_, _> = old.groups.iter().map(|group| (&group.name, group)).collect();
    let in_new: BTreeSet<_> = new.groups.iter().map(|group| &group.name).collect();
    for group in &new.groups {
        let item = Item::Group(group.name.clone());
        let before = of_old.get(&group.name).copied();
        match before {
            None => changes.push(added(item, group_keys(group))),
            Some(before) => {
                let mut keys = different(&group_keys(before), &group_keys(group));
                let name = |resource: &ResourceSpec| resource.name.to_string();
                keys.extend(order("order of resources", &before.resources, &group.resources, name));
                changes.extend(changed(item, keys));
            }
        }
        let before = before.map_or(&[][..], |before| &before.resources);
        let item = |resource: &ResourceSpec| Item::Resource(group.name.clone(), resource.name.clone());
        let name = |resource: &ResourceSpec| resource.name.clone();
        things(before, &group.resources, name, item, resource_keys, changes);
    }
    for group in old.groups.iter().filter(|group| !in_new.contains(&group.name)) {
        changes.push(removed(Item::Group(group.name.clone())));
        let resources = group.resources.iter();
        changes.extend(resources.map(|one| removed(Item::Resource(group.name.clone(), one.name.clone()))));
    }
}

/// Compares things that have no parts: those of `new` in their order, then what `old` alone has.
fn things<T, N: Ord>(
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> N,
    item: impl Fn(&T) -> Item,
    keys: impl Fn(&T) -> Keys,
    changes: &mut Vec<Change>,
) {
    let of_old: BTreeMap<N, &T> = old.iter().map(|one| (name(one), one)).collect();
    let in_new: BTreeSet<N> = new.iter().map(&name).collect();
    for one in new {
        match of_old.get(&name(one)) {
            None => changes.push(added(item(one), keys(one))),
            Some(before) => changes.extend(changed(item(one), different(&keys(before), &keys(one)))),
        }
    }
    changes.extend(old.iter().filter(|one| !in_new.contains(&name(one))).map(|one| removed(item(one))));
}

fn added(item: Item, keys: Keys) -> Change {
    let keys = keys.into_iter().map(|(key, new)| KeyChange { key, old: None, new: Some(new) }).collect();
    Change { item, kind: ChangeKind::Added, keys }
}

fn changed(item: Item, keys: Vec<KeyChange>) -> Option<Change> {
    (!keys.is_empty()).then_some(Change { item, kind: ChangeKind::Changed, keys })
}

fn removed(item: Item) -> Change {
    Change { item, kind: ChangeKind::Removed, keys: Vec::new() }
}

fn different(old: &Keys, new: &Keys) -> Vec<KeyChange> {
    let by_key = |keys: &Keys| keys.iter().cloned().collect::<BTreeMap<String, String>>();
    let (old_of, new_of) = (by_key(old), by_key(new));
    let gone = old.iter().filter(|(key, _)| !new_of.contains_key(key));
    let all = new.iter().chain(gone).map(|(key, _)| key);
    let compared = all.map(|key| KeyChange {
        key: key.clone(),
        old: old_of.get(key).cloned(),
        new: new_of.get(key).cloned(),
    });
    compared.filter(|change| change.old != change.new).collect()
}

/// The order of those that both have, where it differs. Order has a meaning: it is the order of
/// what is shown, and breaks ties.
fn order<T>(key: &str, old: &[T], new: &[T], name: impl Fn(&T) -> String) -> Option<KeyChange> {
    let names = |list: &[T]| list.iter().map(&name).collect::<Vec<_>>();
    let (old, new) = (names(old), names(new));
    let in_both: BTreeSet<&String> = {
        let old: BTreeSet<_> = old.iter().collect();
        new.iter().filter(|name| old.contains(name)).collect()
    };
    let kept = |list: &[String]| {
        list.iter().filter(|name| in_both.contains(name)).cloned().collect::<Vec<_>>().join(", ")
    };
    let (old, new) = (kept(&old), kept(&new));
    (old != new).then(|| KeyChange { key: key.to_owned(), old: Some(old), new: Some(new) })
}
