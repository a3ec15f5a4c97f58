//! A watchdog of a host: a file that behaves as `/dev/watchdog` does, and restarts its host where that would.
//!
//! It bites as late as a device may that counts in seconds, so whoever counts on it to be sooner is found out. A host
//! that it has bitten is without power, as after [`Host::kill`], which has to be called before it is started again;
//! the file is gone then.

use crate::fuse::Behind;
use crate::{Host, LabError};
use rustix::io::Errno;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a watchdog behaves, where there are differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breed {
    /// The longest time-out that it takes.
    pub timeout_max_s: u32,
    /// A `V` before it is closed disarms it. Without that, every close does.
    pub magic_close: bool,
}

impl Default for Breed {
    fn default() -> Self {
        Self { timeout_max_s: 3_600, magic_close: true }
    }
}

/// A watchdog, as its host's administrator cannot see it.
#[derive(Debug, Clone)]
pub struct Watchdog(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    breed: Breed,
    timeout_s: u32,
    is_open: bool,
    /// The last thing that was written had the magic word.
    magic: bool,
    /// When it was fed last, while it is armed.
    fed: Option<Instant>,
    feedings: u64,
    has_bitten: bool,
}

/// How late a device may be that counts in seconds.
const LATE: Duration = Duration::from_millis(900);

/// `WDIOC_GETSUPPORT`, `WDIOC_KEEPALIVE`, `WDIOC_SETTIMEOUT`, `WDIOC_GETTIMEOUT`: as in linux/watchdog.h.
const SUPPORT: u32 = 0x8028_5700;
const KEEP_ALIVE: u32 = 0x8004_5705;
const SET_TIMEOUT: u32 = 0xc004_5706;
const GET_TIMEOUT: u32 = 0x8004_5707;

/// `WDIOF_KEEPALIVEPING` and `WDIOF_SETTIMEOUT`; `WDIOF_MAGICCLOSE`.
const OPTIONS: u32 = 0x8000 | 0x0080;
const MAGIC_CLOSE: u32 = 0x0100;

impl Host {
    /// Gives it a watchdog at `path`, until it goes down.
    ///
    /// # Errors
    /// The host is down, or this machine has no FUSE.
    pub fn watchdog(&self, path: impl AsRef<Path>, breed: Breed) -> Result<Watchdog, LabError> {
        let state = State {
            breed,
            timeout_s: 60.min(breed.timeout_max_s),
            is_open: false,
            magic: false,
            fed: None,
            feedings: 0,
            has_bitten: false,
        };
        let dog = Watchdog(Arc::new(Mutex::new(state)));
        self.answered_file(path.as_ref(), dog.clone())?;
        let (watched, reset) = (Arc::downgrade(&dog.0), self.reset());
        std::thread::spawn(move || {
            while let Some(state) = watched.upgrade() {
                if Watchdog(state).bites() {
                    return reset();
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Ok(dog)
    }
}

impl Watchdog {
    /// Whether it restarts its host unless it is fed.
    pub fn is_armed(&self) -> bool {
        self.state().fed.is_some()
    }

    /// Whether it has restarted its host.
    pub fn has_bitten(&self) -> bool {
        self.state().has_bitten
    }

    /// How often it was fed.
    pub fn feedings(&self) -> u64 {
        self.state().feedings
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bites(&self) -> bool {
        let mut state = self.state();
        let timeout = Duration::from_secs(state.timeout_s.into()) + LATE;
        state.has_bitten = state.fed.is_some_and(|fed| fed.elapsed() > timeout);
        state.has_bitten
    }
}

impl State {
    fn feed(&mut self) {
        self.fed = Some(Instant::now());
        self.feedings += 1;
    }
}

impl Behind for Watchdog {
    fn opened(&self) -> Result<(), Errno> {
        let mut state = self.state();
        if state.is_open {
            return Err(Errno::BUSY);
        }
        (state.is_open, state.magic) = (true, false);
        state.feed();
        Ok(())
    }

    fn written(&self, data: &[u8]) {
        let mut state = self.state();
        state.magic = data.contains(&b'V');
        state.feed();
    }

    fn released(&self) {
        let mut state = self.state();
        state.is_open = false;
        if state.magic || !state.breed.magic_close {
            state.fed = None;
        }
    }

    fn gone(&self) {
        self.state().fed = None;
    }

    fn asked(&self, request: u32, given: &[u8]) -> Result<Vec<u8>, Errno> {
        let mut state = self.state();
        match request {
            SUPPORT => {
                let options = OPTIONS | if state.breed.magic_close { MAGIC_CLOSE } else { 0 };
                let mut answer = [&options.to_ne_bytes()[..], &[0; 4], b"lab watchdog"].concat();
                answer.resize(40, 0);
                Ok(answer)
            }
            KEEP_ALIVE => {
                state.feed();
                Ok(0_u32.to_ne_bytes().to_vec())
            }
            SET_TIMEOUT => {
                let asked =
                    given.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes)).ok_or(Errno::INVAL)?;
                if !(1..=state.breed.timeout_max_s).contains(&asked) {
                    return Err(Errno::INVAL);
                }
                state.timeout_s = asked;
                state.feed();
                Ok(asked.to_ne_bytes().to_vec())
            }
            GET_TIMEOUT => Ok(state.timeout_s.to_ne_bytes().to_vec()),
            _ => Err(Errno::NOTTY),
        }
    }
}
