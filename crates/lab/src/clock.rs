//! A host whose clock is wrong.
//!
//! Linux has one wall clock for all namespaces, so the lie is told per process, by Debian's
//! `libfaketime`, preloaded into the programs of the host. It shifts the wall clock only; monotonic
//! clocks run on, as they do when an administrator sets the time. A statically linked program
//! cannot be lied to this way.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use crate::error::Doing;
use crate::{Host, LabError};

/// Read by the library at each look at the clock; on the host's disk, so it survives a restart.
const OFFSET_FILE: &str = "/etc/lab-clock-offset";

/// The variant of the library for programs with threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

impl Host {
    /// Sets the wall clock `seconds` ahead (negative: behind). Programs started after the first
    /// call see this and every later call, while they run too; programs from before see none.
    ///
    /// # Errors
    /// [`LabError::Missing`] without the library (a test says so with [`crate::skip()`]); the host is
    /// down.
    pub fn set_clock_offset(&self, seconds: i64) -> Result<(), LabError> {
        let library = find_library(Path::new("/usr/lib")).ok_or_else(|| LabError::Missing {
            program: LIBRARY.to_owned(),
            package: "libfaketime".to_owned(),
        })?;
        // Renamed into place: no reader sees half a number.
        let fresh = format!("{OFFSET_FILE}.new");
        let what = || format!("set the clock of {}", self.name());
        self.within(|| {
            fs::write(&fresh, format!("{seconds:+}\n")).doing(what)?;
            fs::rename(&fresh, OFFSET_FILE).doing(what)
        })??;
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(library);
        Ok(())
    }

    /// What makes a program see the wrong clock.
    pub(crate) fn clock_environment(&self) -> Vec<(&'static str, PathBuf)> {
        let library = self.clock.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(library) = library else { return Vec::new() };
        vec![
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", OFFSET_FILE.into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
}

/// Debian keeps it in the folder of the architecture.
fn find_library(lib: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(lib).ok()?.flatten().map(|entry| entry.path());
    folders.map(|folder| folder.join(LIBRARY)).find(|path| path.exists())
}
