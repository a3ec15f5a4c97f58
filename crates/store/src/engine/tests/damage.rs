//! Damaged, cut and foreign files: refused by name and left as they were, or read as what they were.

use super::support::{NODE, Told, formed, token, write};
use crate::engine::open::{Marker, tables};
use crate::engine::record::{self, Name};
use crate::engine::types::{CommittedLeaderId, LogId, Vote};
use crate::engine::{IfMissing, OpenError, OpenStore, open_file};
use model::NodeId;
use redb::{Database, ReadableTable};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Bits flipped, each in a fresh copy. Enough to meet every kind of page many times over.
const FLIPS: u64 = 600;

struct Made {
    folder: TempDir,
    /// Closed in order.
    closed: Vec<u8>,
    /// As a power cut would leave it.
    cut: Vec<u8>,
    /// What the file held after each write, the newest last.
    contents: Vec<String>,
}

async fn make() -> Made {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cluster.db");
    let engine = formed(&path, &Arc::new(Told::default())).await;
    let mut contents = Vec::new();
    for number in 1..=130 {
        write(&engine, token(number)).await;
    }
    // Let the commit pointer be written, then look at every state that there is to fall back to.
    let mut cut = Vec::new();
    for number in 200..=204 {
        write(&engine, token(number)).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        cut = std::fs::read(&path).unwrap();
        contents.push(content(&put(&folder, &cut)).unwrap());
    }
    engine.shutdown().await;
    let closed = std::fs::read(&path).unwrap();
    Made { folder, closed, cut, contents }
}

fn put(folder: &TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("damaged.db");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Everything that the store would work with.
fn content(path: &Path) -> Result<String, OpenError> {
    let OpenStore { disk, log, snapshot, .. } = open_file(path, NODE, IfMissing::Refuse)?;
    let entries = disk.entries(0..u64::MAX).unwrap();
    // The commit pointer may be behind, so it is no part of what must be the same.
    Ok(format!("{:?} {:?} {:?} {snapshot:?} {entries:?}", log.last, log.purged, log.vote))
}

/// Whether it was refused. If so, the file is as it was.
fn refused(folder: &TempDir, bytes: &[u8], allowed: &BTreeSet<&str>, what: &str) -> bool {
    let path = put(folder, bytes);
    match content(&path) {
        Ok(content) => {
            assert!(allowed.contains(content.as_str()), "{what}: opened with another content");
            false
        }
        Err(error) => {
            assert!(std::fs::read(&path).unwrap() == bytes, "{what}: refused ({error}), but changed");
            let text = error.to_string();
            assert!(text.contains("damaged.db"), "{what}: {text}");
            true
        }
    }
}

/// A fixed sequence, so that a failure can be looked at again.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0x5eed_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 16
    })
}

fn flipped(bytes: &[u8], bit: u64) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit as usize / 8] ^= 1 << (bit % 8);
    flipped
}

#[tokio::test]
async fn a_flipped_bit_in_a_file_that_was_closed_is_refused_or_was_in_no_use() {
    let made = make().await;
    let allowed = BTreeSet::from([made.contents.last().unwrap().as_str()]);
    assert!(!refused(&made.folder, &made.closed, &allowed, "undamaged"));
    let bits = made.closed.len() as u64 * 8;
    // The header too, bit by bit: it decides which of two commits is believed.
    let header = (0..512 * 8).step_by(5);
    let mut refusals = 0;
    for bit in header.chain(numbers().take(FLIPS as usize).map(|n| n % bits)) {
        let what = format!("bit {bit} of {bits} flipped");
        refusals += u64::from(refused(&made.folder, &flipped(&made.closed, bit), &allowed, &what));
    }
    assert!(refusals > FLIPS / 10, "only {refusals} were refused: the flips met nothing");
}

#[tokio::test]
async fn a_flipped_bit_in_a_file_that_was_not_closed_falls_back_by_at_most_one_write() {
    let made = make().await;
    let allowed: BTreeSet<&str> = made.contents.iter().rev().take(2).map(String::as_str).collect();
    assert!(!refused(&made.folder, &made.cut, &allowed, "undamaged"));
    let bits = made.cut.len() as u64 * 8;
    let header = (0..512 * 8).step_by(5);
    for bit in header.chain(numbers().take(FLIPS as usize).map(|n| n % bits)) {
        let what = format!("bit {bit} of {bits} flipped");
        refused(&made.folder, &flipped(&made.cut, bit), &allowed, &what);
    }
}

#[tokio::test]
async fn a_cut_file_is_refused_at_every_length() {
    let made = make().await;
    let allowed = made.contents.iter().rev().take(2).map(String::as_str).collect();
    for (bytes, how) in [(&made.closed, "closed"), (&made.cut, "not closed")] {
        let len = bytes.len();
        let short = (0..64).chain((0..len).step_by(len / 97)).chain(len - 64..len);
        for at in short {
            let what = format!("{how}, cut at {at} of {len}");
            let was_refused = refused(&made.folder, &bytes[..at], &allowed, &what);
            assert!(was_refused || at > len / 2, "{what}: opened");
        }
    }
}

#[tokio::test]
async fn a_zeroed_sector_is_refused_or_was_in_no_use() {
    let made = make().await;
    let allowed = BTreeSet::from([made.contents.last().unwrap().as_str()]);
    for at in (0..made.closed.len()).step_by(512) {
        let mut zeroed = made.closed.clone();
        let end = zeroed.len().min(at + 512);
        zeroed[at..end].fill(0);
        refused(&made.folder, &zeroed, &allowed, &format!("sector at {at} zeroed"));
    }
}

#[test]
fn a_file_that_is_something_else_is_refused_as_such() {
    let folder = TempDir::new().unwrap();
    let nothing = BTreeSet::new();
    for foreign in [&b"SQLite format 3\0"[..], b"hello", b"r3db", &[0; 8192], b"\x7fELF\x02\x01\x01"] {
        assert!(refused(&folder, foreign, &nothing, "foreign"));
        let path = put(&folder, foreign);
        assert!(matches!(content(&path), Err(OpenError::Foreign { .. })), "{foreign:?}");
    }
    // Empty: a file of ours appears under its name only when it is complete.
    assert!(matches!(content(&put(&folder, b"")), Err(OpenError::Damaged { .. })));
    let made = open_file(&put(&folder, b""), NODE, IfMissing::Create);
    assert!(matches!(made, Err(OpenError::Damaged { .. })), "not even when one may be made");
}

#[test]
fn a_redb_file_of_another_application_is_refused_as_such() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("damaged.db");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(tables::LOG).unwrap().insert(1, &b"theirs"[..]).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let bytes = std::fs::read(&path).unwrap();
    assert!(matches!(content(&path), Err(OpenError::Foreign { .. })));
    assert!(std::fs::read(&path).unwrap() == bytes);
}

/// Changes the records of a healthy file with redb itself, as no accident would.
fn altered(folder: &TempDir, closed: &[u8], alter: impl FnOnce(&redb::WriteTransaction)) -> String {
    let path = put(folder, closed);
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    alter(&transaction);
    transaction.commit().unwrap();
    database.close().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let refused = content(&path).unwrap_err();
    assert!(std::fs::read(&path).unwrap() == bytes, "left as it is");
    refused.to_string()
}

fn put_record<T: Serialize>(transaction: &redb::WriteTransaction, name: Name, body: &T) {
    let record = record::seal(name, body);
    transaction.open_table(tables::SINGLE).unwrap().insert(name.key(), record.as_slice()).unwrap();
}

#[tokio::test]
async fn records_that_contradict_each_other_are_refused_by_name() {
    let made = make().await;
    let check = |alter: &dyn Fn(&redb::WriteTransaction), expected: &str| {
        let refused = altered(&made.folder, &made.closed, alter);
        assert!(refused.contains(expected), "{refused}");
    };
    let log = |transaction: &redb::WriteTransaction| -> Vec<(u64, Vec<u8>)> {
        let table = transaction.open_table(tables::LOG).unwrap();
        table
            .iter()
            .unwrap()
            .map(|row| row.unwrap())
            .map(|(at, bytes)| (at.value(), bytes.value().to_vec()))
            .collect()
    };
    let id = |index| LogId { leader_id: CommittedLeaderId::new(1), index };

    check(
        &|t| drop(t.open_table(tables::SINGLE).unwrap().remove("marker").unwrap()),
        "the record `marker` is missing",
    );
    check(
        &|t| put_record(t, Name::Marker, &Marker { format: 2, node: NODE }),
        "written by a newer Steadfast",
    );
    check(
        &|t| put_record(t, Name::Marker, &Marker { format: 1, node: NodeId(7) }),
        "belongs to node number 7",
    );
    check(&|t| put_record(t, Name::Committed, &id(9_999)), "`committed` points past the end of the log");
    check(&|t| put_record(t, Name::Vote, &Vote::new(0, NODE)), "`vote` is older than the newest log entry");
    check(&|t| drop(t.open_table(tables::SINGLE).unwrap().remove("snapshot").unwrap()), "no snapshot holds");
    check(
        &|t| {
            let (middle, _) = log(t)[5];
            t.open_table(tables::LOG).unwrap().remove(middle).unwrap();
        },
        "is missing",
    );
    check(
        &|t| {
            let entries = log(t);
            t.open_table(tables::LOG).unwrap().insert(entries[5].0, entries[6].1.as_slice()).unwrap();
        },
        "does not match its checksum",
    );
    // Without its last entry the log is still a log; but the commit pointer knows better.
    check(
        &|t| {
            let (last, _) = *log(t).last().unwrap();
            t.open_table(tables::LOG).unwrap().remove(last).unwrap();
        },
        "`committed` points past the end of the log",
    );
}
