//! Each way that a baseline can go, and who has to sign it.

use super::*;
use crate::samples::{at, baseline, file, library, link, packaged, path};
use model::BaselineGeneration;
use model::stored::{OrderRule, PackageScheme, Waiver};

const NOW: u64 = 2_000;

fn floor(version: &str) -> Floor {
    Floor { version: version.to_owned(), scheme: PackageScheme::Dpkg, reason: String::new() }
}

#[test]
fn each_way_that_something_can_go_has_its_word() {
    let of = |components: &[(&str, Component)]| baseline(components).components;
    let from = of(&[
        ("/a", packaged(1, "4.0")),
        ("/b", packaged(1, "4.0")),
        ("/c", file(1)),
        ("/d", link("libx.so.4")),
        ("/e", file(1)),
        ("/same", file(1)),
    ]);
    let to = of(&[
        ("/a", packaged(2, "5.0")),
        ("/b", packaged(2, "3.0")),
        ("/c", file(2)),
        ("/e", Component { mode: 0o700, ..file(1) }),
        ("/f", file(1)),
        ("/same", file(1)),
    ]);
    let said: Vec<String> =
        between(&from, &to).iter().map(|it| format!("{} {}", it.path, it.direction)).collect();
    let expected = ["/a newer", "/b older", "/c replaced", "/d removed", "/e permissions", "/f added"];
    assert_eq!(said, expected);
    assert!(between(&from, &from).is_empty());
}

#[test]
fn the_first_and_what_only_gets_newer_need_one_and_no_reason() {
    let first = baseline(&[("/a", packaged(1, "4.0"))]);
    let next = baseline(&[("/a", packaged(2, "5.0")), ("/b", file(1))]);
    for (before, enrolled) in [(None, 3), (Some(&first), 1), (Some(&first), 3)] {
        let needed = needed(before, &next, enrolled, at(NOW));
        assert_eq!((needed.signers, needed.reason), (1, false), "{before:?}");
    }
}

#[test]
fn whatever_may_be_a_step_back_needs_a_reason_and_two_once_there_are_two() {
    let before = baseline(&[("/a", packaged(1, "4.0")), ("/l", library(1, &["x", "y"]))]);
    let with = |change: &dyn Fn(&mut Baseline)| {
        let mut next = before.clone();
        change(&mut next);
        next
    };
    let waiver =
        Waiver { path: path("/a"), content: None, node: None, until: at(9), reason: "a test".to_owned() };
    let steps = [
        with(&|next| drop(next.components.insert(path("/a"), packaged(2, "3.0")))),
        with(&|next| drop(next.components.insert(path("/a"), packaged(2, "4.0")))),
        with(&|next| drop(next.components.insert(path("/l"), library(2, &["x"])))),
        with(&|next| next.waivers.push(waiver.clone())),
    ];
    for next in steps {
        let alone = needed(Some(&before), &next, 1, at(NOW));
        assert_eq!((alone.signers, alone.reason), (1, true), "{:?}", alone.lowered);
        assert_eq!(needed(Some(&before), &next, 2, at(NOW)).signers, 2, "{:?}", alone.lowered);
    }
}

#[test]
fn rules_that_go_are_a_step_back_and_rules_that_come_are_none() {
    let plain = baseline(&[("/a", packaged(1, "4.0"))]);
    let mut ruled = plain.clone();
    ruled.floors.insert("helper".to_owned(), floor("4.0"));
    ruled.order.push(OrderRule { first: "option-pack".to_owned(), then: "service-pack".to_owned() });
    assert_eq!(needed(Some(&plain), &ruled, 2, at(NOW)).signers, 1);
    assert_eq!(needed(Some(&ruled), &plain, 2, at(NOW)).lowered.len(), 2);
    let mut lower = ruled.clone();
    lower.floors.insert("helper".to_owned(), floor("3.0"));
    assert_eq!(needed(Some(&ruled), &lower, 2, at(NOW)).signers, 2);
    lower.floors.insert("helper".to_owned(), floor("no version!"));
    assert_eq!(needed(Some(&ruled), &lower, 2, at(NOW)).signers, 2);
}

#[test]
fn one_step_back_needs_one_while_the_new_one_is_on_trial() {
    let before = baseline(&[("/a", packaged(2, "5.0"))]);
    let back_to = |generation| {
        let mut next = baseline(&[("/a", packaged(1, "4.0"))]);
        next.origin = BaselineOrigin::Rollback { to: BaselineGeneration(generation) };
        next
    };
    let over = before.made.plus(SOAK);
    assert_eq!(needed(Some(&before), &back_to(2), 2, at(NOW)).signers, 1);
    assert!(needed(Some(&before), &back_to(2), 2, at(NOW)).reason);
    assert_eq!(needed(Some(&before), &back_to(1), 2, at(NOW)).signers, 2, "two steps");
    assert_eq!(needed(Some(&before), &back_to(2), 2, over).signers, 2, "it is in use since long");
}
