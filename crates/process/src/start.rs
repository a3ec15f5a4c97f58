//! Starting a program, beside the thread that asks for it.
//!
//! Before a program runs, its file is read and its folder entered. Where these lie on a dead disk, or on a
//! server that is gone, that takes for ever, and nothing ends it: neither a deadline nor a kill. So it
//! happens on a thread of its own, and whoever waits may stop waiting; what comes up after all is ended
//! at once.
//!
//! One that hangs keeps its thread. A look every few seconds would soon have taken all of them, so whoever
//! wants the same from the same places, after somebody gave up, waits for that one to come back, and needs
//! no thread for it.

use crate::job::{Job, SpawnError, Started};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use tokio::sync::{oneshot, watch};

/// Whatever of a job may lie on a dead disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Places {
    program: PathBuf,
    folder: Option<PathBuf>,
    output_file: Option<PathBuf>,
}

/// How many starts hang that nobody waits for any more.
static HANGING: LazyLock<watch::Sender<BTreeMap<Places, usize>>> = LazyLock::new(watch::Sender::default);

/// Starts it. Whoever drops the future has it ended as soon as it runs.
pub(crate) async fn start(job: Job) -> Result<Started, SpawnError> {
    let places = Places {
        program: job.program.clone(),
        folder: job.folder.clone(),
        output_file: job.output_file.clone(),
    };
    // Its sender is never dropped.
    let _ = HANGING.subscribe().wait_for(|hanging| !hanging.contains_key(&places)).await;
    let attempt = Attempt(Arc::new(State { places, over: false.into(), given_up: false.into() }));
    let state = attempt.0.clone();
    let (say, said) = oneshot::channel();
    let program = job.program.clone();
    tokio::task::spawn_blocking(move || {
        let started = job.spawn();
        state.is_over();
        if let Err(Ok(started)) = say.send(started) {
            started.kill_whole();
        }
    });
    let ended = || SpawnError::Run { program, source: std::io::Error::other("this program ends") };
    said.await.unwrap_or_else(|_| Err(ended()))
}

struct State {
    places: Places,
    over: AtomicBool,
    given_up: AtomicBool,
}

impl State {
    /// It has come back. Changed, as the other one, only within the list's lock.
    fn is_over(&self) {
        HANGING.send_if_modified(|hanging| {
            self.over.store(true, Ordering::Relaxed);
            let given_up = self.given_up.load(Ordering::Relaxed);
            if given_up && let Some(count) = hanging.get_mut(&self.places) {
                *count -= 1;
                if *count == 0 {
                    hanging.remove(&self.places);
                }
            }
            given_up
        });
    }
}

/// Whoever drops this before it is over has given up.
struct Attempt(Arc<State>);

impl Drop for Attempt {
    fn drop(&mut self) {
        HANGING.send_if_modified(|hanging| {
            let given_up = !self.0.over.load(Ordering::Relaxed);
            self.0.given_up.store(given_up, Ordering::Relaxed);
            if given_up {
                *hanging.entry(self.0.places.clone()).or_default() += 1;
            }
            given_up
        });
    }
}
