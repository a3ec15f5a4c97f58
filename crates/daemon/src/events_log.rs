//! This node's event log: durable, bounded, numbered without a gap.
//!
//! Raising an event never waits: it goes into a queue, and one thread writes what has gathered as
//! one transaction. An event gets its number inside that transaction, so a number that was ever
//! seen is on disk, the next one follows it, and `kill -9` at any point leaves no gap.
//!
//! Events of the cluster database are raised by every node that applies the change; the log keeps
//! the last revision told in the same transaction, so a change that is applied again after a
//! restart is not told twice.
//!
//! A log that cannot be written (full disk) keeps up to [`MOST_WAITING`] events in memory and
//! writes them when it can; what is beyond that is counted and told as event 20004. A log that
//! cannot be read is set aside, and a new one begun: events must never keep a node from starting.

mod disk;
pub(crate) mod journal;

use disk::{Disk, Waiting};
use events::Draft;
use model::stored::EventRecord;
use model::{NodeName, Revision, Timestamp};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, oneshot};

/// How many events a node keeps. At a few hundred bytes each this is some ten megabytes, and
/// years of an ordinary cluster's life.
pub(crate) const MOST_KEPT: u64 = 20_000;

/// How many events wait for a disk that cannot be written.
pub(crate) const MOST_WAITING: usize = 4_096;

/// How often a log that could not be written is tried again.
const RETRY: Duration = Duration::from_millis(500);

enum Message {
    Event(Box<Waiting>),
    Flush(oneshot::Sender<()>),
}

/// The event log; clones are the same log.
#[derive(Clone)]
pub struct EventLog {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    disk: Arc<Mutex<Disk>>,
    live: broadcast::Sender<EventRecord>,
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventLog")
    }
}

impl EventLog {
    /// Opens the log, or begins one.
    ///
    /// # Errors
    /// If neither the old file can be read nor a new one be made.
    pub fn open(path: &Path, node: NodeName) -> Result<Self, redb::Error> {
        let (disk, told) = disk::open(path)?;
        let disk = Arc::new(Mutex::new(disk));
        let (queue, messages) = sync_channel(MOST_WAITING);
        let (live, _) = broadcast::channel(1_024);
        let log = Self { queue, lost: Arc::default(), disk, live };
        let writer = Writer { node, log: log.clone() };
        std::thread::Builder::new()
            .name("event-log".to_owned())
            .spawn(move || writer.run(&messages))
            .map_err(redb::Error::Io)?;
        for draft in told {
            log.raise(draft);
        }
        Ok(log)
    }

    /// Tells of something that has just happened here.
    pub fn raise(&self, event: impl Into<Draft>) {
        self.enqueue(Waiting { draft: event.into(), time: crate::clock::wall() });
    }

    /// Tells of a change of the cluster database. Told once, however often it is applied.
    pub fn raise_applied(&self, revision: Revision, at: Timestamp, drafts: Vec<Draft>) {
        for draft in drafts {
            self.enqueue(Waiting { draft: draft.at_revision(revision), time: at });
        }
    }

    fn enqueue(&self, waiting: Waiting) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Message::Event(Box::new(waiting))) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything raised so far is on disk, or has failed to get there once.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        let queue = self.queue.clone();
        // A full queue blocks; that must not block a thread that others depend on.
        let sent = tokio::task::spawn_blocking(move || queue.send(Message::Flush(done))).await;
        if matches!(sent, Ok(Ok(()))) {
            let _ = wait.await;
        }
    }

    /// The events that pass `filter`, oldest first, the latest `limit` of them.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn query(
        &self,
        after: u64,
        limit: usize,
        filter: impl Fn(&EventRecord) -> bool,
    ) -> Result<Vec<EventRecord>, redb::Error> {
        let reader = self.disk.lock().unwrap_or_else(PoisonError::into_inner).reader();
        disk::query(&reader, after, limit, filter)
    }

    /// Events as they are written, from now on. A receiver that lags is told how many it missed.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<EventRecord> {
        self.live.subscribe()
    }
}

struct Writer {
    node: NodeName,
    log: EventLog,
}

impl Writer {
    /// Until the last handle is dropped, which is the end of the process: the writer holds one itself.
    fn run(&self, messages: &Receiver<Message>) {
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut flushes = Vec::new();
        loop {
            let first = if waiting.is_empty() {
                messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                messages.recv_timeout(RETRY)
            };
            if matches!(first, Err(RecvTimeoutError::Disconnected)) {
                return;
            }
            for message in first.ok().into_iter().chain(std::iter::from_fn(|| messages.try_recv().ok())) {
                match message {
                    Message::Event(event) if waiting.len() < MOST_WAITING => waiting.push(*event),
                    Message::Event(_) => {
                        self.log.lost.fetch_add(1, Ordering::Relaxed);
                    }
                    Message::Flush(done) => flushes.push(done),
                }
                if waiting.len() >= MOST_WAITING {
                    break;
                }
            }
            self.write(&mut waiting);
            for done in flushes.drain(..) {
                let done: oneshot::Sender<()> = done;
                let _ = done.send(());
            }
        }
    }

    fn write(&self, waiting: &mut Vec<Waiting>) {
        let lost = self.log.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let reason = "the event log could not be written fast enough".to_owned();
            let draft = events::EventsLost { count: lost, reason }.into();
            waiting.push(Waiting { draft, time: crate::clock::wall() });
        }
        let mut disk = self.log.disk.lock().unwrap_or_else(PoisonError::into_inner);
        match disk.append(&self.node, waiting) {
            Ok(records) => {
                drop(disk);
                waiting.clear();
                for record in records {
                    journal::tell(&record);
                    let _ = self.log.live.send(record);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the event log cannot be written; trying again");
                if let Err(error) = disk.reopen() {
                    tracing::warn!(%error, "the event log cannot be opened again yet");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> events::DaemonStarted {
        events::DaemonStarted {
            software: model::stored::SoftwareVersion::current(),
            incarnation: model::Incarnation([1; 8]),
        }
    }

    fn node() -> NodeName {
        NodeName::new("n1").unwrap()
    }

    #[tokio::test]
    async fn numbers_go_on_without_a_gap_over_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.redb");
        for round in 0..3_u64 {
            let log = EventLog::open(&path, node()).unwrap();
            for _ in 0..10 {
                log.raise(started());
            }
            log.flush().await;
            let seqs: Vec<u64> = log.query(0, 1_000, |_| true).unwrap().iter().map(|e| e.seq).collect();
            // Each opening after the first also tells that the life before did not stop in order.
            assert_eq!(seqs, (1..=(round + 1) * 10 + round).collect::<Vec<_>>());
            log.disk.lock().unwrap().close();
        }
    }

    #[tokio::test]
    async fn a_change_is_told_once_however_often_it_is_applied() {
        let dir = tempfile::tempdir().unwrap();
        let log = EventLog::open(&dir.path().join("events.redb"), node()).unwrap();
        for revision in [1, 2, 2, 1, 3] {
            log.raise_applied(Revision(revision), Timestamp::from_unix_ms(5), vec![started().into()]);
            log.flush().await;
        }
        let revisions: Vec<_> =
            log.query(0, 100, |_| true).unwrap().iter().map(|e| e.revision.unwrap().0).collect();
        assert_eq!(revisions, [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_damaged_log_is_set_aside_and_said_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.redb");
        std::fs::write(&path, vec![7; 10_000]).unwrap();
        let log = EventLog::open(&path, node()).unwrap();
        log.flush().await;
        let told = log.query(0, 100, |_| true).unwrap();
        assert_eq!(told[0].name, "EVENT_LOG_DAMAGED");
        let kept = std::fs::read_dir(dir.path())
            .unwrap()
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().contains("damaged"));
        assert_eq!(std::fs::read(kept.unwrap().path()).unwrap(), vec![7; 10_000]);
    }
}
