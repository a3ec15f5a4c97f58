//! Reading a whole database before it is trusted.

use super::log::Log;
use super::open::{Loaded, Marker, OpenError, builder, damaged, guarded, tables};
use super::record::{self, BadRecord, Name, Why};
use super::types::{Entry, LogId, SnapshotData, SnapshotMeta, Vote};
use model::NodeId;
use model::stored::{ClusterState, DOCUMENT_VERSION, UnreadableDocument};
use openraft::entry::RaftEntry;
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend, TableError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What every redb file begins with.
const MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

/// The layouts this software reads.
const NEWEST_FORMAT: u32 = 1;

/// A snapshot as it is stored: the state, and which entries are in it.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredSnapshot<S> {
    pub(super) meta: SnapshotMeta,
    pub(super) state: S,
}

/// Checks everything in the bytes of a database file.
pub(super) fn verify(bytes: &[u8], node: NodeId, label: &str) -> Result<Loaded, OpenError> {
    let head = &bytes[..bytes.len().min(MAGIC.len())];
    if head.is_empty() {
        return Err(damaged(label, "it is empty"));
    }
    if !MAGIC.starts_with(head) {
        let what = "it does not begin like a redb file".to_owned();
        return Err(OpenError::Foreign { file: label.to_owned(), what });
    }
    let database = guarded(label, || {
        let copy = InMemoryBackend::new();
        copy.set_len(bytes.len() as u64)?;
        copy.write(0, bytes)?;
        builder().set_check_integrity_on_open(true).create_with_backend(copy)
    })?;
    guarded(label, || Ok(load(&database, node, label)))?
}

fn load(database: &Database, node: NodeId, label: &str) -> Result<Loaded, OpenError> {
    let broken = |error: redb::Error| damaged(label, error);
    let transaction = database.begin_read().map_err(|e| broken(e.into()))?;
    let single = match transaction.open_table(tables::SINGLE) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => {
            return Err(OpenError::Foreign {
                file: label.to_owned(),
                what: "it is a redb file of another application".to_owned(),
            });
        }
        Err(error) => return Err(broken(error.into())),
    };
    let log = transaction.open_table(tables::LOG).map_err(|e| broken(e.into()))?;
    let bad = |error| bad_record(label, error);

    let marker: Marker =
        read(&single, Name::Marker, label)?.ok_or_else(|| bad(Name::Marker.bad(Why::Missing)))?;
    if marker.format > NEWEST_FORMAT {
        let (file, found) = (label.to_owned(), marker.format);
        return Err(OpenError::TooNew { file, found, supported: NEWEST_FORMAT });
    }
    if marker.node != node {
        return Err(OpenError::OtherNode { file: label.to_owned(), found: marker.node, expected: node });
    }

    let purged: Option<LogId> = read(&single, Name::Purged, label)?;
    let mut last = purged;
    for row in log.iter().map_err(|e| broken(e.into()))? {
        let (index, bytes) = row.map_err(|e| broken(e.into()))?;
        let name = Name::Entry(index.value());
        let entry: Entry = record::unseal(name, bytes.value()).map_err(bad)?;
        follows(last, &entry, name).map_err(bad)?;
        last = Some(entry.log_id());
    }
    let vote: Option<Vote> = read(&single, Name::Vote, label)?;
    let committed: Option<LogId> = read(&single, Name::Committed, label)?;
    let snapshot: Option<StoredSnapshot<ClusterState>> = read(&single, Name::Snapshot, label)?;
    let snapshot: Option<(SnapshotMeta, SnapshotData)> = snapshot.map(|s| (s.meta, Arc::new(s.state)));

    let covered = snapshot.as_ref().and_then(|(meta, _)| meta.last_log_id);
    agree(last, purged, vote, committed, covered).map_err(bad)?;
    Ok(Loaded { log: Log { last, purged, vote, committed, ..Log::default() }, snapshot })
}

fn read<T: DeserializeOwned>(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    name: Name,
    label: &str,
) -> Result<Option<T>, OpenError> {
    let record = table.get(name.key()).map_err(|error| damaged(label, error))?;
    record
        .map(|bytes| record::unseal(name, bytes.value()))
        .transpose()
        .map_err(|error| bad_record(label, error))
}

/// The log has no hole, and terms never go back.
fn follows(before: Option<LogId>, entry: &Entry, name: Name) -> Result<(), BadRecord> {
    let expected = before.map_or(0, |before| before.index + 1);
    let id = entry.log_id();
    if name != Name::Entry(id.index) {
        return Err(name.bad(Why::Contradiction(format!("says that it is entry {}", id.index))));
    }
    if id.index != expected {
        return Err(Name::Entry(expected).bad(Why::Missing));
    }
    if before.is_some_and(|before| before.leader_id > id.leader_id) {
        return Err(name.bad(Why::Contradiction("is of an older term than the one before".to_owned())));
    }
    Ok(())
}

/// The single records agree with the log and with each other.
fn agree(
    last: Option<LogId>,
    purged: Option<LogId>,
    vote: Option<Vote>,
    committed: Option<LogId>,
    covered: Option<LogId>,
) -> Result<(), BadRecord> {
    if purged > covered {
        let why = "says that entries were dropped which no snapshot holds";
        return Err(Name::Purged.bad(Why::Contradiction(why.to_owned())));
    }
    if committed > last.max(covered) {
        let why = "points past the end of the log";
        return Err(Name::Committed.bad(Why::Contradiction(why.to_owned())));
    }
    if last.map(|last| last.leader_id.term) > vote.map(|vote| vote.leader_id.term) {
        let why = "is older than the newest log entry";
        return Err(Name::Vote.bad(Why::Contradiction(why.to_owned())));
    }
    Ok(())
}

fn bad_record(label: &str, error: BadRecord) -> OpenError {
    match &error.why {
        Why::Unreadable(UnreadableDocument::TooNew { found }) => {
            OpenError::TooNew { file: label.to_owned(), found: *found, supported: DOCUMENT_VERSION }
        }
        _ => damaged(label, error),
    }
}
