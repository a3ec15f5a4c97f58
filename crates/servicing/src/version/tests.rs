//! The vectors of whoever made the rules; what is no version; that an order is one.

use super::{Scheme, Version, dpkg, rpm};
use proptest::prelude::*;
use std::cmp::Ordering;

/// Lines of two versions and how the first compares with the second.
fn vectors(text: &str) -> impl Iterator<Item = (&str, &str, Ordering)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [a, b, result] = words[..] else { panic!("{line}") };
        (a, b, result.parse::<i8>().unwrap().cmp(&0))
    })
}

/// Both ways round.
fn check(text: &str, order: impl Fn(&str, &str) -> Option<Ordering>) {
    for (a, b, expected) in vectors(text) {
        assert_eq!(order(a, b), Some(expected), "{a} {b}");
        assert_eq!(order(b, a), Some(expected.reverse()), "{b} {a}");
    }
}

fn version(scheme: Scheme, text: &str) -> Version {
    Version::parse(scheme, text).unwrap()
}

#[test]
fn dpkg_s_own_vectors() {
    check(include_str!("vectors/dpkg.txt"), |a, b| Some(dpkg::order(a, b)));
}

#[test]
fn apt_s_own_vectors() {
    check(include_str!("vectors/apt.txt"), |a, b| version(Scheme::Dpkg, a).order(&version(Scheme::Dpkg, b)));
}

#[test]
fn rpm_s_own_vectors() {
    check(include_str!("vectors/rpm.txt"), rpm::order);
}

#[test]
fn the_examples_of_semantic_versioning() {
    check(include_str!("vectors/semver.txt"), |a, b| {
        version(Scheme::Semver, a).order(&version(Scheme::Semver, b))
    });
}

#[test]
fn what_dpkg_refuses_or_warns_about_is_no_version() {
    let good = [
        "0",
        "0:0",
        "0:0-",
        "0:0-0",
        "0:0.0-0.0",
        "1:0",
        "5:1",
        "0:0-0-0",
        "0:0:0-0",
        "0:0:0-0-0",
        "0:0-0:0-0",
        "0:09azAZ.-+~:-0",
        "0:0-azAZ09.+~",
        "  \t0:0-1",
        "0:0-1\t  ",
    ];
    for text in good {
        assert!(Version::parse(Scheme::Dpkg, text).is_ok(), "{text}");
    }
    let bad = [
        "",
        "  ",
        "0:",
        "0:0 0-1",
        "-1:0-1",
        "999999999999999999999999:0-1",
        "2147483648:0",
        "+1:0",
        "a:0-0",
        "A:0-0",
        "-0",
        "0:-0",
        "0:abc3-0",
        "0:0-0:0",
        "10a:5.2",
        "5.2@3-2",
        "foo5.2",
        "0:foo5.2",
    ];
    for text in bad {
        assert!(Version::parse(Scheme::Dpkg, text).is_err(), "{text}");
    }
    for odd in "!#@$%&/|\\<>()[]{};,_=*^'\"".chars() {
        for text in [format!("0:0{odd}-0"), format!("0:0-{odd}")] {
            assert!(Version::parse(Scheme::Dpkg, &text).is_err(), "{text}");
        }
    }
}

#[test]
fn what_is_no_version_says_why() {
    let why = |scheme, text| Version::parse(scheme, text).unwrap_err().to_string();
    assert_eq!(
        why(Scheme::Dpkg, "foo5.2"),
        "\"foo5.2\" is no version of dpkg: its upstream version does not begin with a digit"
    );
    assert_eq!(
        why(Scheme::Semver, "1.0"),
        "\"1.0\" is no version of semver: it is not major.minor.patch, with [-pre][+build]"
    );
    for text in ["", "-1", "1-", "x:1", "1 2", "1-2-3", "1/2"] {
        assert!(Version::parse(Scheme::Rpm, text).is_err(), "{text}");
    }
    for text in ["", " ", "A\u{0}"] {
        assert!(Version::parse(Scheme::Symbols, text).is_err(), "{text}");
    }
}

#[test]
fn of_rpm_an_epoch_decides_before_the_version_and_the_release_after_it() {
    let order = |a, b| version(Scheme::Rpm, a).order(&version(Scheme::Rpm, b));
    assert_eq!(order("1:1.0-1", "2.0-1"), Some(Ordering::Greater));
    assert_eq!(order("0:2.0-1", "2.0-1"), Some(Ordering::Equal));
    assert_eq!(order("2.0-1.el9", "2.0-1.el9_2"), Some(Ordering::Less));
    assert_eq!(order("2.0-9", "2.0-10"), Some(Ordering::Less));
    assert_eq!(order("2.0", "2.0-10"), None, "rpm takes any release for that");
    assert_eq!(order("2.1", "2.0-10"), Some(Ordering::Greater));
}

#[test]
fn a_library_is_newer_when_it_defines_all_that_another_one_does_and_more() {
    let order = |a, b| version(Scheme::Symbols, a).order(&version(Scheme::Symbols, b));
    assert_eq!(order("HELPER_3", "HELPER_3 HELPER_4"), Some(Ordering::Less));
    assert_eq!(order("HELPER_4 HELPER_3", "HELPER_3"), Some(Ordering::Greater));
    assert_eq!(order("HELPER_4 HELPER_3", "HELPER_3  HELPER_4"), Some(Ordering::Equal));
    assert_eq!(order("HELPER_3 HELPER_4", "HELPER_3 FORK_1"), None, "neither is the other's successor");
}

#[test]
fn what_has_another_scheme_is_not_ordered() {
    let schemes = [Scheme::Dpkg, Scheme::Rpm, Scheme::Semver, Scheme::Symbols];
    for one in schemes {
        for other in schemes {
            let order = version(one, "1.0.0").order(&version(other, "1.0.0"));
            assert_eq!(order, (one == other).then_some(Ordering::Equal), "{one} {other}");
        }
    }
}

/// Texts in which the rules of both meet as often as possible.
fn text() -> impl Strategy<Value = String> {
    "[0-2]{0,2}[:~^.a-c+-]{0,2}[0-1]{0,3}[~^.aB-]{0,2}[0-9]{0,2}"
}

/// An order is total, the same both ways round, and goes on over a third.
fn is_an_order(order: impl Fn(&str, &str) -> Ordering, [a, b, c]: [&str; 3]) {
    assert_eq!(order(a, a), Ordering::Equal, "{a}");
    assert_eq!(order(a, b), order(b, a).reverse(), "{a} {b}");
    if order(a, b) == order(b, c) {
        assert_eq!(order(a, c), order(a, b), "{a} {b} {c}");
    }
    if order(a, b) == Ordering::Equal {
        assert_eq!(order(a, c), order(b, c), "{a} {b} {c}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_orders_is_an_order(a in text(), b in text(), c in text()) {
        is_an_order(dpkg::order, [&a, &b, &c]);
        // Both with a release, since without one rpm's rule is none.
        let released = [&a, &b, &c].map(|text| text.replace('-', "_") + "-1");
        let released = released.each_ref().map(String::as_str);
        is_an_order(|a, b| rpm::order(a, b).unwrap(), released);
    }

    #[test]
    fn no_text_is_too_strange(a in ".{0,40}", b in ".{0,40}") {
        for scheme in [Scheme::Dpkg, Scheme::Rpm, Scheme::Semver, Scheme::Symbols] {
            if let (Ok(a), Ok(b)) = (Version::parse(scheme, &a), Version::parse(scheme, &b)) {
                let _ = a.order(&b);
            }
        }
        let _ = (dpkg::order(&a, &b), rpm::order(&a, &b));
    }
}
