//! Cleaning up, in one way for every case.
//!
//! A small shell waits on a pipe whose other end only this program holds. Its end, a panic, Ctrl-C,
//! `kill -9`: each closes the pipe, and the shell ends the daemons that still live and removes the
//! folders. It has a process group of its own, so that what a terminal sends does not reach it.

use crate::problem::{Doing as _, Problem};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// The waiting shell.
pub(crate) struct Keeper {
    shell: Child,
    told: Option<ChildStdin>,
}

impl Keeper {
    /// Removes these folders at the end.
    pub(crate) fn of(folders: [&Path; 2]) -> Result<Self, Problem> {
        let mut command = Command::new("sh");
        command.args(["-c", include_str!("keeper.sh"), "keeper"]).args(folders).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut shell = command.spawn().doing(|| "start sh".to_owned())?;
        let told = shell.stdin.take();
        Ok(Self { shell, told })
    }

    /// A daemon lives.
    pub(crate) fn born(&mut self, pid: u32) -> Result<(), Problem> {
        self.tell('+', pid)
    }

    /// A daemon is gone, and its number may soon be another's.
    pub(crate) fn gone(&mut self, pid: u32) -> Result<(), Problem> {
        self.tell('-', pid)
    }

    fn tell(&mut self, sign: char, pid: u32) -> Result<(), Problem> {
        let Some(pipe) = &mut self.told else { return Ok(()) };
        writeln!(pipe, "{sign} {pid}").doing(|| "tell the keeper of a daemon".to_owned())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.told = None;
        // The folders are gone when this returns; that they could not be removed is seen by who looks.
        let _ = self.shell.wait();
    }
}
