//! Which process a run is, in a file: for whoever comes after a program that was killed during a run.
//!
//! The run writes its own number before it becomes the program, so there is no moment at which it runs
//! without one. The number alone would be that of somebody else one day, so the run also has the file's
//! path in its environment: who carries it and has that number is meant, and nobody else.

use crate::tree;
use crate::watched::Identity;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// The file of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'p>(pub(crate) &'p Path);

impl Record<'_> {
    /// What a run finds the path of its record in.
    pub(crate) const VARIABLE: &'static str = "STEADFAST_RUN";

    /// Ends the run that the file names, whole, and waits until nobody of it is left. The error is the
    /// number of one that is left after that time.
    pub(crate) async fn end_former(self, at_most: Duration) -> Result<(), i32> {
        let Some(former) = self.named() else { return Ok(()) };
        let until = Instant::now() + at_most;
        let killed = tree::kill(former);
        for identity in killed {
            while Identity::of(identity.pid) == Some(identity) {
                if Instant::now() >= until {
                    return Err(identity.pid);
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        self.remove();
        Ok(())
    }

    /// Nobody is named any more.
    pub(crate) fn remove(self) {
        // Where it stays, it names one that has ended.
        let _ = fs::remove_file(self.0);
    }

    fn named(self) -> Option<Identity> {
        let identity = Identity::of(fs::read_to_string(self.0).ok()?.trim().parse().ok()?)?;
        let environment = fs::read(format!("/proc/{}/environ", identity.pid)).ok()?;
        let variable = [Self::VARIABLE.as_bytes(), b"=", self.0.as_os_str().as_bytes()].concat();
        let carries = environment.split(|byte| *byte == 0).any(|found| found == variable);
        // Once more who it is: the environment was that of this very process.
        (carries && Identity::of(identity.pid) == Some(identity)).then_some(identity)
    }
}
