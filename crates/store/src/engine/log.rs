//! The log and the vote, as openraft wants them.
//!
//! `append` returns as soon as the entries can be *read*: they wait in memory, in the overlay,
//! until the committer has them on the disk; only then is openraft told that they are safe. So
//! replication to the peers and the fsync here run side by side.

use super::disk::{Disk, Write};
use super::failure::Failure;
use super::record::{self, Name};
use super::types::{Entry, LogId, Types, Vote};
use openraft::async_runtime::AsyncRuntime;
use openraft::entry::RaftEntry;
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a commit pointer may wait for a batch to ride with. Long enough that steady writers
/// pay nothing for it, short enough that a `kill -9` after a quiet moment loses none of what this
/// node already showed: until a leader is elected it would show an older revision.
const COMMITTED_LINGER: Duration = Duration::from_millis(100);

/// The log of one node. Clones read and write the same log.
#[derive(Clone)]
pub(crate) struct LogStore {
    disk: Arc<Disk>,
    log: Arc<Mutex<Log>>,
}

/// What is known of the log without reading the file.
#[derive(Default)]
pub(crate) struct Log {
    /// Entries whose fsync has not returned.
    pub(crate) overlay: BTreeMap<u64, Entry>,
    pub(crate) last: Option<LogId>,
    pub(crate) purged: Option<LogId>,
    pub(crate) vote: Option<Vote>,
    pub(crate) committed: Option<LogId>,
}

impl LogStore {
    pub(crate) fn new(disk: Arc<Disk>, log: Log) -> Self {
        Self { disk, log: Arc::new(Mutex::new(log)) }
    }

    /// The vote as it is on the disk.
    pub(crate) fn vote(&self) -> Option<Vote> {
        self.log().vote
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // Nothing panics while it holds this lock.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries of a range, from the file and the overlay.
    ///
    /// The overlay is asked first: an entry that leaves it in between is in the file by then.
    fn read(&self, first: u64, end: u64) -> io::Result<Vec<Entry>> {
        if first >= end {
            return Ok(Vec::new());
        }
        let waiting: Vec<Entry> = self.log().overlay.range(first..end).map(|(_, e)| e.clone()).collect();
        let end_on_disk = waiting.first().map_or(end, Entry::index);
        let mut entries = Vec::new();
        if first < end_on_disk {
            for (index, bytes) in self.disk.entries(first..end_on_disk)? {
                let entry = record::unseal(Name::Entry(index), &bytes)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
                entries.push(entry);
            }
        }
        entries.extend(waiting);
        Ok(entries)
    }
}

impl<R: AsyncRuntime> RaftLogReader<Types<R>> for LogStore {
    async fn try_get_log_entries<B>(&mut self, range: B) -> io::Result<Vec<Entry>>
    where
        B: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let first = match range.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        self.read(first, end)
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.log().vote)
    }
}

impl<R: AsyncRuntime> RaftLogStorage<Types<R>> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types<R>>> {
        let log = self.log();
        Ok(LogState { last_purged_log_id: log.purged, last_log_id: log.last.or(log.purged) })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        self.disk.write(vec![Write::Single(Name::Vote, record::seal(Name::Vote, vote))]).await?;
        self.log().vote = Some(*vote);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let Some(committed) = committed else { return Ok(()) };
        self.log().committed = Some(committed);
        if self.disk.note_committed(record::seal(Name::Committed, &committed)) {
            // Weak: the file is not kept open for it.
            let disk = Arc::downgrade(&self.disk);
            let _ends_by_itself = R::spawn(async move {
                R::sleep(COMMITTED_LINGER).await;
                if let Some(disk) = disk.upgrade() {
                    disk.flush_committed();
                }
            });
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.log().committed)
    }

    async fn append<I>(&mut self, entries: I, flushed: IOFlushed<Types<R>>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut writes = Vec::new();
        let mut indexes = Vec::new();
        {
            let mut log = self.log();
            for entry in entries {
                let index = entry.index();
                writes.push(Write::Entry(index, record::seal(Name::Entry(index), &entry)));
                indexes.push(index);
                log.last = Some(entry.log_id());
                log.overlay.insert(index, entry);
            }
        }
        let log = Arc::clone(&self.log);
        let done = move |outcome: Result<(), Failure>| {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            // The same entries still: openraft appends at a truncated index only after the
            // truncation was awaited, and that is queued behind this.
            for index in indexes {
                log.overlay.remove(&index);
            }
            drop(log);
            flushed.io_completed(outcome.map_err(io::Error::from));
        };
        self.disk.submit(writes, Box::new(done));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        let first = last.map_or(0, |last| last.index + 1);
        {
            let mut log = self.log();
            log.overlay.split_off(&first);
            log.last = log.last.min(last);
        }
        Ok(self.disk.write(vec![Write::TruncateFrom(first)]).await?)
    }

    /// Ordered like every write, but not waited for: the entries are in a snapshot on the disk, so
    /// it makes no difference when they go, and openraft answers nobody while it waits.
    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        {
            let mut log = self.log();
            log.overlay = log.overlay.split_off(&(upto.index + 1));
            log.purged = Some(upto);
            log.last = log.last.max(Some(upto));
        }
        let purged = Write::Single(Name::Purged, record::seal(Name::Purged, &upto));
        // If it fails, so does everything after it.
        self.disk.submit(vec![Write::PurgeTo(upto.index), purged], Box::new(|_| ()));
        Ok(())
    }
}
