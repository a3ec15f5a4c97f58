//! A program to run inside a host: `std::process::Command` with a door.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use crate::error::Doing;
use crate::{Daemon, Host, LabError, tool};

/// The control group of programs that are not daemons; process 1 is in it too.
const LEAF: &str = "init";

/// Built like [`std::process::Command`]. The child is a direct child of this process, so its exit
/// status, its pipes and [`Child::kill`] work as usual; inside, it has the host's process numbers.
/// Standard input is empty unless said otherwise.
#[must_use = "it does nothing until it is run"]
pub struct HostCommand<'h> {
    host: &'h Host,
    command: Command,
}

impl<'h> HostCommand<'h> {
    pub(crate) fn new(host: &'h Host, program: &OsStr) -> Self {
        let mut command = Command::new(program);
        command.env("PATH", tool::SEARCH_PATH).stdin(Stdio::null());
        command.envs(host.clock_environment());
        Self { host, command }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Sets the working directory, a path inside the host; `/` unless said otherwise.
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Sets standard input.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// Sets standard output.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// Sets standard error.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// The host is down or frozen, or the program cannot be started.
    pub fn spawn(self) -> Result<Child, LabError> {
        self.host.spawn(self.command, LEAF)
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// As [`HostCommand::spawn`]. A program that fails is no error here.
    pub fn status(self) -> Result<ExitStatus, LabError> {
        let what = format!("wait for {:?} on {}", self.command.get_program(), self.host.name());
        self.spawn()?.wait().doing(|| what)
    }

    /// Runs it to its end and collects what it writes.
    ///
    /// # Errors
    /// As [`HostCommand::spawn`]. A program that fails is no error here.
    pub fn output(self) -> Result<Output, LabError> {
        let what = format!("wait for {:?} on {}", self.command.get_program(), self.host.name());
        self.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?.wait_with_output().doing(|| what)
    }

    /// Starts it as a daemon: it runs on until it is told to end, is found by [`Host::daemon`], and
    /// what it writes is appended to a log that outlives it.
    ///
    /// # Errors
    /// A daemon of that name runs already, or as [`HostCommand::spawn`].
    pub fn start_daemon(mut self, name: &str) -> Result<Daemon, LabError> {
        if self.host.daemon(name).is_some_and(|earlier| earlier.is_running()) {
            let host = self.host.name().to_owned();
            return Err(LabError::AlreadyRuns { host, daemon: name.to_owned() });
        }
        let path = self.host.log_path(name);
        let what = || format!("open the log {}", path.display());
        let log = OpenOptions::new().create(true).append(true).open(&path).doing(what)?;
        self.command.stdout(log.try_clone().doing(what)?).stderr(log);

        let leaf = format!("daemon-{name}");
        let cgroup = self.host.cgroup().child(&leaf);
        // An earlier one of that name may have been killed while frozen.
        cgroup.create()?;
        cgroup.set_frozen(false)?;
        let child = self.host.spawn(self.command, &leaf)?;
        let daemon = Daemon::new(name, child, path, cgroup);
        self.host.adopt(&daemon);
        Ok(daemon)
    }
}
