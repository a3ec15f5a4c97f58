//! Waiting for a state, never for a time.

use std::thread;
use std::time::{Duration, Instant};

use crate::LabError;

/// How often a state is looked at: short against anything a test waits for, long enough to leave
/// the machine to what is waited for.
const INTERVAL: Duration = Duration::from_millis(5);

/// Within this much time the kernel kills, freezes or removes what it was told to. It takes
/// milliseconds; the rest is for a machine that does a hundred other things.
pub(crate) const KERNEL_PATIENCE: Duration = Duration::from_secs(20);

/// Looks until `look` returns something, at most for `patience`.
///
/// # Errors
/// [`LabError::Timeout`] with `what`, which should say what was waited for.
pub fn wait_for<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> Result<T, LabError> {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if started.elapsed() > patience {
            return Err(LabError::Timeout { what: what.to_owned(), after: patience });
        }
        thread::sleep(INTERVAL);
    }
}

/// Waits until `holds` is true, at most for `patience`; for tests, where giving up is a failure.
///
/// # Panics
/// With `what` when it did not become true in time.
#[track_caller]
pub fn eventually(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    if let Err(error) = wait_for(what, patience, || holds().then_some(())) {
        panic!("{error}");
    }
}
