//! One difference at a time, and then any.

use super::*;
use crate::inventory::{Resolution, Seen};
use crate::samples::{all_of, at, baseline, file, library, link, package, packaged, path, seen, there};
use model::stored::{Component, Content, Floor, KnownContent, OrderRule, PackageScheme, Waiver};
use model::{BaselineGeneration, ContentHash};

const LIB: &str = "/usr/lib/libhelper.so.4.0";
const LINK: &str = "/usr/lib/libhelper.so.4";
const TOOL: &str = "/usr/sbin/tool";

/// A packaged library with the link to it, and a program of nobody's.
fn validated() -> Baseline {
    let link = Component { package: Some(package("4.0-1")), ..link("libhelper.so.4.0") };
    baseline(&[(LIB, packaged(4, "4.0-1")), (LINK, link), (TOOL, file(1))])
}

fn judged_at(baseline: &Baseline, inventory: &Inventory, now: u64) -> Judgement {
    let resources = ["a/disk", "b/disk"].map(|resource| (resource.to_owned(), "disk".to_owned()));
    let mut resources = BTreeMap::from(resources);
    resources.insert("a/ip".to_owned(), "ip-address".to_owned());
    judge(&Question {
        baseline,
        inventory,
        resources: &resources,
        node: &"n2".parse().unwrap(),
        now: at(now),
        installing: false,
    })
}

/// What is found, as `class path`, and whether `a/disk` is kept from the node.
fn told(baseline: &Baseline, inventory: &Inventory) -> (Vec<String>, Option<ReadinessDegree>) {
    let judgement = judged_at(baseline, inventory, 2_000);
    let said = judgement.findings.iter().map(|it| format!("{} {}", it.class, it.what)).collect();
    assert!(!judgement.resources.contains_key("a/ip"), "who does not stand on it is not concerned");
    (said, judgement.resources.get("a/disk").map(|verdict| verdict.degree))
}

/// The same of a node that has all but this.
fn with(path_of: &str, found: Found) -> (Vec<String>, Option<ReadinessDegree>) {
    let baseline = validated();
    let mut inventory = all_of(&baseline);
    inventory.files.insert(path(path_of), found);
    told(&baseline, &inventory)
}

fn not_ready(class: &str, what: &str) -> (Vec<String>, Option<ReadinessDegree>) {
    (vec![format!("{class} {what}")], Some(ReadinessDegree::NotReady))
}

fn lowered(class: &str, what: &str) -> (Vec<String>, Option<ReadinessDegree>) {
    (vec![format!("{class} {what}")], Some(ReadinessDegree::Lowered))
}

#[test]
fn a_node_that_has_what_was_validated_is_ready_and_its_root_is_the_baselines() {
    let baseline = validated();
    let judgement = judged_at(&baseline, &all_of(&baseline), 2_000);
    assert_eq!((judgement.findings.len(), judgement.resources.len()), (0, 0));
    assert_eq!(judgement.root, judgement.expected);
}

#[test]
fn each_kind_of_file_has_its_class() {
    assert_eq!(with(LIB, Found::Missing), not_ready("missing", LIB));
    assert_eq!(with(LIB, Found::Unreadable("input/output error".to_owned())), not_ready("unreadable", LIB));
    assert_eq!(with(LIB, there(packaged(3, "3.0-1"))), not_ready("older", LIB));
    assert_eq!(with(LIB, there(packaged(3, "4.0-1"))), not_ready("foreign", LIB));
    assert_eq!(with(LIB, there(file(3))), not_ready("foreign", LIB));
    assert_eq!(with(LIB, there(packaged(5, "5.0-1"))), lowered("newer", LIB));
    assert_eq!(with(LINK, there(link("libhelper.so.3.0"))), not_ready("older", LINK));
    assert_eq!(with(LINK, there(link("/tmp/evil"))), not_ready("foreign", LINK));
    let mode = |mode| there(Component { mode, ..file(1) });
    assert_eq!(with(TOOL, mode(0o644)), not_ready("permission-lost", TOOL));
    assert_eq!(with(TOOL, mode(0o4755)), lowered("permission-changed", TOOL));
    assert_eq!(with(TOOL, there(Component { uid: 1, ..file(1) })), lowered("permission-changed", TOOL));
}

#[test]
fn a_verdict_names_the_file_both_versions_and_the_baseline_for_exactly_those_who_stand_on_it() {
    let baseline = validated();
    let mut inventory = all_of(&baseline);
    inventory.files.insert(path(LIB), there(packaged(3, "3.0-1")));
    let judgement = judged_at(&baseline, &inventory, 2_000);
    let concerned: Vec<&String> = judgement.resources.keys().collect();
    assert_eq!(concerned, ["a/disk", "b/disk"]);
    let expected = format!(
        "{LIB} is older: baseline 3 has helper 4.0-1 (content 040404040404); found is helper 3.0-1 (content \
         030303030303)"
    );
    assert_eq!(judgement.resources["a/disk"].reason, expected);
    assert_ne!(judgement.root, judgement.expected);
}

#[test]
fn an_ordinary_update_that_changes_the_names_of_files_only_lowers() {
    let baseline = validated();
    let mut inventory = all_of(&baseline);
    let new = path("/usr/lib/libhelper.so.4.1");
    inventory.files.insert(path(LIB), Found::Missing);
    inventory.files.insert(new.clone(), there(packaged(5, "4.1-1")));
    let link = Component { package: Some(package("4.1-1")), ..link("libhelper.so.4.1") };
    inventory.files.insert(path(LINK), there(link));
    inventory.packages.insert("helper".to_owned(), package("4.1-1"));
    let files = BTreeSet::from([path(LINK), new, path(TOOL)]);
    inventory.resolutions.insert("disk".to_owned(), Resolution { files, ..Resolution::default() });
    let expected = vec![format!("newer {LINK}"), format!("newer {LIB}")];
    assert_eq!(told(&baseline, &inventory), (expected, Some(ReadinessDegree::Lowered)));
    // In the middle of it, when the link still leads to the file that is gone, it could not be started.
    inventory.resolutions.insert("disk".to_owned(), all_of(&baseline).resolutions["disk"].clone());
    assert_eq!(told(&baseline, &inventory).1, Some(ReadinessDegree::NotReady));
}

#[test]
fn what_an_earlier_baseline_had_is_recognised_and_what_was_taken_back_too() {
    let mut baseline = baseline(&[(LIB, file(4)), (TOOL, packaged(4, "4.0-1"))]);
    let known = |generation, byte, package| KnownContent {
        generation: BaselineGeneration(generation),
        content: Content::Blake3(ContentHash([byte; 32])),
        package,
    };
    baseline.known.insert(path(LIB), vec![known(1, 2, None)]);
    baseline.known.insert(path(TOOL), vec![known(2, 5, Some(package("5.0-1"))), known(1, 3, None)]);
    let told_with = |at: &str, component| {
        let mut inventory = all_of(&baseline);
        inventory.files.insert(path(at), there(component));
        told(&baseline, &inventory)
    };
    assert_eq!(told_with(LIB, file(2)), not_ready("older", LIB));
    assert_eq!(told_with(TOOL, file(3)), not_ready("older", TOOL));
    assert_eq!(told_with(TOOL, packaged(5, "5.0-1")), not_ready("withdrawn", TOOL));
}

#[test]
fn below_the_floor_is_not_fit_even_where_it_is_what_was_validated() {
    let mut baseline = validated();
    let floor = Floor { version: "4.0-2".to_owned(), scheme: PackageScheme::Dpkg, reason: String::new() };
    baseline.floors.insert("helper".to_owned(), floor);
    let (said, degree) = told(&baseline, &all_of(&baseline));
    assert_eq!(said, [format!("below-floor {LINK}"), format!("below-floor {LIB}")]);
    assert_eq!(degree, Some(ReadinessDegree::NotReady));
    let judgement = judged_at(&baseline, &all_of(&baseline), 2_000);
    assert_eq!(judgement.findings[0].expected, "4.0-2 or later");
}

#[test]
fn a_copy_that_is_found_first_shadows_and_a_package_that_brings_more_does_not() {
    let baseline = validated();
    let shadow = "/usr/local/lib/libhelper.so.4";
    let stands_on = |more: &str, found: Found, without: &[&str]| {
        let mut inventory = all_of(&baseline);
        inventory.files.insert(path(more), found);
        let resolution = inventory.resolutions.get_mut("disk").unwrap();
        resolution.files.insert(path(more));
        for gone in without {
            resolution.files.remove(&path(gone));
        }
        told(&baseline, &inventory)
    };
    let copy = || there(library(9, &["x"]));
    assert_eq!(stands_on(shadow, copy(), &[LINK, LIB]), not_ready("shadowed", LINK));
    assert_eq!(stands_on("/usr/local/bin/awk", copy(), &[]), not_ready("foreign", "/usr/local/bin/awk"));
    assert_eq!(stands_on("/usr/bin/awk", there(packaged(9, "1.0")), &[]), (vec![], None));
}

#[test]
fn what_does_not_fit_counts_only_if_it_fitted_when_it_was_validated() {
    let mut baseline = validated();
    let old = "/usr/sbin/optional needs libgone.so.1, which is nowhere".to_owned();
    baseline.subjects.get_mut("disk").unwrap().problems.insert(old.clone());
    let mut inventory = all_of(&baseline);
    let problems = &mut inventory.resolutions.get_mut("disk").unwrap().problems;
    problems.insert(old);
    assert_eq!(told(&baseline, &inventory), (vec![], None));
    let problems = &mut inventory.resolutions.get_mut("disk").unwrap().problems;
    problems.insert("/usr/sbin/tool needs helper_flush, which nothing defines".to_owned());
    assert_eq!(told(&baseline, &inventory), not_ready("broken", "disk"));
}

#[test]
fn what_not_every_node_had_may_be_missing_and_is_compared_where_it_is() {
    let mut baseline = validated();
    baseline.subjects.get_mut("disk").unwrap().optional.insert(path(TOOL));
    let mut inventory = all_of(&baseline);
    inventory.files.insert(path(TOOL), Found::Missing);
    assert_eq!(told(&baseline, &inventory), (vec![], None));
    let judgement = judged_at(&baseline, &inventory, 2_000);
    assert_eq!(judgement.root, judgement.expected, "it need not be there");
    inventory.files.insert(path(TOOL), there(file(9)));
    assert_eq!(told(&baseline, &inventory), not_ready("foreign", TOOL));
}

#[test]
fn a_waiver_holds_for_its_file_its_content_its_node_and_its_time() {
    let waiver = |content: Option<u8>, node: Option<&str>| Waiver {
        path: path(LIB),
        content: content.map(|byte| Content::Blake3(ContentHash([byte; 32]))),
        node: node.map(|name| name.parse().unwrap()),
        until: at(5_000),
        reason: "a test build".to_owned(),
    };
    let found = |waiver: Waiver, now| {
        let mut baseline = validated();
        baseline.waivers.push(waiver);
        let mut inventory = all_of(&baseline);
        inventory.files.insert(path(LIB), there(file(3)));
        judged_at(&baseline, &inventory, now).findings.len()
    };
    assert_eq!(found(waiver(None, None), 4_999), 0);
    assert_eq!(found(waiver(Some(3), Some("n2")), 4_999), 0);
    assert_eq!(found(waiver(None, None), 5_000), 1, "its time is over");
    assert_eq!(found(waiver(Some(7), None), 4_999), 1, "another content");
    assert_eq!(found(waiver(None, Some("n1")), 4_999), 1, "another node");
}

#[test]
fn an_option_pack_after_the_service_pack_is_out_of_order() {
    let mut baseline = validated();
    baseline.order.push(OrderRule { first: "option-pack".to_owned(), then: "helper".to_owned() });
    let mut inventory = all_of(&baseline);
    let mut installed = |option_pack, helper| {
        inventory.installed =
            BTreeMap::from([("option-pack".to_owned(), at(option_pack)), ("helper".to_owned(), at(helper))]);
        told(&baseline, &inventory)
    };
    assert_eq!(installed(1, 2), (vec![], None));
    assert_eq!(installed(2, 1), lowered("out-of-order", "package helper"));
}

#[test]
fn the_worst_finding_speaks_for_a_resource() {
    let baseline = validated();
    let mut inventory = all_of(&baseline);
    inventory.files.insert(path(LIB), there(packaged(5, "5.0-1")));
    inventory.files.insert(path(TOOL), Found::Missing);
    let judgement = judged_at(&baseline, &inventory, 2_000);
    let verdict = &judgement.resources["b/disk"];
    assert_eq!(verdict.degree, ReadinessDegree::NotReady);
    assert!(
        verdict.reason.starts_with(TOOL) && verdict.reason.ends_with("(and 1 more)"),
        "{}",
        verdict.reason
    );
}

#[test]
fn a_file_that_its_package_did_not_bring_says_so() {
    let baseline = validated();
    let mut inventory = all_of(&baseline);
    let found = Seen { as_packaged: Some(false), ..seen(packaged(9, "5.0-1")) };
    inventory.files.insert(path(LIB), Found::There(Box::new(found)));
    let judgement = judged_at(&baseline, &inventory, 2_000);
    assert_eq!(judgement.findings[0].class, Class::Foreign);
    assert!(judgement.findings[0].found.contains("not what that package brought"));
}

#[test]
fn what_a_package_manager_has_not_finished_lets_others_go_before_and_no_more() {
    let baseline = validated();
    let mut inventory = all_of(&baseline);
    inventory.files.insert(path(LIB), there(packaged(5, "4.0-1")));
    inventory.files.insert(path(TOOL), Found::Missing);
    let resources = BTreeMap::from([("a/disk".to_owned(), "disk".to_owned())]);
    let node = "n2".parse().unwrap();
    let question = |installing| Question {
        baseline: &baseline,
        inventory: &inventory,
        resources: &resources,
        node: &node,
        now: at(2_000),
        installing,
    };
    let classes = |installing| -> Vec<Class> {
        judge(&question(installing)).findings.into_iter().map(|finding| finding.class).collect()
    };
    assert_eq!(classes(false), [Class::Missing, Class::Foreign]);
    assert_eq!(
        classes(true),
        [Class::Missing, Class::Installing],
        "what is of no package is nobody's to finish"
    );
}

mod any {
    //! Whatever is found, a node is ready for a resource exactly if nothing of it is wrong.

    use super::*;
    use proptest::prelude::*;

    fn component() -> impl Strategy<Value = Component> {
        let version = prop::sample::select(vec![None, Some("3.0"), Some("4.0"), Some("5.0~x"), Some("!")]);
        (0..3_u8, version, prop::sample::select(vec![0o644, 0o755]))
            .prop_map(|(byte, version, mode)| Component { package: version.map(package), mode, ..file(byte) })
    }

    fn found() -> impl Strategy<Value = Found> {
        let there = (component(), any::<Option<bool>>())
            .prop_map(|(component, as_packaged)| Found::There(Box::new(Seen { component, as_packaged })));
        prop_oneof![1 => Just(Found::Missing), 1 => Just(Found::Unreadable("x".to_owned())), 8 => there]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn only_the_same_or_a_newer_version_of_the_same_package_is_let_through(
            expected in component(), found in found()
        ) {
            let baseline = baseline(&[(LIB, expected.clone())]);
            let mut inventory = all_of(&baseline);
            inventory.files.insert(path(LIB), found.clone());
            let judgement = judged_at(&baseline, &inventory, 2_000);
            let is_excluded = judgement.resources.get("a/disk")
                .is_some_and(|verdict| verdict.degree >= ReadinessDegree::NotReady);
            // Said again in other words, and by hand for these few versions.
            let rank = |it: &Component| match it.package.as_ref().map(|it| it.version.as_str()) {
                Some("3.0") => Some(1), Some("4.0") => Some(2), Some("5.0~x") => Some(3), _ => None,
            };
            let is_good = match &found {
                Found::There(seen) if seen.component.content == expected.content => {
                    seen.component.mode | 0o111 == seen.component.mode || expected.mode == 0o644
                }
                Found::There(seen) => {
                    seen.as_packaged != Some(false)
                        && matches!((rank(&expected), rank(&seen.component)), (Some(was), Some(is)) if is > was)
                }
                _ => false,
            };
            prop_assert_eq!(is_excluded, !is_good);
            prop_assert_eq!(judgement.findings.is_empty(), judgement.root == judgement.expected);
        }
    }
}
