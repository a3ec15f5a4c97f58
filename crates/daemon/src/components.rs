//! Components: what resources stand on here, and whether it is what was validated.
//!
//! ```text
//!   state (file, baseline) --> follow: a Job --> keeper (a thread: looks, is told by the kernel, judges)
//!                                                    |
//!                        tell: events, the database <-- Known
//! ```
//!
//! The keeper has a thread of its own, because a look at a file on a dead disk does not come back; that it has not
//! looked for a while is noticed outside of it. What is found out never stops anything that runs: it is told,
//! written into the database, and obeyed by whoever plans.
//!
//! Which files belong to a resource is crate `closure`'s to say, what they hold crate `inventory`'s, to whom they
//! belong crate `packages`', and what all that means crate `servicing`'s. Here it is put together.

mod baseline;
pub(crate) mod capture;
mod facts;
mod keeper;
mod reread;
pub(crate) mod spare;
mod subjects;
mod tell;
pub(crate) mod uses;

pub(crate) use baseline::Present;
pub(crate) use tell::{follow, keep_told};

use closure::Closure;
use inventory::Stale;
use model::stored::{NodeInventory, NodeSubject};
use model::{AbsolutePath, NodeName};
use rustix::event::{EventfdFlags, eventfd};
use servicing::inventory::{Found, Inventory};
use servicing::judge::Judgement;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// What the keeper is to look after.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Job {
    /// This node.
    pub(crate) node: Option<NodeName>,
    /// What it is measured by; nothing: nobody has validated anything yet.
    pub(crate) baseline: Option<Arc<Present>>,
    /// What might run here, as `GROUP/RESOURCE`, and what it stands on.
    pub(crate) resources: BTreeMap<String, String>,
    /// What that is.
    pub(crate) subjects: BTreeMap<String, Vec<closure::Root>>,
    /// Where the processes of each resource are, by its name.
    pub(crate) cgroups: BTreeMap<String, PathBuf>,
    /// How often somebody asked for everything to be read anew.
    pub(crate) scans: u64,
}

/// What the keeper has found out.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// For which job.
    pub(crate) job: Arc<Job>,
    /// What there is.
    pub(crate) inventory: Inventory,
    /// What resources stand on, by subject.
    pub(crate) closures: BTreeMap<String, Arc<Closure>>,
    /// What that is worth beside the baseline.
    pub(crate) judgement: Option<Judgement>,
    /// Who changed files, by path.
    pub(crate) changers: BTreeMap<String, String>,
    /// Processes that go on with what was replaced: by resource.
    pub(crate) stale: BTreeMap<String, BTreeSet<Stale>>,
    /// What processes have loaded, by subject, as far as its closure does not have it.
    pub(crate) used: BTreeMap<String, BTreeSet<AbsolutePath>>,
    /// What keeps it from knowing more.
    pub(crate) troubles: Vec<String>,
    /// The kernel does not tell of changes; why.
    pub(crate) unwatched: Option<String>,
}

/// The components of this node.
pub(crate) struct Components {
    job: Mutex<Arc<Job>>,
    wake: Arc<OwnedFd>,
    known: watch::Sender<Option<Arc<Known>>>,
    /// When the keeper has looked last.
    looked: Arc<Mutex<Instant>>,
}

impl Components {
    /// Of a node that nobody looks after yet.
    ///
    /// # Errors
    /// There are no more files.
    pub(crate) fn new() -> std::io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self {
            job: Mutex::default(),
            wake: Arc::new(wake),
            known: watch::Sender::new(None),
            looked: Arc::new(Mutex::new(Instant::now())),
        })
    }

    /// What is to be looked after now.
    fn job(&self) -> Arc<Job> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_job(&self, change: impl FnOnce(&mut Job)) -> Arc<Job> {
        let mut job = self.job.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = (**job).clone();
        change(&mut next);
        if **job != next {
            *job = Arc::new(next);
            // A full counter wakes as well.
            let _ = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
        }
        job.clone()
    }

    /// What is known.
    pub(crate) fn known(&self) -> Option<Arc<Known>> {
        self.known.borrow().clone()
    }

    /// What the baseline let through until a moment that is over.
    pub(crate) fn expired(&self) -> Vec<String> {
        let job = self.job();
        let of = |present: &Arc<Present>| tell::expired(&present.baseline, crate::clock::wall());
        job.baseline.as_ref().map(of).unwrap_or_default()
    }

    /// The number of the baseline that this node goes by.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.job().baseline.as_ref().map(|present| present.baseline.generation.0)
    }

    /// Has everything read anew, and waits until it is.
    pub(crate) async fn scan(&self) -> Option<Arc<Known>> {
        let mut known = self.known.subscribe();
        let wanted = self.set_job(|job| job.scans += 1).scans;
        let is_it = |known: &Option<Arc<Known>>| known.as_ref().is_some_and(|it| it.job.scans >= wanted);
        known.wait_for(is_it).await.ok()?.clone()
    }
}

impl Known {
    /// What is told to peers.
    pub(crate) fn told(&self) -> NodeInventory {
        let mut told = NodeInventory { troubles: self.troubles.clone(), ..NodeInventory::default() };
        for (path, found) in &self.inventory.files {
            match found {
                Found::There(seen) => drop(told.components.insert(path.clone(), seen.component.clone())),
                Found::Missing => drop(told.absent.insert(path.clone(), "it is not there".to_owned())),
                Found::Unreadable(why) => drop(told.absent.insert(path.clone(), why.clone())),
            }
        }
        for (name, closure) in &self.closures {
            let of_it = self.job.resources.iter().filter(|(_, subject)| *subject == name);
            let file = |(path, reason): (&PathBuf, &closure::Reason)| {
                Some((path.to_str()?.parse::<AbsolutePath>().ok()?, reason.to_string()))
            };
            let subject = NodeSubject {
                resources: of_it.map(|(resource, _)| resource.clone()).collect(),
                files: closure.files.iter().filter_map(file).collect(),
                problems: closure.problems.clone(),
            };
            told.subjects.insert(name.clone(), subject);
        }
        told
    }
}
