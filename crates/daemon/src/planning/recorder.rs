//! The record of plans: what was decided, when and why, with everything that it was made of.
//!
//! Keeping a plan never waits: it goes into a queue, and one thread writes what has gathered as one
//! transaction. A disk that is slow or full must not delay a failover, so what does not fit into the queue
//! is left out, and counted (event 20008).
//!
//! Bounded by number and by bytes: the oldest go first. What was asked for (the declarative file's
//! contents) is kept once for all plans that were made of it.

mod disk;

use crate::events_log::EventLog;
use crate::side_file::Damage;
use api::{PlanInputs, PlanMade};
use disk::Disk;
use model::stored::{ClusterState, SoftwareVersion};
use model::{NodeName, Revision, Timestamp};
use planner::{Plan, View};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// How many plans wait for the disk. Each may hold some megabytes in a large cluster.
const WAITING_MAX: usize = 16;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// So many plans,
    pub(crate) plans: u64,
    /// and so many bytes of them, as they are stored.
    pub(crate) bytes: u64,
}

impl Default for Bounds {
    /// What was known of 4,000 regular resources takes 9 KiB, and the steps of a lost node a few more: even
    /// of a cluster ten times as varied the last five hundred plans are there.
    fn default() -> Self {
        Self { plans: 10_000, bytes: 64 << 20 }
    }
}

/// A plan that was made, and what it was made of.
#[derive(Debug)]
pub(crate) struct Made {
    /// When.
    pub(crate) time: Timestamp,
    /// Why then.
    pub(crate) cause: String,
    /// The cluster database's revision.
    pub(crate) revision: Revision,
    /// Who planned.
    pub(crate) version: SoftwareVersion,
    /// What was asked for is in it.
    pub(crate) state: Arc<ClusterState>,
    /// What was known.
    pub(crate) view: View,
    /// What is to be done.
    pub(crate) plan: Plan,
}

enum Message {
    Plan(Box<Made>),
    #[cfg(test)]
    Flush(std::sync::mpsc::Sender<()>),
}

/// The record; clones are the same one.
#[derive(Clone)]
pub struct Recorder {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    disk: Arc<Mutex<Result<Disk, String>>>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    /// Opens the record, or begins one. Without a usable file nothing is recorded, and that is told with
    /// the first plan.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(crate) fn open(
        path: &Path,
        node: NodeName,
        bounds: Bounds,
        log: EventLog,
    ) -> Result<Self, std::io::Error> {
        let opened = disk::open(path, bounds);
        if let Ok((_, Some(Damage { path, aside, problem }))) = &opened {
            let (path, aside, problem) = (path.clone(), aside.clone(), problem.clone());
            log.raise(events::PlanRecordDamaged { path, aside, problem });
        }
        let disk = opened.map(|(disk, _)| disk).map_err(|problem| problem.to_string());
        let disk = Arc::new(Mutex::new(disk));
        let (queue, messages) = sync_channel(WAITING_MAX);
        let recorder = Self { queue, lost: Arc::default(), disk };
        let writer = Writer { node, log, lost: recorder.lost.clone(), disk: recorder.disk.clone() };
        std::thread::Builder::new().name("plan-record".to_owned()).spawn(move || writer.run(&messages))?;
        Ok(recorder)
    }

    /// Records a plan, some time soon.
    pub(crate) fn keep(&self, made: Made) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Message::Plan(Box::new(made))) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The latest plans, oldest first.
    ///
    /// # Errors
    /// Why the record cannot be read.
    pub(crate) fn latest(&self, limit: usize) -> Result<Vec<PlanMade>, String> {
        self.reader()?.latest(limit).map_err(|error| error.to_string())
    }

    /// What the plan of this number was made of; none if it is not kept.
    ///
    /// # Errors
    /// Why the record cannot be read.
    pub(crate) fn inputs(&self, seq: u64) -> Result<Option<PlanInputs>, String> {
        self.reader()?.inputs(seq).map_err(|error| error.to_string())
    }

    fn reader(&self) -> Result<disk::Reader, String> {
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        disk.as_ref().map(Disk::reader).map_err(Clone::clone)
    }

    #[cfg(test)]
    fn flush(&self) {
        let (done, wait) = std::sync::mpsc::channel();
        self.queue.send(Message::Flush(done)).unwrap();
        wait.recv().unwrap();
    }
}

struct Writer {
    node: NodeName,
    log: EventLog,
    lost: Arc<AtomicU64>,
    disk: Arc<Mutex<Result<Disk, String>>>,
}

impl Writer {
    /// Until the last handle is dropped.
    fn run(&self, messages: &Receiver<Message>) {
        // One event for each time that something goes wrong, not for each plan.
        let mut has_failed = false;
        while let Ok(first) = messages.recv() {
            let mut plans = Vec::new();
            #[cfg(test)]
            let mut flushes = Vec::new();
            for message in std::iter::once(first).chain(messages.try_iter().take(WAITING_MAX)) {
                match message {
                    Message::Plan(made) => plans.push(*made),
                    #[cfg(test)]
                    Message::Flush(done) => flushes.push(done),
                }
            }
            let left_out = self.lost.swap(0, Ordering::Relaxed);
            let written = self.write(&plans);
            let count = left_out + if written.is_err() { plans.len() as u64 } else { 0 };
            let problem = written.err();
            if count > 0 && !has_failed {
                let problem =
                    problem.clone().unwrap_or_else(|| "the disk was slower than the plans".to_owned());
                self.log.raise(events::PlansNotRecorded { count, problem });
            }
            has_failed = problem.is_some();
            #[cfg(test)]
            flushes.drain(..).for_each(|done| done.send(()).unwrap());
        }
    }

    fn write(&self, plans: &[Made]) -> Result<(), String> {
        // What takes long is done before the lock.
        let packed: Vec<_> = plans.iter().map(|made| disk::pack(&self.node, made)).collect();
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = disk.as_mut().map_err(|problem| problem.clone())?;
        disk.append(packed).map_err(|error| error.to_string())
    }
}

impl Made {
    /// The groups that it does something with, by name.
    fn groups(&self) -> Vec<String> {
        /// More would not fit on a line.
        const SHOWN_MAX: usize = 8;
        let names: std::collections::BTreeSet<_> = self.plan.steps.iter().map(|step| &step.group).collect();
        names.into_iter().take(SHOWN_MAX).map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests;
