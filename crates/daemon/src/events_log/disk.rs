//! The event log's file.

use crate::side_file::{self, Damage};
use events::Draft;
use model::stored::EventRecord;
use model::{NodeName, Timestamp};
use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
const TOLD: TableDefinition<'_, &str, u64> = TableDefinition::new("told");
const TOLD_REVISION: &str = "revision";

/// Pages kept in memory. Events are written once and read seldom.
const CACHE_BYTES: usize = 256 << 10;

/// An event that waits to be written.
pub(super) struct Waiting {
    pub(super) draft: Draft,
    pub(super) time: Timestamp,
}

pub(super) struct Disk {
    path: PathBuf,
    database: Option<Arc<Database>>,
}

fn open_file(path: &Path) -> Result<Database, redb::Error> {
    side_file::open(path, CACHE_BYTES, |transaction| {
        transaction.open_table(EVENTS)?.last()?;
        transaction.open_table(TOLD)?;
        Ok(())
    })
}

/// Opens the log. Returns what must be told of the opening itself.
pub(super) fn open(path: &Path) -> Result<(Disk, Vec<Draft>), redb::Error> {
    let (database, damage) = side_file::open_or_begin(path, open_file)?;
    let event = |Damage { path, aside, problem }| events::EventLogDamaged { path, aside, problem }.into();
    let mut told: Vec<Draft> = damage.into_iter().map(event).collect();
    let database = Arc::new(database);
    if let Some(last) = last(&database)?
        && last.name != events::DaemonStopped::ENTRY.name
    {
        told.push(events::UncleanStop { last_seq: last.seq }.into());
    }
    Ok((Disk { path: path.to_owned(), database: Some(database) }, told))
}

fn last(database: &Database) -> Result<Option<EventRecord>, redb::Error> {
    let events = database.begin_read()?.open_table(EVENTS)?;
    Ok(events.last()?.and_then(|(_, bytes)| serde_json::from_slice(bytes.value()).ok()))
}

impl Disk {
    /// A handle for reading, which does not keep the writer waiting.
    pub(super) fn reader(&self) -> Option<Arc<Database>> {
        self.database.clone()
    }

    #[cfg(test)]
    pub(super) fn close(&mut self) {
        self.database = None;
    }

    /// After a failed write redb wants the file to be opened anew.
    pub(super) fn reopen(&mut self) -> Result<(), redb::Error> {
        self.database = None;
        self.database = Some(Arc::new(open_file(&self.path)?));
        Ok(())
    }

    /// Numbers the events and writes them, all or none.
    pub(super) fn append(
        &mut self,
        node: &NodeName,
        waiting: &[Waiting],
    ) -> Result<Vec<EventRecord>, redb::Error> {
        let Some(database) = &self.database else {
            return Err(redb::Error::PreviousIo);
        };
        let mut records = Vec::new();
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        {
            let mut events = transaction.open_table(EVENTS)?;
            let mut told = transaction.open_table(TOLD)?;
            let mut revision = told.get(TOLD_REVISION)?.map_or(0, |value| value.value());
            let before = revision;
            let mut seq = events.last()?.map_or(0, |(seq, _)| seq.value());
            for event in waiting {
                if let Some(of) = event.draft.revision {
                    if of.0 <= before {
                        continue;
                    }
                    revision = revision.max(of.0);
                }
                seq += 1;
                let record = event.draft.clone().into_record(seq, node.clone(), event.time);
                let bytes = serde_json::to_vec(&record).map_err(|e| redb::Error::Corrupted(e.to_string()))?;
                events.insert(seq, bytes.as_slice())?;
                records.push(record);
            }
            told.insert(TOLD_REVISION, revision)?;
            let keep_from = seq.saturating_sub(super::MOST_KEPT) + 1;
            let surplus: Vec<u64> = events
                .range(..keep_from)?
                .map(|entry| entry.map(|(seq, _)| seq.value()))
                .collect::<Result<_, _>>()?;
            for seq in surplus {
                events.remove(seq)?;
            }
        }
        if records.is_empty() {
            return Ok(records);
        }
        transaction.commit()?;
        Ok(records)
    }
}

/// See [`super::EventLog::query`].
pub(super) fn query(
    reader: &Option<Arc<Database>>,
    after: u64,
    limit: usize,
    filter: impl Fn(&EventRecord) -> bool,
) -> Result<Vec<EventRecord>, redb::Error> {
    let Some(database) = reader else { return Ok(Vec::new()) };
    let events = database.begin_read()?.open_table(EVENTS)?;
    let mut found = Vec::new();
    for entry in events.range(after.saturating_add(1)..)?.rev() {
        if found.len() >= limit {
            break;
        }
        let (_, bytes) = entry?;
        if let Ok(record) = serde_json::from_slice::<EventRecord>(bytes.value())
            && filter(&record)
        {
            found.push(record);
        }
    }
    found.reverse();
    Ok(found)
}
