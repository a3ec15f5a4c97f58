//! Cleaning up, in one way for every case.
//!
//! A small shell waits on a pipe whose other end only the lab holds. The end of the lab, a panic,
//! `kill -9` of the test: each closes the pipe, and the shell does the rest. So the path that
//! matters most, the one after a violent end, is the one that every ordinary end takes too.
//! The shell has a session of its own and ignores signals, so what ends the tests (Ctrl-C, a test
//! runner that kills a process group) does not end it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::error::Doing;
use crate::{LabError, tool};

const SCRIPT: &str = include_str!("reaper.sh");

/// What there is to remove.
pub(crate) struct Remains<'a> {
    /// The lab's folder.
    pub(crate) dir: &'a Path,
    /// The file whose lock says that the lab lives; removed last.
    pub(crate) lock: &'a Path,
    /// The lab's control group.
    pub(crate) cgroup: &'a Path,
    /// Where the lab mounted cgroup v2 for itself, if it did.
    pub(crate) cgroup_mount: Option<&'a Path>,
}

impl Remains<'_> {
    fn command(&self) -> Command {
        // `setsid` makes the session; the shell then is the same process.
        let mut command = Command::new("setsid");
        command.args(["sh", "-c", SCRIPT, "lab-reaper"]);
        command.args([self.dir, self.lock, self.cgroup]);
        command.arg(self.cgroup_mount.unwrap_or(Path::new("")));
        command.env("PATH", tool::SEARCH_PATH).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Removes everything now.
    pub(crate) fn remove(&self) -> Result<(), LabError> {
        self.command().status().map_err(|error| tool::failed_to_start("setsid", error))?;
        Ok(())
    }

    /// Removes everything when the returned value, or this process, is gone.
    pub(crate) fn remove_later(&self) -> Result<Reaper, LabError> {
        let child = self.command().stdin(Stdio::piped()).spawn();
        Ok(Reaper(child.map_err(|error| tool::failed_to_start("setsid", error))?))
    }
}

/// The waiting shell.
pub(crate) struct Reaper(Child);

impl Reaper {
    /// Lets it work, and returns when all is gone.
    pub(crate) fn finish(&mut self) -> Result<(), LabError> {
        // `wait` closes the pipe first.
        self.0.wait().doing(|| "wait for the lab's reaper".to_owned())?;
        Ok(())
    }
}
