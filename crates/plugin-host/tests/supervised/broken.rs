//! Libraries that cannot be loaded, before and after they could: event 1058, and the way back.

use crate::built::{Libraries, example_in_rust};
use crate::under::{Under, failure, with};
use resource_api::{Failure, Outcome, Verb};
use std::fs;

/// Knowledge Base Q218922: an older helper library is put over the newer one. The process that has the
/// newer one loaded goes on; that the next one could not start is told at once, and so is that it can.
#[test]
fn an_older_helper_put_over_the_newer_one_is_told_with_its_symbol_and_so_is_its_return() {
    let libraries = Libraries::new();
    libraries.helper(4);
    let library = libraries.example_in_c();
    let device = libraries.path("disk");
    fs::write(&device, "").unwrap();
    with(async |under| {
        under.register(&[("vendor-disk", &library)]);
        under.can_be_used("vendor-disk").await;
        under.open("data", "vendor-disk", &[("device", device.to_str().unwrap())]);
        assert_eq!(under.call("data", Verb::Online).await, Outcome::done());
        let process = Under::process_of(&library);

        libraries.helper(3);
        let told = under.tells(events::PluginNotLoadable::ENTRY, 1).await;
        for part in [
            "The resource types vendor-disk cannot be used on this node",
            &format!("Library: {}", libraries.path("libvendor.so.3").display()),
            "Missing symbol: vendor_is_claimed",
            "Expected: a version that defines vendor_is_claimed",
            "libvendor.so.3 (libvendor.so)",
            "To mend it: ",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let why = under.is_lost("vendor-disk").await;
        assert!(why.contains("vendor_is_claimed"), "{why}");
        assert_eq!(under.call("data", Verb::Probe).await, Outcome::running(), "what runs goes on running");
        assert_eq!(Under::process_of(&library), process);

        libraries.helper(4);
        under.tells(events::PluginLoadable::ENTRY, 1).await;
        under.can_be_used("vendor-disk").await;
        assert_eq!(under.call("data", Verb::Offline).await, Outcome::done());
        assert_eq!(under.told(events::PluginNotLoadable::ENTRY).len(), 1);
    });
}

#[test]
fn a_library_that_is_not_there_is_tried_again_when_it_comes_and_others_do_not_wait() {
    let libraries = Libraries::new();
    let (missing, other) = (libraries.path("late.so"), example_in_rust());
    let flag = libraries.path("flag");
    with(async |under| {
        under.register(&[("flag-file", &missing), ("flag-folder", &other)]);
        under.can_be_used("flag-folder").await;
        let told = under.tells(events::PluginNotLoadable::ENTRY, 1).await;
        assert!(told.contains(&format!("Library: {}", missing.display())), "{told}");
        assert!(told.contains("No such file"), "{told}");
        under.open("a", "flag-file", &[("path", flag.to_str().unwrap())]);
        let outcome = under.call("a", Verb::Online).await;
        assert_eq!(failure(&outcome), Some(Failure::NotLoadable), "{outcome}");
        assert!(outcome.text.contains("late.so"), "{outcome}");

        fs::copy(&other, &missing).unwrap();
        under.can_be_used("flag-file").await;
        let told = under.tells(events::PluginLoadable::ENTRY, 1).await;
        assert!(told.contains("flag-file") && told.contains("late.so"), "{told}");
        assert_eq!(under.call("a", Verb::Online).await, Outcome::done());

        // Taken away while it runs: the next process could not start.
        fs::remove_file(&missing).unwrap();
        under.tells(events::PluginNotLoadable::ENTRY, 2).await;
        assert_eq!(under.call("a", Verb::Probe).await, Outcome::running());
    });
}

#[test]
fn a_needed_library_that_is_missing_is_named() {
    let libraries = Libraries::new();
    libraries.helper(4);
    let library = libraries.example_in_c();
    fs::remove_file(libraries.path("libvendor.so")).unwrap();
    with(async |under| {
        under.register(&[("vendor-disk", &library)]);
        let told = under.tells(events::PluginNotLoadable::ENTRY, 1).await;
        assert!(
            told.contains("Library: libvendor.so. Missing symbol: none. Expected: libvendor.so"),
            "{told}"
        );
        assert!(told.contains("`apt-file search libvendor.so`"), "{told}");
        libraries.helper(4);
        under.can_be_used("vendor-disk").await;
    });
}

#[test]
fn what_is_no_plug_in_is_told_though_it_is_a_sound_library() {
    let libraries = Libraries::new();
    libraries.helper(4);
    let library = libraries.path("libvendor.so.4");
    with(async |under| {
        under.register(&[("vendor-disk", &library)]);
        let told = under.tells(events::PluginNotLoadable::ENTRY, 1).await;
        assert!(told.contains("no plug-in of Steadfast"), "{told}");
        assert_eq!(Under::process_of(&library), None);
    });
}

#[test]
fn a_start_up_that_fails_is_told_once_and_tried_again_when_the_file_changes() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&["-DHOW=\"refuse\""]);
    let other = example_in_rust();
    with(async |under| {
        under.register(&[("unruly", &library), ("flag-file", &other)]);
        let told = under.tells(events::PluginStartupFailed::ENTRY, 1).await;
        assert!(told.contains("its start-up failed: no licence"), "{told}");
        under.can_be_used("flag-file").await;
        assert!(under.is_lost("unruly").await.contains("no licence"));
        libraries.unruly(&[]);
        under.can_be_used("unruly").await;
        under.tells(events::PluginLoadable::ENTRY, 1).await;
        assert_eq!(under.told(events::PluginStartupFailed::ENTRY).len(), 1, "tried often, told once");
    });
}

#[test]
fn a_start_up_that_crashes_is_told_as_one_that_fails() {
    let libraries = Libraries::new();
    let library = libraries.unruly(&["-DHOW=\"crash\""]);
    with(async |under| {
        under.register(&[("unruly", &library)]);
        let told = under.tells(events::PluginStartupFailed::ENTRY, 1).await;
        assert!(told.contains("was ended by signal 11 during its start-up"), "{told}");
    });
}
