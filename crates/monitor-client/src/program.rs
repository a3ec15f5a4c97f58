//! A program that is a monitor, and starting it.

use crate::printed::Printed;
use resource_api::message::VERSIONS;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// A program that is a monitor: it finds the socket as its standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it looks after, for people: "the built-in types".
    pub what: String,
    /// Its path.
    pub path: PathBuf,
    /// Its name as lists of processes show it.
    pub shown_as: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
}

impl Program {
    /// This very program as the monitor of the built-in types, OCF agents and units. Also right after
    /// its file was replaced: it is the running program that is started once more.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            what: "the built-in types, agents and units".to_owned(),
            path: "/proc/self/exe".into(),
            shown_as: "steadfast".into(),
            args: vec!["monitor".into()],
        }
    }

    /// The plug-in host, which is told a library as its argument: the small dynamic program beside the
    /// running one.
    #[must_use]
    pub fn plugin_host() -> Self {
        let name = "steadfast-plugin-host";
        let running = std::env::current_exe().unwrap_or_default();
        Self {
            what: "plug-ins".to_owned(),
            path: running.with_file_name(name),
            shown_as: name.into(),
            args: Vec::new(),
        }
    }

    /// The same with this library of a plug-in.
    #[must_use]
    pub fn with_library(mut self, library: &Path) -> Self {
        self.what = format!("the plug-in {}", library.display());
        self.args.push(library.into());
        self
    }
}

/// Why there is no monitor.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The operating system refused.
    #[error("the resource monitor {} cannot be run: {source}", path.display())]
    Run {
        /// The program.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It did not say hello in time, and was killed.
    #[error("the resource monitor did not say hello within {0} s, and was killed")]
    Silent(u64),
    /// It ended instead of saying hello.
    #[error("the resource monitor {how}{}", if said.is_empty() { String::new() } else { format!(": {said}") })]
    Ended {
        /// How.
        how: String,
        /// The end of what it printed.
        said: String,
    },
    /// It speaks no version of the protocol that this software speaks.
    #[error(
        "the resource monitor ({software}) speaks versions {oldest} to {newest} of the monitors' protocol, \
         and {} to {} are needed; install the version of Steadfast that the daemon has", VERSIONS.0, VERSIONS.1
    )]
    Versions {
        /// Its software.
        software: String,
        /// The oldest version that it speaks.
        oldest: u32,
        /// The newest.
        newest: u32,
    },
}

/// A monitor's process, our end of its socket, and what it prints.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    pub(crate) pid: u32,
    pub(crate) socket: UnixStream,
    pub(crate) printed: Printed,
}

/// Starts a program with a socket as its standard input, in that cgroup if there is one.
pub(crate) fn spawn(program: &Program, cgroup: Option<&Path>) -> Result<Spawned, StartError> {
    let failed = |source| StartError::Run { path: program.path.clone(), source };
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
    ours.set_nonblocking(true).map_err(failed)?;
    let mut command = std::process::Command::new(&program.path);
    command.arg0(&program.shown_as).args(&program.args).process_group(0).current_dir("/");
    // What a service manager tells the daemon is not told to its monitors.
    for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = Command::from(command).kill_on_drop(true).spawn().map_err(failed)?;
    let pid = child.id().ok_or_else(|| failed(io::Error::other("it has no number")))?;
    if let Some(folder) = cgroup
        // Nothing has been started by it yet: it waits for our hello first. Outside its cgroup it works
        // as well, only less tidily.
        && let Err(error) = fs::write(folder.join("cgroup.procs"), pid.to_string())
    {
        tracing::warn!(%error, cgroup = %folder.display(), "a resource monitor stays outside its cgroup");
    }
    let printed = Printed::read(&program.what, child.stderr.take());
    let socket = UnixStream::from_std(ours).map_err(failed)?;
    Ok(Spawned { child, pid, socket, printed })
}
