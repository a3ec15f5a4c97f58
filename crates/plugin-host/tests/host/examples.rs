//! The examples: whole lives.

use crate::built::{Libraries, example_in_rust};
use crate::client::{Host, PATIENCE, failure, id};
use resource_api::abi::exit;
use resource_api::{Failure, FromMonitor, Outcome, ToMonitor, Verb};
use std::fs;

#[test]
fn the_example_in_rust_serves_two_types() {
    let folder = tempfile::tempdir().unwrap();
    let library = example_in_rust();
    let check = elf::check(&library);
    assert!(check.is_good(), "{:?}", check.problems);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_steadfast-plugin-host"));
    let check = elf::check_in(&elf::Search::of_this_machine(), Some(program), &library);
    assert!(check.is_good(), "as it is loaded, too: {:?}", check.problems);
    let mut host = Host::of(&library);
    let types = host.types();
    assert_eq!(types.keys().collect::<Vec<_>>(), ["flag-file", "flag-folder"]);
    for (kind, name) in [("flag-file", "a"), ("flag-folder", "b")] {
        let path = folder.path().join(name);
        host.open(name, kind, &[("path", path.to_str().unwrap())]);
        assert_eq!(host.call(name, Verb::Validate), Outcome::done());
        assert_eq!(host.call(name, Verb::Probe), Outcome::not_running());
        assert_eq!(host.call(name, Verb::Online), Outcome::done());
        assert_eq!(host.call(name, Verb::IsAlive), Outcome::running());
        assert!(path.exists());
        assert_eq!(host.call(name, Verb::Offline), Outcome::done());
        assert_eq!(host.call(name, Verb::Offline), Outcome::done(), "twice is as good as once");
        assert_eq!(host.call(name, Verb::LooksAlive), Outcome::not_running());
        assert_eq!(failure(&host.call(name, Verb::Reserve)), Some(Failure::Unimplemented));
    }
    host.open("c", "flag-file", &[]);
    let outcome = host.call("c", Verb::Online);
    assert_eq!(failure(&outcome), Some(Failure::NotConfigured));
    assert!(outcome.text.contains("parameter `path` is missing"), "{outcome}");
    host.say(&ToMonitor::Quit);
    assert_eq!(host.end().0.code(), Some(i32::from(exit::DONE)));
}

#[test]
fn the_example_in_c_lives_its_life_and_is_found_again_by_the_next_process() {
    let libraries = Libraries::new();
    libraries.helper(4);
    let library = libraries.example_in_c();
    let device = libraries.path("disk");
    fs::write(&device, "").unwrap();
    let device = device.to_str().unwrap();
    let mut host = Host::of(&library);
    host.say(&ToMonitor::Describe { kind: "vendor-disk".parse().unwrap() });
    let described = host.hear(|said| match said {
        FromMonitor::Described { description, .. } => description.clone(),
        _ => None,
    });
    assert_eq!((described.version.as_str(), described.parameters[0].name.as_str()), ("4.0", "device"));
    assert!(described.parameters[0].required && described.verbs.contains_key(&Verb::Control));
    host.open("data", "vendor-disk", &[("device", device)]);
    assert_eq!(host.call("data", Verb::Online), Outcome::done());
    assert_eq!(host.control("data", "device"), Outcome { text: device.to_owned(), ..Outcome::done() });
    // The daemon dies; what runs goes on running.
    assert_eq!(host.hang_up().code(), Some(i32::from(exit::DONE)));
    host.prints(&format!("{device}: claimed"));
    let mut host = Host::of(&library);
    host.open("data", "vendor-disk", &[("device", device)]);
    assert_eq!(host.call("data", Verb::Probe), Outcome::running());
    assert_eq!(host.call("data", Verb::Offline), Outcome::done());
    assert_eq!(host.call("data", Verb::Probe), Outcome::not_running());
    // With other parameters from now on.
    host.open("data", "vendor-disk", &[("device", "/no/such/device")]);
    assert_eq!(failure(&host.call("data", Verb::Validate)), Some(Failure::Arguments));
    host.say(&ToMonitor::Close { id: id("data") });
    let call = host.ask("data", Verb::Online, PATIENCE);
    assert!(host.answer(call).text.contains("g/data was not opened"));
}

/// Knowledge Base Q218922: a resource library that needs a newer helper than the one on the node.
#[test]
fn an_older_helper_is_found_out_before_anything_runs_and_the_loader_agrees() {
    let libraries = Libraries::new();
    libraries.helper(4);
    let library = libraries.example_in_c();
    let check = elf::check(&library);
    assert!(check.is_good(), "{:?}", check.problems);
    libraries.helper(3);
    let problems = elf::check(&library).problems;
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    let said = problem.to_string();
    assert!(said.contains("vendor_is_claimed") && said.contains("libvendor.so.3"), "{said}");
    let (_, why, code) = Host::of(&library).refusal();
    assert!(why.contains("vendor_is_claimed"), "{why}");
    assert_eq!(code, Some(i32::from(exit::LOAD)));
}
