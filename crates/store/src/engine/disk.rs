//! The one queue in front of the one file.
//!
//! Everything that is written (entries, votes, truncations, purges, snapshots) is a [`Job`] in
//! this queue, so the order in which things reach the disk is the order in which openraft asked
//! for them, which its correctness needs. The committer takes *everything* that waits and
//! writes it in one transaction: under load, many entries share one fsync.
//!
//! The queue knows no runtime: it is a mutex and a waker.

use super::failure::{Failure, guarded};
use super::open::tables::{LOG, SINGLE};
use super::record::Name;
use futures::channel::oneshot;
use redb::{Database, Durability, ReadableDatabase};
use std::mem;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Poll, Waker};

/// A change of the file.
#[derive(Debug)]
pub(crate) enum Write {
    /// Puts a single record.
    Single(Name, Vec<u8>),
    /// Puts a log entry.
    Entry(u64, Vec<u8>),
    /// Removes every entry from this one on.
    TruncateFrom(u64),
    /// Removes every entry up to and including this one.
    PurgeTo(u64),
}

/// Told what became of a job, after the fsync or its failure.
pub(crate) type Done = Box<dyn FnOnce(Result<(), Failure>) + Send>;

/// Writes that are made in one transaction, whole or not at all.
pub(crate) struct Job {
    pub(crate) writes: Vec<Write>,
    pub(crate) done: Done,
}

/// One database file, open.
pub(crate) struct Disk {
    queue: Mutex<Queue>,
    /// Absent once closed; whoever still reads then is told so.
    file: RwLock<Option<Database>>,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    /// The newest commit pointer, not yet written. See [`Disk::note_committed`].
    committed: Option<Vec<u8>>,
    committed_is_due: bool,
    closing: bool,
    released: bool,
    waiting_for_release: Vec<oneshot::Sender<()>>,
    failure: Option<Failure>,
    committer: Option<Waker>,
}

/// What the committer writes at once.
pub(super) struct Batch {
    pub(super) jobs: Vec<Job>,
    pub(super) committed: Option<Vec<u8>>,
}

impl Disk {
    pub(crate) fn new(file: Database) -> Self {
        Self { queue: Mutex::default(), file: RwLock::new(Some(file)) }
    }

    /// Queues writes; `done` is called once they are on the disk, or never will be.
    pub(crate) fn submit(&self, writes: Vec<Write>, done: Done) {
        let mut queue = self.queue();
        if let Some(failure) = queue.failure.clone().or_else(|| queue.closing.then(closed)) {
            drop(queue);
            done(Err(failure));
            return;
        }
        queue.jobs.push(Job { writes, done });
        queue.wake();
    }

    /// Queues writes, now; the future that is returned waits for them.
    pub(crate) fn write(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), Failure>> + use<> {
        let (told, outcome) = oneshot::channel();
        // The receiver may be gone when its caller was cancelled; the write happens all the same.
        self.submit(writes, Box::new(|result| drop(told.send(result))));
        async { outcome.await.unwrap_or_else(|_| Err(closed())) }
    }

    /// Remembers how far the log is committed. It is written with the next batch, in its order,
    /// and not before [`Disk::flush_committed`] if no batch comes. Returns whether it is the first
    /// that waits, so that its caller arranges for that flush.
    ///
    /// The pointer is a convenience, not a promise: every committed entry is on a majority's disks
    /// already, and is applied again after a restart as soon as a leader says that it is
    /// committed. So it need not cost an fsync per write. Queued behind the entries that it speaks
    /// of, it can never point past them.
    pub(crate) fn note_committed(&self, record: Vec<u8>) -> bool {
        self.queue().committed.replace(record).is_none()
    }

    /// Writes the commit pointer now, unless a batch took it along.
    pub(crate) fn flush_committed(&self) {
        let mut queue = self.queue();
        queue.committed_is_due = queue.committed.is_some();
        queue.wake();
    }

    /// The first failure, if there was one.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.queue().failure.clone()
    }

    /// Lets the committer write what is queued, close the file and end; nothing is accepted any
    /// more. The future that is returned waits until the file is released.
    pub(crate) fn close(&self) -> impl Future<Output = ()> + use<> {
        let (waiting, released) = oneshot::channel::<()>();
        let mut queue = self.queue();
        queue.closing = true;
        queue.committed_is_due = queue.committed.is_some();
        if !queue.released {
            queue.waiting_for_release.push(waiting);
        }
        queue.wake();
        // Never sent to: dropped, when the file is released.
        async {
            let _ = released.await;
        }
    }

    /// The records of the entries in `range` that are on the disk, in order.
    pub(crate) fn entries(&self, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
        guarded("reading the log", || self.read_entries(range))
    }

    fn read_entries(&self, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
        let what = "reading the log";
        let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
        let transaction =
            file.as_ref().ok_or_else(closed)?.begin_read().map_err(|e| Failure::new(what, e))?;
        let log = transaction.open_table(LOG).map_err(|e| Failure::new(what, e))?;
        log.range(range)
            .map_err(|e| Failure::new(what, e))?
            .map(|row| row.map(|(index, record)| (index.value(), record.value().to_vec())))
            .collect::<Result<_, _>>()
            .map_err(|e| Failure::new(what, e))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds this lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The committer's side.
impl Disk {
    /// Everything that waits, as soon as something does; nothing once the disk is to be closed.
    pub(super) async fn next_batch(&self) -> Option<Batch> {
        std::future::poll_fn(|context| {
            let mut queue = self.queue();
            if queue.jobs.is_empty() && !queue.committed_is_due {
                if queue.closing {
                    return Poll::Ready(None);
                }
                queue.committer = Some(context.waker().clone());
                return Poll::Pending;
            }
            queue.committed_is_due = false;
            Poll::Ready(Some(Batch { jobs: mem::take(&mut queue.jobs), committed: queue.committed.take() }))
        })
        .await
    }

    /// One transaction, one fsync.
    pub(super) fn commit(&self, batch: &Batch) -> Result<(), Failure> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let what = "writing the database";
        let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
        let file = file.as_ref().ok_or_else(closed)?;
        let mut transaction = file.begin_write().map_err(|e| Failure::new(what, e))?;
        transaction.set_durability(Durability::Immediate).map_err(|e| Failure::new(what, e))?;
        {
            let mut log = transaction.open_table(LOG).map_err(|e| Failure::new(what, e))?;
            let mut single = transaction.open_table(SINGLE).map_err(|e| Failure::new(what, e))?;
            let mut put = |name: Name, record: &[u8]| single.insert(name.key(), record).map(drop);
            for write in batch.jobs.iter().flat_map(|job| &job.writes) {
                match write {
                    Write::Single(name, record) => put(*name, record),
                    Write::Entry(index, record) => log.insert(index, record.as_slice()).map(drop),
                    Write::TruncateFrom(index) => log.retain_in(*index.., |_, _| false),
                    Write::PurgeTo(index) => log.retain_in(..=*index, |_, _| false),
                }
                .map_err(|e| Failure::new(what, e))?;
            }
            if let Some(record) = &batch.committed {
                put(Name::Committed, record).map_err(|e| Failure::new(what, e))?;
            }
        }
        transaction.commit().map_err(|e| Failure::new(what, e))
    }

    /// From now on everything fails with the first failure.
    pub(super) fn fail(&self, failure: Failure) {
        let mut queue = self.queue();
        queue.failure.get_or_insert(failure);
    }

    /// Gives the file back: its lock is free when this returns.
    pub(super) fn release(&self) {
        let file = self.file.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = file.map(Database::close)
            && self.failure().is_none()
        {
            tracing::warn!(%error, "the database file was not closed cleanly; it is recovered when it is opened");
        }
        let mut queue = self.queue();
        queue.released = true;
        queue.waiting_for_release.clear();
    }
}

impl Queue {
    fn wake(&mut self) {
        if let Some(committer) = self.committer.take() {
            committer.wake();
        }
    }
}

fn closed() -> Failure {
    Failure::other("using the database", "it is closed")
}
