//! Which files a process and all that it starts really read: ptrace(2).
//!
//! Everything that the process starts is stopped after each of its system calls, and its open files are looked at;
//! so nothing is missed that was opened, however shortly, and nothing has to be known of the calls themselves.
//! That costs some 30 microseconds a call, which is fine for one run of an agent and for nothing else.
//!
//! What is followed is let go when whoever follows ends. A process that is stopped by a signal meanwhile goes on
//! running: there is no way to leave it stopped with what is used here.

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where that ends is no kernel's choice: `PTRACE_SYSCALL_INFO_EXIT` of `linux/ptrace.h`.
const CALL_HAS_ENDED: u8 = 2;

/// Caches, which programs make anew, and texts for people: nothing fails if they are others.
const IGNORED: [&str; 5] =
    ["/usr/share/locale", "/usr/lib/locale", "/usr/share/zoneinfo", "/usr/share/doc", "/usr/share/man"];

/// What was read so far.
#[derive(Debug, Clone, Default)]
pub struct Read(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Read {
    /// The files.
    #[must_use]
    pub fn files(&self) -> BTreeSet<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, path: PathBuf) {
        let is_cache = path.extension().is_some_and(|end| end == "pyc" || end == "cache");
        let is_ignored = IGNORED.iter().any(|folder| path.starts_with(folder));
        if is_cache || is_ignored || !super::is_installed(&path) || !path.is_file() {
            return;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
    }
}

/// Follows what a process starts from now on, until it has ended. What it reads itself is not of interest.
///
/// # Errors
/// There is no such process, or no right to follow it.
pub fn follow(process: u32, read: &Read, following: impl FnOnce()) -> io::Result<()> {
    let process = i32::try_from(process).map_err(io::Error::other)?;
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))?.flatten() {
        if let Some(thread) = thread.file_name().to_str().and_then(|name| name.parse().ok()) {
            ptrace::seize(Pid::from_raw(thread), options)?;
        }
    }
    following();
    let mut followed = Followed { process, own: HashMap::new(), seen: HashSet::new(), read };
    loop {
        match waitpid(None, Some(WaitPidFlag::__WALL)) {
            Ok(status) => followed.go_on(status),
            Err(nix::errno::Errno::EINTR) => {}
            Err(nix::errno::Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

struct Followed<'r> {
    process: i32,
    /// Of each thread: whether it is one of the process that was named.
    own: HashMap<Pid, bool>,
    /// Open files that were looked at: the process, the number, and what was behind it.
    seen: HashSet<(Pid, PathBuf)>,
    read: &'r Read,
}

impl Followed<'_> {
    fn go_on(&mut self, status: WaitStatus) {
        match status {
            WaitStatus::PtraceSyscall(thread) => {
                if ptrace::syscall_info(thread).is_ok_and(|info| info.op == CALL_HAS_ENDED) {
                    self.look(thread);
                }
                self.start(thread, None);
            }
            WaitStatus::PtraceEvent(thread, _, event) => {
                if event == nix::libc::PTRACE_EVENT_EXEC {
                    self.own.remove(&thread);
                    self.started(thread);
                }
                self.start(thread, None);
            }
            WaitStatus::Stopped(thread, signal) => self.start(thread, Some(signal)),
            WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) => {
                self.own.remove(&thread);
            }
            _ => {}
        }
    }

    /// Lets a thread go on: until its next system call, unless it is one of the process itself.
    fn start(&mut self, thread: Pid, signal: Option<Signal>) {
        let process = self.process;
        let is_own = *self.own.entry(thread).or_insert_with(|| is_of(thread, process));
        // One that was killed meanwhile cannot go on, and says so when it is waited for.
        let _ = if is_own { ptrace::cont(thread, signal) } else { ptrace::syscall(thread, signal) };
    }

    /// A program was started: it, and what loads it.
    fn started(&mut self, thread: Pid) {
        if let Ok(pid) = u32::try_from(thread.as_raw()) {
            super::processes::code(pid).into_iter().for_each(|path| self.read.add(path));
        }
    }

    /// What it has open.
    fn look(&mut self, thread: Pid) {
        let open = std::fs::read_dir(format!("/proc/{thread}/fd")).into_iter().flatten().flatten();
        for entry in open {
            let Ok(path) = std::fs::read_link(entry.path()) else { continue };
            if !path.is_absolute() || !self.seen.insert((thread, path.clone())) {
                continue;
            }
            if is_only_read(thread, &entry.file_name().to_string_lossy()) {
                self.read.add(path);
            }
        }
    }
}

fn is_of(thread: Pid, process: i32) -> bool {
    Path::new(&format!("/proc/{process}/task/{thread}")).exists()
}

/// What is opened for writing is what a program makes, and not what it needs.
fn is_only_read(thread: Pid, number: &str) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{thread}/fdinfo/{number}")).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|flags| flags & 0o3 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Command, Stdio};

    /// The test is its own tracer and its own shell: the shell waits until it is followed.
    #[test]
    fn what_a_script_reads_and_runs_is_seen_though_it_makes_the_name_up() {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "read go; name=ca; /bin/${name}t /usr/share/common-licenses/GPL-3 /etc/hostname"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut to, from) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        let read = Read::default();
        let id = shell.id();
        let seen = read.clone();
        let follower = std::thread::spawn(move || follow(id, &seen, || to.write_all(b"go\n").unwrap()));
        assert!(BufReader::new(from).lines().count() > 0);
        follower.join().unwrap().unwrap();
        let files: BTreeSet<String> = read.files().iter().map(|path| path.display().to_string()).collect();
        let has = |end: &str| files.iter().any(|path| path.ends_with(end));
        assert!(has("/cat") && has("/libc.so.6") && has("/GPL-3"), "{files:?}");
        assert!(!has("hostname"), "what is no part of what is installed is not of interest: {files:?}");
        // Reaped by whoever followed it.
        let _ = shell.wait();
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(follow(u32::MAX >> 1, &Read::default(), || panic!("nothing is followed")).is_err());
    }
}
