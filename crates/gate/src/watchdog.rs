//! The last gate: a watchdog, which closes the whole machine.
//!
//! A watchdog is a timer, in hardware or in the kernel (`softdog`), that restarts its machine unless it is fed
//! in time. What no gate of packets covers (a process that writes to a shared disk) ends with its machine. So the
//! watchdog is fed until a deadline as a gate is open until one: whoever feeds it looks at the clock before, and
//! after the deadline nobody feeds it.
//!
//! ```text
//!   last feeding            deadline (T)                                     the machine restarts
//!   ──┬───────────────────────┬───────────────┬────────────────────────────────┬──▶
//!     │ "is T still to come?" │               │ feeds, after a pause           │
//!     └──── at most W + δ ────┼───────────────┘                                │
//!                             └──────────────── at most 2 (W + δ) ─────────────┘
//! ```
//!
//! A pause between the look and the feeding of more than W + δ does not end: the machine restarts during it. So the
//! last feeding is before T + W + δ, and the restart before T + 2 (W + δ).
//!
//! **Whoever ends without a word leaves the timer running**, which is the point: a process that is killed has fed
//! it for the last time. To disarm it takes a word ("magic close": a `V` is written just before it is closed). A
//! driver that knows no such word disarms at every close, and is refused; so is one that cannot be disarmed any
//! more (`nowayout`), which would restart the machine whenever the daemon is stopped in order.
//!
//! It is fed by a thread of its own, so that no lock and no other work of its process comes between.
//! `device.rs` is the kernel's side of it.

mod device;

use device::Device;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A watchdog cannot be armed, fed or disarmed.
#[derive(Debug, thiserror::Error)]
pub enum WatchdogError {
    /// There is no such device.
    #[error(
        "there is no watchdog at {}: load the driver of this machine's (`wdctl` lists them), or `modprobe softdog`",
        path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Somebody else feeds it.
    #[error(
        "{} is in use by another program: `fuser -v {}` names it (systemd: RuntimeWatchdogSec= in \
         /etc/systemd/system.conf); end it, or give Steadfast another watchdog",
        path.display(), path.display()
    )]
    Busy {
        /// Which.
        path: PathBuf,
    },
    /// It can be armed, and never disarmed.
    #[error(
        "{} cannot be disarmed once it is armed (nowayout), so stopping the daemon in order would restart this \
         node: load its driver with `nowayout=0`",
        path.display()
    )]
    NoWayOut {
        /// Which.
        path: PathBuf,
    },
    /// It is disarmed when whoever feeds it is killed.
    #[error(
        "{} ({identity}) is disarmed whenever it is closed (it knows no magic close), so it would not restart this \
         node when the daemon is killed: use another one, such as softdog",
        path.display()
    )]
    NoMagicClose {
        /// Which.
        path: PathBuf,
        /// What it calls itself.
        identity: String,
    },
    /// It does not take the time-out.
    #[error(
        "{} ({identity}) does not take a time-out of {} s{}: set `watchdog_timeout` in steadfast.toml to one that \
         it takes (`wdctl` shows them)",
        path.display(), wanted.as_secs(), instead.map_or_else(String::new, |span| format!(", only {} s", span.as_secs()))
    )]
    Timeout {
        /// Which.
        path: PathBuf,
        /// What it calls itself.
        identity: String,
        /// What it was told.
        wanted: Duration,
        /// What it would have.
        instead: Option<Duration>,
    },
    /// The kernel refused.
    #[error("cannot {what}: {source}; `dmesg | tail` may say more")]
    System {
        /// What was to be done, on what.
        what: String,
        /// The kernel's word.
        #[source]
        source: std::io::Error,
    },
}

/// An armed watchdog. Dropping it stops the feeding and disarms nothing.
#[derive(Debug)]
pub struct Watchdog {
    identity: String,
    disarm: Sender<()>,
    trouble: Arc<Mutex<Option<String>>>,
    thread: JoinHandle<Result<(), WatchdogError>>,
}

impl Watchdog {
    /// Arms it, or takes over one that a killed process left armed: it is fed `every` so often from now on, until
    /// the deadline in `until_boot_ns` (see [`crate::boot_now_ns`]), which may be moved at any time.
    ///
    /// # Errors
    /// [`WatchdogError`]. It is disarmed then, unless it was in use, or that fails too.
    pub fn arm(
        path: &Path,
        timeout: Duration,
        every: Duration,
        until_boot_ns: Arc<AtomicU64>,
    ) -> Result<Self, WatchdogError> {
        let device = Device::arm(path, timeout)?;
        let identity = device.identity().to_owned();
        let (disarm, disarmed) = mpsc::channel();
        let trouble = Arc::new(Mutex::default());
        let told = trouble.clone();
        let thread = std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || feed(device, every, &until_boot_ns, &disarmed, &told))
            .map_err(|source| WatchdogError::System { what: "start a thread".to_owned(), source })?;
        Ok(Self { identity, disarm, trouble, thread })
    }

    /// What its driver calls it.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Why the latest feeding failed, if it did. It goes on trying.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Disarms it. Only for one on which nothing depends any more.
    ///
    /// # Errors
    /// If the device does not take the word; it restarts the machine then.
    pub fn disarm(self) -> Result<(), WatchdogError> {
        // A thread that has ended says below how.
        let _ = self.disarm.send(());
        self.thread.join().unwrap_or_else(|_| {
            let source = std::io::Error::other("the thread that fed it has failed");
            Err(WatchdogError::System { what: "disarm the watchdog".to_owned(), source })
        })
    }
}

fn feed(
    device: Device,
    every: Duration,
    until_boot_ns: &AtomicU64,
    disarm: &Receiver<()>,
    trouble: &Mutex<Option<String>>,
) -> Result<(), WatchdogError> {
    loop {
        if crate::boot_now_ns() < until_boot_ns.load(Ordering::SeqCst) {
            let failed = device.feed().err().map(|error| error.to_string());
            *trouble.lock().unwrap_or_else(PoisonError::into_inner) = failed;
        }
        match disarm.recv_timeout(every) {
            Ok(()) => return device.disarm(),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}
