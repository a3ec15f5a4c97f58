//! Types come and go with the desired state, and so do the processes of their libraries.

use crate::built::{Libraries, example_in_rust};
use crate::under::{Under, failure, hear, id, kind, with};
use daemon::monitors::Change;
use resource_api::{Failure, Outcome, Verb};
use tokio::time::{Duration, sleep};

#[test]
fn a_library_is_a_process_for_as_long_as_a_type_is_registered_to_it() {
    let library = example_in_rust();
    with(async |under| {
        under.register(&[("flag-file", &library), ("flag-folder", &library)]);
        under.can_be_used("flag-file").await;
        under.can_be_used("flag-folder").await;
        let process = Under::process_of(&library).unwrap();
        // One type less: nothing is started anew.
        under.register(&[("flag-folder", &library)]);
        under.can_be_used("flag-folder").await;
        assert!(!under.monitors.standings().contains_key(&kind("flag-file")));
        assert_eq!(Under::process_of(&library), Some(process));
        under.register(&[]);
        while Under::process_of(&library).is_some() {
            sleep(Duration::from_millis(10)).await;
        }
        assert!(under.told(events::MonitorDied::ENTRY).is_empty(), "nothing of this is an accident");
    });
}

#[test]
fn a_type_that_the_library_does_not_have_is_lost_and_its_others_are_not() {
    let library = example_in_rust();
    with(async |under| {
        under.register(&[("flag-file", &library), ("flag-pole", &library)]);
        let why = under.is_lost("flag-pole").await;
        assert!(why.ends_with("has no type `flag-pole`; it has: flag-file, flag-folder"), "{why}");
        under.can_be_used("flag-file").await;
        assert!(under.monitors.describe(&kind("flag-pole")).await.unwrap_err().contains("no type"));
    });
}

#[test]
fn a_library_says_what_its_types_are_before_anybody_registers_them() {
    let libraries = Libraries::new();
    let library = example_in_rust();
    with(async |under| {
        let path = library.to_str().unwrap().parse().unwrap();
        let said = under.monitors.describe_in(&kind("flag-file"), &path).await.unwrap();
        assert_eq!(said.parameters[0].name, "path");
        let why = under.monitors.describe_in(&kind("flag-pole"), &path).await.unwrap_err();
        assert!(why.contains("has no type `flag-pole`"), "{why}");
        assert_eq!(Under::process_of(&library), None, "it has ended again");
        let nothing = libraries.path("nothing.so");
        let path = nothing.to_str().unwrap().parse().unwrap();
        let why = under.monitors.describe_in(&kind("a"), &path).await.unwrap_err();
        assert!(why.contains("nothing.so"), "{why}");
        let refuses = libraries.unruly(&["-DABI=0"]);
        let path = refuses.to_str().unwrap().parse().unwrap();
        let why = under.monitors.describe_in(&kind("unruly"), &path).await.unwrap_err();
        assert!(why.contains("too old"), "{why}");
    });
}

#[test]
fn a_resource_whose_type_gets_another_library_is_looked_after_by_that_one() {
    let libraries = Libraries::new();
    let (first, second) = (example_in_rust(), libraries.path("moved.so"));
    std::fs::copy(&first, &second).unwrap();
    let flag = libraries.path("flag");
    with(async |under| {
        under.register(&[("flag-file", &first)]);
        under.open("a", "flag-file", &[("path", flag.to_str().unwrap())]);
        assert_eq!(under.call("a", Verb::Online).await, Outcome::done());
        let mut news = under.monitors.news();
        under.register(&[("flag-file", &second)]);
        let adopted = hear(&mut news, |change| matches!(change, Change::Adopted { .. })).await;
        assert_eq!(adopted, Change::Adopted { id: id("a"), outcome: Outcome::running() });
        assert_eq!(under.call("a", Verb::Offline).await, Outcome::done());
        // Not registered at all any more: nobody else has such a type.
        under.register(&[]);
        let outcome = under.call_within("a", Verb::Probe, Duration::from_millis(200)).await;
        assert_eq!(failure(&outcome), Some(Failure::NotLoadable), "{outcome}");
    });
}
