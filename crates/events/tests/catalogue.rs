//! What every entry must have, so that an event helps whoever reads it.

use events::{Entry, Level, entries};
use std::collections::BTreeSet;

/// The numbers taken from Microsoft's cluster service, each with its meaning there and where that was
/// verified. A number is borrowed only for the same meaning; a number that is merely remembered is not
/// borrowed: such events have ids of our own. There is one exception, and it says so.
const BORROWED: &[(u32, &str, &str)] = &[
    (1000, "the service hit an unexpected fatal error", WSFC),
    (1009, "the service could neither join an existing cluster nor form one", "KB Q218922, Q171451, Q251284"),
    (1011, "a node was evicted", WSFC),
    (1021, "too little space where the cluster keeps its log", "KB Q251284"),
    (1049, "an address is in use on the network", WSFC),
    (1057, "the cluster database could not be loaded: missing or corrupt", WSFC),
    (1058, "the library of a resource type could not be loaded", "KB Q218922"),
    (1059, "the library of a resource type failed to initialise", UNVERIFIED),
    (1063, "the service was stopped in order", "KB Q251284"),
    (1066, "a disk's data is corrupt", WSFC),
    (1069, "a resource failed", WSFC),
    (1070, "a node failed to join", WSFC),
    (1080, "the cluster database could not be written: disk full or damaged", WSFC),
    (1092, "forming the cluster failed", WSFC),
    (1093, "this computer is not recognised as a member", WSFC),
    (1122, "communication with a node on a network is back", "KB 892422"),
    (1123, "communication with a node on a network is lost", "KB 892422"),
    (1127, "a cluster network interface failed", WSFC),
    (1135, "a node was removed from the active membership", WSFC),
    (1146, "the process that hosts resource code ended and is started again", WSFC),
    (1177, "quorum was lost", WSFC),
    (1205, "a group could not be brought fully online or offline", WSFC),
    (1547, "a join failed because versions are incompatible", WSFC),
    (1548, "nodes run different but compatible versions", WSFC),
];

/// Microsoft's documentation, "Failover clustering system log events".
const WSFC: &str = "failover clustering system log events";

/// Remembered only, and borrowed all the same, because the design asks for this number by name: it is
/// the companion of 1058, and whoever knows that one looks for this one.
const UNVERIFIED: &str = "asked for by the design; not verified in Microsoft's texts";

fn places(entry: &Entry) -> Vec<&'static str> {
    let after_brace = entry.message.split('{').skip(1);
    after_brace.map(|rest| rest.split_once('}').expect("a place is closed").0).collect()
}

#[test]
fn every_entry_has_a_message_a_cause_and_a_remedy_in_whole_sentences() {
    for entry in entries() {
        for (what, text) in [("message", entry.message), ("cause", entry.cause), ("remedy", entry.remedy)] {
            assert!(text.len() >= 12, "{} {what}: {text:?}", entry.name);
            assert!(!text.contains("  ") && !text.contains('\n'), "{} {what}: stray white space", entry.name);
            assert!(text.ends_with(['.', '}']), "{} {what} is not a sentence: {text:?}", entry.name);
            assert!(text.matches('`').count() % 2 == 0, "{} {what}: unpaired backtick", entry.name);
        }
    }
}

#[test]
fn every_event_above_information_names_a_command_or_a_setting_to_go_to() {
    for entry in entries().iter().filter(|entry| entry.level > Level::Information) {
        assert!(entry.remedy.contains('`'), "{}: {}", entry.name, entry.remedy);
    }
}

#[test]
fn the_places_of_a_message_are_its_fields_each_once() {
    for entry in entries() {
        let mut places = places(entry);
        let mut fields: Vec<&str> = entry.fields.iter().map(|field| field.name).collect();
        places.sort_unstable();
        fields.sort_unstable();
        assert_eq!(places, fields, "{}", entry.name);
    }
}

#[test]
fn every_field_has_a_meaning_and_optional_ones_say_what_their_absence_means() {
    for entry in entries() {
        for field in entry.fields {
            assert!(!field.meaning.is_empty(), "{}.{}", entry.name, field.name);
            let optional = field.kind.starts_with("Option");
            assert_eq!(optional, field.absent.is_some(), "{}.{}", entry.name, field.name);
        }
    }
}

#[test]
fn no_two_entries_share_an_id_or_a_name() {
    let ids: BTreeSet<u32> = entries().iter().map(|entry| entry.id).collect();
    let names: BTreeSet<&str> = entries().iter().map(|entry| entry.name).collect();
    assert_eq!(ids.len(), entries().len());
    assert_eq!(names.len(), entries().len());
}

#[test]
fn names_are_upper_snake_case() {
    let good = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    for entry in entries() {
        assert!(entry.name.chars().all(good), "{}", entry.name);
    }
}

#[test]
fn numbers_below_20000_are_borrowed_with_evidence_and_no_borrowing_is_left_over() {
    let borrowed: BTreeSet<u32> = BORROWED.iter().map(|(id, _, _)| *id).collect();
    let used: BTreeSet<u32> = entries().iter().map(|entry| entry.id).filter(|id| *id < 20_000).collect();
    assert_eq!(used, borrowed);
    assert!(BORROWED.iter().all(|(_, meaning, evidence)| !meaning.is_empty() && !evidence.is_empty()));
}
