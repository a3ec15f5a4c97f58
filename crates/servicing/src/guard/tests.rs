//! Every kind of offer, and what becomes of it.

use super::*;
use crate::samples::{at, baseline, file, library, package, packaged, path};
use model::BaselineGeneration;
use model::stored::{Floor, PackageScheme};

const HELPER: &str = "/usr/lib/libhelper.so.4";
const TAPE: &str = "/opt/tape/libtape.so";

fn validated() -> Baseline {
    baseline(&[(HELPER, packaged(4, "4.0")), (TAPE, library(7, &["open", "close"]))])
}

fn offer(version: &str, installed: Option<&str>) -> Offer {
    Offer {
        package: package(version),
        installed: installed.map(str::to_owned),
        files: BTreeMap::new(),
        source: "x.deb".to_owned(),
    }
}

fn why(baseline: &Baseline, offer: &Offer) -> Option<Why> {
    refusals(baseline, std::slice::from_ref(offer), &[], at(5_000)).pop().map(|it| it.why)
}

fn older() -> Option<Why> {
    Some(Why::Older { validated: "4.0".to_owned() })
}

#[test]
fn only_what_goes_back_is_refused() {
    let baseline = validated();
    for (offered, installed, expected) in [
        ("3.0", Some("4.0"), older()),
        ("3.0", Some("5.0"), older()),
        ("3.0", None, older()),
        ("4.0~rc1", Some("4.0"), older()),
        ("4.0", Some("4.0"), None),
        ("4.0", Some("5.0"), None), // back to what was validated
        ("4.5", Some("5.0"), None), // still later than that
        ("5.0", Some("4.0"), None), // an update
        ("3.5", Some("3.0"), None), // nearer than what is there
        ("3.0", Some("3.0"), None), // changes nothing
        ("no version!", Some("4.0"), None),
    ] {
        assert_eq!(why(&baseline, &offer(offered, installed)), expected, "{offered} over {installed:?}");
    }
}

#[test]
fn another_scheme_or_another_name_says_nothing() {
    let rpm = PackageVersion { scheme: PackageScheme::Rpm, ..package("3.0") };
    assert_eq!(why(&validated(), &Offer { package: rpm, ..offer("3.0", Some("4.0")) }), None);
    let other = PackageVersion { name: "other".to_owned(), ..package("3.0") };
    assert_eq!(why(&validated(), &Offer { package: other, ..offer("3.0", Some("4.0")) }), None);
}

#[test]
fn a_floor_holds_also_for_what_gets_newer() {
    let mut baseline = validated();
    let floor = |version: &str| Floor {
        version: version.to_owned(),
        scheme: PackageScheme::Dpkg,
        reason: "CVE-1".to_owned(),
    };
    baseline.floors.insert("helper".to_owned(), floor("4.2"));
    let below = Some(Why::BelowFloor { floor: "4.2".to_owned(), reason: "CVE-1".to_owned() });
    assert_eq!(why(&baseline, &offer("4.1", Some("4.0"))), below);
    assert_eq!(why(&baseline, &offer("4.2", Some("4.0"))), None);
    // Also of a package that no file is of.
    baseline.floors.insert("kernel".to_owned(), floor("6.1"));
    let kernel = PackageVersion { name: "kernel".to_owned(), ..package("5.10") };
    assert!(matches!(
        why(&baseline, &Offer { package: kernel, ..offer("5.10", None) }),
        Some(Why::BelowFloor { .. })
    ));
}

#[test]
fn what_was_taken_back_is_refused_though_it_is_newer() {
    let mut baseline = validated();
    let known = |byte: u8, version: &str| KnownContent {
        generation: BaselineGeneration(2),
        content: packaged(byte, version).content,
        package: Some(package(version)),
    };
    baseline.known.insert(path(HELPER), vec![known(5, "5.0"), known(3, "3.0")]);
    assert_eq!(
        why(&baseline, &offer("5.0", Some("4.0"))),
        Some(Why::Withdrawn { validated: "4.0".to_owned() })
    );
    assert_eq!(why(&baseline, &offer("5.1", Some("4.0"))), None, "its successor may be good");
    assert_eq!(withdrawn(&baseline), BTreeMap::from([("helper".to_owned(), vec!["5.0".to_owned()])]));
}

#[test]
fn another_package_may_bring_a_file_but_not_an_older_one() {
    let baseline = validated();
    let brings = |at: &str, component: Component| {
        let other = PackageVersion { name: "option-pack".to_owned(), ..package("9.0") };
        let files = BTreeMap::from([(path(at), component)]);
        why(&baseline, &Offer { package: other, files, ..offer("9.0", None) })
    };
    assert!(matches!(brings(TAPE, library(1, &["open"])), Some(Why::OlderFile { .. })), "it lacks a symbol");
    assert_eq!(brings(TAPE, library(7, &["open", "close"])), None, "the same");
    assert_eq!(brings(TAPE, library(1, &["open", "close", "seek"])), None, "newer");
    assert_eq!(brings(TAPE, file(1)), None, "nobody knows");
    assert_eq!(brings("/etc/other", file(1)), None);
    let mut baseline = validated();
    let component = file(3);
    let known =
        KnownContent { generation: BaselineGeneration(1), content: component.content.clone(), package: None };
    baseline.known.insert(path(HELPER), vec![known]);
    let other = PackageVersion { name: "option-pack".to_owned(), ..package("9.0") };
    let files = BTreeMap::from([(path(HELPER), component)]);
    let refused = refusals(&baseline, &[Offer { package: other, files, ..offer("9.0", None) }], &[], at(0));
    let sentence = refused[0].sentence(3);
    assert!(sentence.contains("option-pack 9.0 would put an older /usr/lib/libhelper.so.4"), "{sentence}");
    assert_eq!(refused[0].subjects, ["disk"]);
}

#[test]
fn leave_is_for_one_package_and_one_version_and_a_while() {
    let permit = |package: &str, version: Option<&str>, until| Permit {
        package: package.to_owned(),
        version: version.map(str::to_owned),
        until: at(until),
        reason: "because".to_owned(),
        by: "root on n1".to_owned(),
    };
    let refused = |permit: Permit| {
        !refusals(&validated(), &[offer("3.0", Some("4.0"))], &[permit], at(5_000)).is_empty()
    };
    assert!(!refused(permit("helper", Some("3.0"), 6_000)));
    assert!(!refused(permit("helper", None, 6_000)));
    assert!(refused(permit("helper", Some("2.0"), 6_000)));
    assert!(refused(permit("other", None, 6_000)));
    assert!(refused(permit("helper", None, 5_000)));
}
