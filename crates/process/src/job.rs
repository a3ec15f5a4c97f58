//! A program to be run.

use crate::cgroup::{Cgroup, CgroupError};
use crate::enter::{enter, record};
use crate::output::Output;
use crate::record::Record;
use crate::start;
use crate::tree;
use crate::watched::{Identity, Watched};
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::process::{Child, Command};

/// How much is kept of a standard error that is kept apart: a screenful.
const ERRORS_MAX: usize = 4 << 10;

/// Who a program runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's number.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
}

/// A program to be run. It gets no shell, no environment but this, and nothing to read.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which, by its absolute path.
    pub program: PathBuf,
    /// Its arguments, as they are.
    pub args: Vec<OsString>,
    /// Its environment, all of it.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it runs; `/` if nothing is said.
    pub folder: Option<PathBuf>,
    /// Who it runs as; as this program if nothing is said.
    pub user: Option<User>,
    /// What holds it together.
    pub cgroup: Option<Cgroup>,
    /// How much of its output is kept, in bytes.
    pub output_max: usize,
    /// A file that it prints to, at its end; made, if it is not there. Then nothing is kept, and the
    /// program does not notice when this one ends: a pipe would be closed, and it would die of that.
    pub output_file: Option<PathBuf>,
    /// Whether what it prints to its standard error is kept apart, for one whose output is read by a
    /// program. Otherwise both are kept together as they are read. They come through two pipes, so what is
    /// printed to one and soon after to the other may change places; each by itself keeps its order.
    pub errors_apart: bool,
    /// A file that says which process it is while it runs: so a later life of this program finds a run
    /// that its own end left behind, and ends it before it begins one with the same record. Only of those
    /// that [`run`](crate::run()) waits for.
    pub record: Option<PathBuf>,
}

impl Job {
    /// This program, without arguments and environment.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            environment: Vec::new(),
            folder: None,
            user: None,
            cgroup: None,
            output_max: 64 << 10,
            output_file: None,
            errors_apart: false,
            record: None,
        }
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// With one more variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts it, without holding up this thread: a program on a dead disk is not started, and this waits
    /// as long as somebody waits for it. It goes on if what is returned is dropped; if this future is
    /// dropped, it is ended.
    ///
    /// # Errors
    /// If there is no such program, it may not be run, or its cgroup cannot be entered.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(self) -> Result<Started, SpawnError> {
        start::start(self).await
    }

    /// Starts it on this thread, which waits until it runs: for ever, if its disk is dead.
    pub(crate) fn spawn(&self) -> Result<Started, SpawnError> {
        let failed = |source| SpawnError::Run { program: self.program.clone(), source };
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.as_deref().unwrap_or("/".as_ref())).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(path) = &self.output_file {
            let refused = |source| SpawnError::OutputFile { path: path.clone(), source };
            // At its end, also after somebody has cut the file: so it can be cut while it is written.
            let file = File::options().create(true).append(true).mode(0o640).open(path).map_err(refused)?;
            command.stdout(file.try_clone().map_err(refused)?).stderr(file);
        }
        if let Some(user) = &self.user {
            // The standard library drops all further groups before it changes the user, as root does.
            command.gid(user.gid).uid(user.uid);
        }
        if let Some(path) = &self.record {
            let refused = |source| SpawnError::Record { path: path.clone(), source };
            command.env(Record::VARIABLE, path);
            record(&mut command, File::create(path).map_err(refused)?);
        }
        if let Some(cgroup) = &self.cgroup {
            enter(&mut command, cgroup.procs()?);
        }
        if self.record.is_some() || self.cgroup.is_some() {
            refuse_script_without_interpreter(&self.program).map_err(failed)?;
        }
        let mut child = Command::from(command).spawn().map_err(failed)?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| failed(std::io::Error::other("it has no number")))?;
        let output = Output::keeping(self.output_max);
        let errors = if self.errors_apart { Output::keeping(ERRORS_MAX) } else { output.clone() };
        let mut readers = tokio::task::JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            readers.spawn(output.clone().read(stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.spawn(errors.clone().read(stderr));
        }
        Ok(Started { child, pid, output, errors, readers })
    }
}

/// A text that does not name its interpreter is none for the kernel. But where something is to happen
/// between fork and exec, it is the C library that starts the program, and it has a shell read such a text.
fn refuse_script_without_interpreter(program: &Path) -> std::io::Result<()> {
    let mut begin = [0; 128];
    let count = File::open(program)?.read(&mut begin)?;
    let begin = &begin[..count];
    if begin.starts_with(b"#!") || begin.contains(&0) {
        return Ok(());
    }
    Err(rustix::io::Errno::NOEXEC.into())
}

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The operating system refused.
    #[error("cannot run {}: {source}", program.display())]
    Run {
        /// Which.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What it is to print to cannot be opened.
    #[error("cannot open {} for what it prints: {source}", path.display())]
    OutputFile {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file that is to say which process it is cannot be written.
    #[error("cannot write {}, by which what runs is found again: {source}", path.display())]
    Record {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A run that an earlier life of this program left behind was killed, and does not end.
    #[error("process {pid}, which an earlier resource monitor left running, was killed and does not end")]
    FormerRuns {
        /// Its number.
        pid: i32,
    },
    /// What should hold it together is not there.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
}

/// A program that was started.
#[derive(Debug)]
pub struct Started {
    child: Child,
    pid: Pid,
    output: Output,
    errors: Output,
    readers: tokio::task::JoinSet<()>,
}

impl Started {
    /// Its number, which is that of its process group too.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// What it has printed so far.
    #[must_use]
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// What it has printed to its standard error so far, or all of it if that is not kept apart.
    #[must_use]
    pub fn errors(&self) -> &Output {
        &self.errors
    }

    /// Something that notices its end and outlives this; nothing, if it has ended.
    #[must_use]
    pub fn watched(&self) -> Option<Watched> {
        Watched::of(self.pid)
    }

    /// Waits for its end, not for that of its children.
    ///
    /// # Errors
    /// If the operating system does not say.
    pub async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Signals its whole process group. That it has none any more is no failure.
    pub fn signal(&self, signal: Signal) {
        // Its number is its own until it has been waited for.
        if self.child.id().is_some() {
            let _ = kill_process_group(self.pid, signal);
        }
    }

    /// Kills it, its process group and all that descends from it, unless it has ended.
    pub(crate) fn kill_whole(&self) {
        // Its number is its own until it has been waited for.
        if let Some(leader) = self.child.id().and_then(|_| Identity::of(self.pid.as_raw_nonzero().get())) {
            tree::kill(leader);
        }
        // It may have ended, and not have been waited for, with others of its group left.
        self.signal(Signal::KILL);
    }

    /// Waits until all that could print has closed its output, but no longer than this.
    pub(crate) async fn drained(&mut self, at_most: std::time::Duration) {
        let all = async { while self.readers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(at_most, all).await;
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Children may go on printing; they are read to their end.
        self.readers.detach_all();
    }
}
