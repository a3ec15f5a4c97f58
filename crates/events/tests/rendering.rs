//! A message is one safe, short line, whatever its fields hold.

use events::{Draft, entries};
use model::{NodeName, Revision, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn node(name: &str) -> NodeName {
    NodeName::new(name).expect("a good name")
}

#[test]
fn a_message_is_filled_in_and_becomes_a_record() {
    let draft: Draft = events::NodeEvicted { node: node("n3"), by: "root on n1".to_owned() }.into();
    let record = draft.at_revision(Revision(7)).into_record(17, node("n1"), Timestamp::from_unix_ms(0));
    assert_eq!(record.text, "Node n3 was evicted from the cluster by root on n1.");
    assert_eq!((record.seq, record.id, record.revision), (17, 1011, Some(Revision(7))));
    assert_eq!((record.name.as_str(), record.level.as_str()), ("NODE_EVICTED", "warning"));
    assert_eq!(Value::Object(record.fields), json!({ "node": "n3", "by": "root on n1" }));
}

#[test]
fn lists_and_absent_values_read_like_words() {
    let lost = events::QuorumLost { votes: 1, needed: 2, missing: vec![node("n2"), node("n3")] };
    assert_eq!(Draft::from(lost).text(), "Quorum is lost: 1 voters answer, 2 are needed. Missing: n2, n3.");
    let token = events::TokenCreated {
        token: model::TokenId([1; 8]),
        node: None,
        expires: Timestamp::from_unix_ms(0),
        by: "root on n1".to_owned(),
    };
    assert_eq!(
        Draft::from(token).text(),
        "Join token 0101010101010101 for the first node that uses it was made by root on n1; \
         it expires at 1970-01-01T00:00:00.000Z."
    );
}

#[test]
fn a_value_that_looks_like_a_place_is_not_filled_in() {
    let evicted = events::NodeEvicted { node: node("n3"), by: "{node} {by}".to_owned() };
    assert_eq!(Draft::from(evicted).text(), "Node n3 was evicted from the cluster by {node} {by}.");
}

#[test]
fn a_long_value_is_cut_in_the_record_too() {
    let hostile = events::JoinMalformed { from: "x".repeat(10_000), problem: "y".repeat(10_000) };
    let record = Draft::from(hostile).into_record(1, node("n1"), Timestamp::from_unix_ms(0));
    assert!(serde_json::to_string(&record).unwrap().len() < 4_000);
}

fn hostile_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "\\PC*",
        any::<String>(),
        "[\\x00-\\x1f\\x7f\\u{80}-\\u{9f}\\u{2028}-\\u{202e}\\u{feff}]{0,2000}",
        (0_usize..20_000).prop_map(|n| "é".repeat(n)),
    ];
    prop_oneof![
        text.clone().prop_map(Value::String),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        prop::collection::vec(text.prop_map(Value::String), 0..20).prop_map(Value::Array),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_message_stays_one_short_line_without_control_characters(value in hostile_value()) {
        for entry in entries() {
            let fields: Map<String, Value> =
                entry.fields.iter().map(|field| (field.name.to_owned(), value.clone())).collect();
            let text = Draft { entry, fields, revision: None }.text();
            let moves = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{feff}');
            prop_assert!(!text.contains(moves), "{text:?}");
            prop_assert!(text.chars().count() <= entry.message.len() + 501 * entry.fields.len());
        }
    }
}
