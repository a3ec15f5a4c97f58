//! A daemon in a host: ends, freezes and logs of one process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::LabError;
use crate::cgroup::Cgroup;
use crate::error::Doing;
use crate::wait::{KERNEL_PATIENCE, wait_for};

/// A running (or ended) daemon; copies are handles of the same one.
#[derive(Debug, Clone)]
pub struct Daemon(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    pid: u32,
    child: Mutex<Child>,
    log: PathBuf,
    cgroup: Cgroup,
}

impl Daemon {
    pub(crate) fn new(name: &str, child: Child, log: PathBuf, cgroup: Cgroup) -> Self {
        let (name, pid, child) = (name.to_owned(), child.id(), Mutex::new(child));
        Self(Arc::new(Inner { name, pid, child, log, cgroup }))
    }

    /// The name it was started under.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its process number on this machine (inside the host it has another).
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// Whether it has not ended yet (frozen counts as running).
    pub fn is_running(&self) -> bool {
        matches!(self.child().try_wait(), Ok(None))
    }

    /// `kill -9`: that process only, its children live on. Returns when it is gone.
    ///
    /// # Errors
    /// It cannot be killed. One that has ended already is no error.
    pub fn kill(&self) -> Result<ExitStatus, LabError> {
        self.signal(Signal::KILL)?;
        self.wait(KERNEL_PATIENCE)
    }

    /// SIGTERM. Returns at once; see [`Daemon::wait`].
    ///
    /// # Errors
    /// The signal cannot be sent. One that has ended already is no error.
    pub fn terminate(&self) -> Result<(), LabError> {
        self.signal(Signal::TERM)
    }

    /// Waits for its end, at most for `patience`.
    ///
    /// # Errors
    /// [`LabError::Timeout`] when it is still running.
    pub fn wait(&self, patience: Duration) -> Result<ExitStatus, LabError> {
        let what = format!("the end of {} (process {})", self.0.name, self.0.pid);
        wait_for(&what, patience, || self.child().try_wait().ok().flatten())
    }

    /// Stops it with all its children until [`Daemon::thaw`], as a machine does that is starved:
    /// nobody is told, and no handler runs.
    ///
    /// # Errors
    /// The freezer's refusal.
    pub fn freeze(&self) -> Result<(), LabError> {
        self.0.cgroup.set_frozen(true)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// The freezer's refusal.
    pub fn thaw(&self) -> Result<(), LabError> {
        self.0.cgroup.set_frozen(false)
    }

    /// What it, and those of the same name before it, wrote to standard output and error. Empty
    /// when the log cannot be read.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.0.log).unwrap_or_default()).into_owned()
    }

    /// Where that is on this machine.
    pub fn log_path(&self) -> &Path {
        &self.0.log
    }

    /// Takes the exit status of a process that was killed.
    pub(crate) fn bury(&self) {
        let _ = self.child().wait();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.0.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, signal: Signal) -> Result<(), LabError> {
        // While the lock is held nobody takes its exit status, so the number is still its own.
        let mut child = self.child();
        if !matches!(child.try_wait(), Ok(None)) {
            return Ok(());
        }
        let Some(pid) = i32::try_from(self.0.pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
        kill_process(pid, signal).doing(|| format!("send {signal:?} to {}", self.0.name))
    }
}
