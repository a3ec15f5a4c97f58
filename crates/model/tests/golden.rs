//! Stored types stay readable: one file per type and version in `golden/`.
//!
//! Each file holds values of one type, every variant at least once, as this version writes them.
//! The test reads them, compares, and writes them back byte for byte. `UPDATE_GOLDEN=1` writes the
//! files anew: right for a new type, and for a new *optional* field. If an existing line has
//! changed otherwise, older software can no longer read what this one writes: raise the version,
//! keep the old file (it must stay readable), and say so in CHANGELOG.md.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]
#![allow(clippy::disallowed_methods, reason = "a test of files reads files")]

mod samples;

use model::Incarnation;
use model::stored::{DOCUMENT_VERSION, HEARTBEAT_BODY_LEN, Heartbeat, JoinToken, Versioned};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// What the file of this name holds, which is what it should.
fn golden(name: &str, now: &str) -> String {
    let path = folder().join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(
        there, now,
        "{name}: is this still readable for older software? UPDATE_GOLDEN=1 writes it anew"
    );
    there
}

/// Holds the samples of one type against its file.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug + Clone>(name: &str, samples: &[T]) {
    let documents: Vec<Versioned<T>> =
        samples.iter().map(|body| Versioned { version: DOCUMENT_VERSION, body: body.clone() }).collect();
    let mut text = serde_json::to_string_pretty(&documents).unwrap();
    text.push('\n');
    let file = golden(&format!("{name}.v{DOCUMENT_VERSION}.json"), &text);

    let read: Vec<Versioned<T>> = serde_json::from_str(&file).unwrap();
    assert_eq!(read, documents, "{name}");
    for body in samples {
        assert_eq!(&Versioned::<T>::decode(&Versioned::encode(body)).unwrap(), body, "{name}");
        // A field that this version does not know yet is skipped.
        let mut json = serde_json::to_value(body).unwrap();
        if let Some(fields) = json.as_object_mut().filter(|_| is_struct::<T>()) {
            fields.insert("from_the_future".to_owned(), Value::from(1));
            assert_eq!(&serde_json::from_value::<T>(json).unwrap(), body, "{name}");
        }
    }
    for version in (1..=DOCUMENT_VERSION).filter(|version| *version != DOCUMENT_VERSION) {
        let older = std::fs::read_to_string(folder().join(format!("{name}.v{version}.json")));
        // A type that is younger than that has none.
        if let Ok(older) = older {
            serde_json::from_str::<Vec<Versioned<T>>>(&older).unwrap();
        }
    }
}

/// An enum is written as its variant's name, around which nothing can be added.
fn is_struct<T>() -> bool {
    let name = std::any::type_name::<T>();
    ![
        "Actor",
        "Command",
        "Outcome",
        "Rejection",
        "CredentialKind",
        "HelloAnswer",
        "GroupChange",
        "BaselineOrigin",
        "GuardDeed",
        "Content",
    ]
    .iter()
    .any(|e| name.ends_with(e))
}

macro_rules! types {
    ($($name:ident)*) => {
        /// The types that have a file.
        const TYPES: &[&str] = &[$(stringify!($name)),*];

        #[test]
        fn every_stored_type_is_read_and_written_back_byte_for_byte() {
            $( check(&kebab(stringify!($name)), &<model::stored::$name as samples::Samples>::samples()); )*
        }
    };
}

types! {
    Proposal Actor Command NewNode Outcome Rejection
    EventRecord
    Identity MemberHint
    JoinRequest JoinAnswer Hello HelloAnswer
    LeaseRequest LeaseGrant
    ClusterState ClusterRecord NodeRecord EvictedRecord TokenRecord Role CredentialKind CredentialRecord
    TypeProblem
    GroupRecord CopyRecord CopyStage NeedRecord FailureRecord NodeIntent NodeMeans GateKind WatchdogRecord
    GroupChange
    Baseline BaselineOrigin Component Content PackageVersion PackageScheme SymbolSet KnownContent Floor OrderRule
    Waiver Subject SignedBaseline BaselineSignature SignerRecord
    GuardPolicy GuardNote GuardDeed Permit Permits
    ReadinessRecord ReadinessVerdict ReadinessDegree FindingRecord NodeInventory NodeSubject
    ProtocolRange SoftwareVersion
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// `incarnations.json` in the data directory: the lives that it has had.
#[test]
fn the_list_of_lives_is_read_and_written_back() {
    check("incarnations", &[vec![Incarnation([1; 8]), Incarnation([2; 8])]]);
}

#[test]
fn a_heartbeat_keeps_its_layout() {
    let hex: String = samples::heartbeat().encode().iter().map(|byte| format!("{byte:02x}")).collect();
    let file = golden("heartbeat.v1.hex", &format!("{hex}\n"));
    let bytes: Vec<u8> = file
        .trim()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    assert_eq!(bytes.len(), HEARTBEAT_BODY_LEN);
    assert_eq!(Heartbeat::decode(&bytes).unwrap(), samples::heartbeat());
}

#[test]
fn a_join_token_keeps_its_form() {
    let file = golden("join-token.v1.txt", &format!("{}\n", samples::join_token()));
    assert_eq!(file.parse::<JoinToken>().unwrap(), samples::join_token());
}

#[test]
fn no_stored_type_is_without_a_file() {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/stored");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(source).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut serializable = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[derive(") {
                serializable = line.contains("Serialize");
            } else if let Some(rest) =
                line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))
            {
                if serializable {
                    found.insert(rest.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned());
                }
                serializable = false;
            }
        }
    }
    // The envelope itself is around every file.
    found.remove("Versioned");
    let known: BTreeSet<String> = TYPES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, known, "add it to `types!` above, and its samples");
}
