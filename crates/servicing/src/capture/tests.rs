//! Nodes that agree, nodes that differ, and what is remembered.

use super::*;
use crate::samples::{at, baseline, file, packaged, path};
use model::stored::NodeSubject;

fn maker() -> Maker {
    Maker { cluster: ClusterId([5; 16]), made: at(9_000), by: "root".to_owned(), reason: None, expires: None }
}

/// Nodes with these files, on all of which `disk` stands.
fn nodes(all: &[(&str, &[(&str, Component)])]) -> BTreeMap<NodeName, NodeInventory> {
    let node = |files: &[(&str, Component)]| {
        let components: BTreeMap<_, _> = files.iter().map(|(at, it)| (path(at), it.clone())).collect();
        let files = components.keys().map(|path| (path.clone(), "asked about".to_owned())).collect();
        let subjects = BTreeMap::from([("disk".to_owned(), NodeSubject { files, ..NodeSubject::default() })]);
        NodeInventory { components, subjects, ..NodeInventory::default() }
    };
    all.iter().map(|(name, files)| (name.parse().unwrap(), node(files))).collect()
}

#[test]
fn what_all_nodes_have_is_the_baseline_and_what_some_have_need_not_be_there() {
    let (one, more) = (("/a", packaged(1, "4.0")), ("/b", file(2)));
    let nodes = nodes(&[("n1", &[one.clone(), more.clone()]), ("n2", std::slice::from_ref(&one))]);
    let made = capture(None, &nodes, None, maker()).unwrap();
    assert_eq!(made.generation.0, 1);
    assert_eq!(made.components.len(), 2);
    let subject = &made.subjects["disk"];
    assert_eq!((subject.files.len(), &subject.optional), (2, &BTreeSet::from([path("/b")])));
}

#[test]
fn nodes_that_differ_are_told_until_somebody_says_who_is_right() {
    let nodes = nodes(&[("n1", &[("/a", packaged(1, "4.0"))]), ("n2", &[("/a", packaged(2, "3.0"))])]);
    let refused = capture(None, &nodes, None, maker()).unwrap_err().to_string();
    assert!(
        refused.contains("1 files: /a: n1 has helper 4.0") && refused.contains("n2 has helper 3.0"),
        "{refused}"
    );
    let made = capture(None, &nodes, Some(&"n1".parse().unwrap()), maker()).unwrap();
    assert_eq!(made.components[&path("/a")], packaged(1, "4.0"));
    let modes =
        self::nodes(&[("n1", &[("/a", file(1))]), ("n2", &[("/a", Component { mode: 0o4755, ..file(1) })])]);
    assert!(capture(None, &modes, None, maker()).is_err(), "permissions too");
}

#[test]
fn what_files_held_before_is_remembered_also_over_a_way_back() {
    let of = |byte, version: &str, before: Option<&Baseline>| {
        let nodes = nodes(&[("n1", &[("/a", packaged(byte, version))])]);
        capture(before, &nodes, None, maker()).unwrap()
    };
    let first = of(1, "4.0", None);
    let second = of(2, "5.0", Some(&first));
    let third = of(3, "6.0", Some(&second));
    let known = |baseline: &Baseline| -> Vec<u64> {
        baseline.known.get(&path("/a")).into_iter().flatten().map(|it| it.generation.0).collect()
    };
    assert_eq!(known(&third), [2, 1]);
    let back = rollback(&third, &second, maker());
    assert_eq!((back.generation.0, known(&back)), (4, vec![3, 1]));
    assert_eq!(back.components, second.components);
    let same = of(2, "5.0", Some(&back));
    assert_eq!(known(&same), [3, 1], "what is the same again is not remembered as something else");
}

#[test]
fn rules_stay_and_waivers_that_are_over_go() {
    let mut before = baseline(&[("/a", file(1))]);
    before.order.push(model::stored::OrderRule { first: "a".to_owned(), then: "b".to_owned() });
    for until in [5_000, 50_000] {
        let (content, node, reason) = (None, None, "x".to_owned());
        before.waivers.push(model::stored::Waiver {
            path: path("/a"),
            content,
            node,
            until: at(until),
            reason,
        });
    }
    let made = rules(&before, maker());
    assert_eq!((made.order.len(), made.waivers.len()), (1, 1));
    assert_eq!(made.components, before.components);
}
