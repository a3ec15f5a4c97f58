//! Sees which files are read while a resource lives: a process of its own follows all that a monitor starts.

use crate::failure::Failure;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

/// One follower for each monitor.
#[derive(Default)]
pub(super) struct Recorder(RefCell<Vec<Child>>);

impl Recorder {
    /// Follows what this monitor starts from now on.
    pub(super) fn follow(&self, monitor: u32) -> Result<(), Failure> {
        let failure = |error: String| {
            Failure::new("what the resource uses cannot be recorded")
                .because(error)
                .next("sudo steadfast type test …, without --record to test it only")
        };
        let spawned = Command::new("/proc/self/exe")
            .arg("trace")
            .arg(monitor.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|error| failure(error.to_string()))?;
        let said = child.stdout.as_mut().is_some_and(|out| out.read_exact(&mut [0]).is_ok());
        if said {
            self.0.borrow_mut().push(child);
            return Ok(());
        }
        // It ends when it cannot follow.
        let ended = child.wait_with_output().map_err(|error| failure(error.to_string()))?;
        Err(failure(String::from_utf8_lossy(&ended.stderr).trim().to_owned()))
    }

    /// What was read.
    pub(super) fn end(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        for child in self.0.borrow_mut().drain(..) {
            // The end of its input has it tell.
            let said = child.wait_with_output().map(|output| output.stdout).unwrap_or_default();
            let paths = said.split(|byte| *byte == 0).filter(|path| !path.is_empty());
            files.extend(paths.map(|path| String::from_utf8_lossy(path).into_owned()));
        }
        files
    }
}
