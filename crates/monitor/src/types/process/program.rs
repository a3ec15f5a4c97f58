//! A program in the foreground, looked after: started, found again, ended whole.
//!
//! `process` stands on it, and all types that run a server (`server.rs`): they say what is to be run.
//!
//! * **It outlives this monitor.** It prints to a file, and a file says which process it is. A monitor
//!   that comes later finds it by that and watches it as if it had started it.
//! * **It is ended whole.** What it forked is in its cgroup, or carries its mark; an end is done when
//!   nobody of them is left, and no earlier.
//! * **Its end is noticed at once**, by the kernel's handle on the process, whoever started it. How it
//!   ended only its parent learns; of one that an earlier monitor started it is not known.
//!
//! Restarting is not done here: the planner decides about it.

use super::hold::Hold;
use super::identity::IdentityFile;
use super::log::Log;
use crate::kind::World;
use process::{Identity, Job, SpawnError, Watched};
use resource_api::{Failure, Outcome, ResourceId};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// A program that cannot read its configuration or bind its port ends within milliseconds. This is long
/// enough to say so in the answer to `online`, and short enough not to be felt in a takeover. What ends
/// later is noticed as an end.
const SETTLE: Duration = Duration::from_millis(50);

/// From a kill to nobody left. Longer waits only for a process in an uninterruptible system call.
const KILL_WAIT: Duration = Duration::from_secs(5);

/// Of a deadline, what is kept back for the kill and for the answer.
const RESERVE: Duration = Duration::from_secs(1);

/// From one look at who is left to the next, once the program itself has ended.
const LEFT_INTERVAL: Duration = Duration::from_millis(10);

/// How a resource's program ended, while it is a child of this very monitor.
type Ending = watch::Receiver<Option<String>>;

/// The children of this monitor, by resource: shared by all of a type, since a resource that is opened
/// anew is still the parent's.
#[derive(Debug, Clone, Default)]
pub(in crate::types) struct Children(Arc<Mutex<BTreeMap<ResourceId, (Identity, Ending)>>>);

impl Children {
    fn of(&self, id: &ResourceId, identity: Identity) -> Option<Ending> {
        let children = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        children.get(id).filter(|(known, _)| *known == identity).map(|(_, ending)| ending.clone())
    }

    fn set(&self, id: &ResourceId, child: Option<(Identity, Ending)>) {
        let mut children = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match child {
            Some(child) => children.insert(id.clone(), child),
            None => children.remove(id),
        };
    }
}

/// A resource's program.
#[derive(Debug)]
pub(in crate::types) struct Program {
    id: ResourceId,
    identity: IdentityFile,
    log: Log,
    hold: Hold,
    children: Children,
    stop_timeout: Duration,
}

impl Program {
    /// That of this resource. Touches nothing.
    pub(in crate::types) fn of(
        id: &ResourceId,
        kind: &str,
        world: &World,
        children: &Children,
        stop_timeout: Duration,
    ) -> Self {
        let place = &world.place;
        Self {
            id: id.clone(),
            identity: IdentityFile::new(place.run_dir.join(kind).join(id.file_name())),
            log: Log::new(place.run_dir.join("log").join(id.file_name())),
            hold: Hold::of(id, place),
            children: children.clone(),
            stop_timeout,
        }
    }

    /// Does it run? Looks everywhere.
    pub(in crate::types) fn probe(&self) -> Outcome {
        match self.look() {
            running if running.is_good() => running,
            other => match self.members() {
                none if none.is_empty() => other,
                left => failed(format!("{}; of what it started, {} still run", other, Pids(&left))),
            },
        }
    }

    /// Does it run? Cheap: reads two small files.
    pub(in crate::types) fn look(&self) -> Outcome {
        self.log.keep_short();
        match self.identity.read() {
            None => Outcome::not_running(),
            Some(identity) if Identity::of(identity.pid) == Some(identity) => Outcome::running(),
            Some(identity) => self.gone(identity),
        }
    }

    /// Starts it, if it does not run. Whoever drops this before it is done has it killed.
    pub(in crate::types) async fn start(&self, job: Job) -> Outcome {
        if self.look().is_good() {
            return Outcome::done();
        }
        // Of an earlier life nothing must be left that holds its port or its files.
        if let Err(why) = self.end_all(KILL_WAIT).await {
            return why;
        }
        if let Err(error) = self.log.begin() {
            return failed(format!("cannot begin the log {}: {error}", self.log.path().display()));
        }
        let unfinished = self.killed_if_dropped();
        let identity = match self.spawn(job).await {
            Ok(identity) => identity,
            Err(why) => return why,
        };
        if let Some(mut ending) = self.children.of(&self.id, identity)
            && timeout(SETTLE, ending.wait_for(Option::is_some)).await.is_ok()
        {
            let why = self.gone(identity);
            let left = self.members();
            let hint = match left.is_empty() {
                true => "; it has to stay in the foreground".to_owned(),
                false => format!(
                    " and left {} behind, which were ended; it has to stay in the foreground (many programs \
                     have an option for that)",
                    Pids(&left)
                ),
            };
            let text = format!("it did not stay: {}{hint}", why.text);
            return match self.end_all(KILL_WAIT).await {
                Ok(()) => failed(text).with_output(&why.output),
                Err(other) => other,
            };
        }
        unfinished.finished();
        Outcome::done()
    }

    /// Ends it in order, and by force where order is not enough.
    pub(in crate::types) async fn stop(&self, deadline: Duration) -> Outcome {
        let until =
            Instant::now() + deadline.saturating_sub(RESERVE.min(deadline / 2)).min(self.stop_timeout);
        if let Some(watched) = self.watched() {
            self.signal(Signal::TERM);
            // It may be in no hold: then it was started before there was one.
            let _ = watched.signal(Signal::TERM);
            let _ = tokio::time::timeout_at(until, watched.ended()).await;
        } else {
            self.signal(Signal::TERM);
        }
        while Instant::now() < until && !self.members().is_empty() {
            sleep(LEFT_INTERVAL).await;
        }
        self.kill().await
    }

    /// Ends it at any price.
    pub(in crate::types) async fn kill(&self) -> Outcome {
        self.end_all(KILL_WAIT).await.err().unwrap_or_else(Outcome::done)
    }

    /// Waits until it is not any more as it was, and keeps its log short meanwhile.
    pub(in crate::types) async fn changed(&self) -> Outcome {
        let Some(identity) = self.identity.read() else {
            // It has not been started: then nothing can change by itself.
            return pending().await;
        };
        if let Some(watched) = Watched::again(identity) {
            let mut ended = std::pin::pin!(watched.ended());
            while timeout(self.log.keep_short(), &mut ended).await.is_err() {}
        }
        if let Some(mut ending) = self.children.of(&self.id, identity) {
            // The same event that ended the wait above brings it, a moment later.
            let _ = timeout(SETTLE, ending.wait_for(Option::is_some)).await;
        }
        self.gone(identity)
    }

    /// Its process, while it runs.
    pub(in crate::types) fn watched(&self) -> Option<Watched> {
        Watched::again(self.identity.read()?)
    }

    /// For a start that has more steps than [`Program::start`].
    pub(in crate::types) fn killed_if_dropped(&self) -> KilledIfDropped<'_> {
        KilledIfDropped(Some(self))
    }

    /// The end of what it printed.
    pub(in crate::types) fn log_end(&self) -> String {
        self.log.end()
    }

    async fn spawn(&self, job: Job) -> Result<Identity, Outcome> {
        let job = Job { output_file: Some(self.log.path().to_owned()), ..job };
        let job = self.hold.held(job).map_err(|error| failed(error.to_string()))?;
        let mut started = job.start().await.map_err(|error| refused(&error))?;
        let pid = started.pid().as_raw_nonzero().get();
        let (say, ending) = watch::channel(None);
        // One that has ended already has no moment of a start any more; no other has this number before
        // it has been waited for, and that is done below.
        let identity = Identity::of(pid).unwrap_or(Identity { pid, started: 0 });
        self.children.set(&self.id, Some((identity, ending)));
        tokio::spawn(async move {
            let how = started.ended().await.map_or_else(|error| error.to_string(), in_words);
            say.send_replace(Some(how));
        });
        self.identity
            .write(identity)
            .map_err(|error| failed(format!("cannot write down which process it is: {error}")))?;
        Ok(identity)
    }

    /// How much it has printed.
    pub(in crate::types) fn log_length(&self) -> u64 {
        self.log.length()
    }

    /// What it printed since there was so much.
    pub(in crate::types) fn log_since(&self, length: u64) -> String {
        self.log.since(length)
    }

    /// All that it started and that still runs, with it.
    pub(in crate::types) fn members(&self) -> Vec<i32> {
        self.hold.members(self.identity.read())
    }

    fn signal(&self, signal: Signal) {
        self.hold.signal(self.identity.read(), signal);
    }

    /// Kills all of it and forgets it.
    async fn end_all(&self, at_most: Duration) -> Result<(), Outcome> {
        let until = Instant::now() + at_most;
        if let Some(watched) = self.watched() {
            let _ = watched.signal(Signal::KILL);
            self.signal(Signal::KILL);
            let _ = tokio::time::timeout_at(until, watched.ended()).await;
        }
        loop {
            let left = self.members();
            if left.is_empty() && self.watched().is_none() {
                break;
            }
            if Instant::now() >= until {
                let text = format!(
                    "{} were killed and do not end, most likely in a system call that waits for a disk; \
                     `cat /proc/PID/stack` tells for what",
                    Pids(&left)
                );
                return Err(failed(text));
            }
            self.signal(Signal::KILL);
            sleep(Duration::from_millis(2)).await;
        }
        self.hold.release();
        self.children.set(&self.id, None);
        let forget = |error: io::Error| failed(format!("cannot forget which process it was: {error}"));
        self.identity.remove().map_err(forget)
    }

    /// It was this process, and is no more.
    fn gone(&self, identity: Identity) -> Outcome {
        let how = self.children.of(&self.id, identity).and_then(|ending| ending.borrow().clone());
        let how = how.unwrap_or_else(|| "ended; how, only its parent was told".to_owned());
        let text = format!("process {} {how}", identity.pid);
        Outcome { text, ..Outcome::not_running() }.with_output(&self.log.end())
    }
}

/// A start that nobody waits for any more leaves nothing behind.
pub(in crate::types) struct KilledIfDropped<'a>(Option<&'a Program>);

impl KilledIfDropped<'_> {
    /// It is to stay.
    pub(in crate::types) fn finished(mut self) {
        self.0 = None;
    }
}

impl Drop for KilledIfDropped<'_> {
    fn drop(&mut self) {
        if let Some(program) = self.0 {
            program.signal(Signal::KILL);
        }
    }
}

/// Numbers of processes, not too many of them.
struct Pids<'a>(&'a [i32]);

impl std::fmt::Display for Pids<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown: Vec<String> = self.0.iter().take(8).map(ToString::to_string).collect();
        let more = if self.0.len() > shown.len() { ", …" } else { "" };
        write!(f, "{} processes ({}{more})", self.0.len(), shown.join(", "))
    }
}

fn failed(text: String) -> Outcome {
    Outcome::failed(Failure::Generic, text)
}

fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}{}", name(signal)),
        (None, None) => "ended".to_owned(),
    }
}

/// The signals that end programs in practice.
fn name(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

/// A program that could not be started: whether that is so until somebody mends this node.
fn refused(error: &SpawnError) -> Outcome {
    let SpawnError::Run { program, source } = error else { return failed(error.to_string()) };
    match source.kind() {
        io::ErrorKind::NotFound if program.exists() => Outcome::failed(
            Failure::NotInstalled,
            format!("{error}: the file is there, so what is missing is the interpreter that it names"),
        ),
        io::ErrorKind::NotFound => Outcome::failed(Failure::NotInstalled, error.to_string()),
        io::ErrorKind::PermissionDenied => Outcome::failed(
            Failure::Permission,
            format!("{error}; it must be a file that its user may execute: `chmod +x {}`", program.display()),
        ),
        _ if source.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => Outcome::failed(
            Failure::Arguments,
            format!(
                "{error}: no program for this machine; a script must begin with a line such as `#!/bin/sh`"
            ),
        ),
        _ => failed(error.to_string()),
    }
}
