//! The daemon's side of the conversation.

use model::desired::Value;
use resource_api::frame::{Decoder, FrameError, encode};
use resource_api::message::{Hello, LoadStage, Place};
use resource_api::{Checks, Failure, FromMonitor, Instance, Outcome, ResourceId, ToMonitor, Verb, Verdict};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::{NamedTempFile, tempfile};

/// Generous: whatever a test waits for comes within it, or never.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// So soon ends what a test has hang.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// A host, and what is said to it.
pub(crate) struct Host {
    child: Child,
    socket: UnixStream,
    decoder: Decoder,
    heard: Vec<FromMonitor>,
    next_call: u64,
    stdout: File,
    stderr: NamedTempFile,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The resource of this name, in a group of that name.
pub(crate) fn id(name: &str) -> ResourceId {
    ResourceId { group: "g".parse().unwrap(), resource: name.parse().unwrap() }
}

pub(crate) fn failure(outcome: &Outcome) -> Option<Failure> {
    match outcome.verdict {
        Verdict::Failed { failure } => Some(failure),
        _ => None,
    }
}

impl Host {
    /// Starts one with this library.
    pub(crate) fn of(library: &Path) -> Self {
        Self::told(library, &[])
    }

    /// Starts one with these variables besides.
    pub(crate) fn told(library: &Path, variables: &[(&str, &str)]) -> Self {
        let (socket, theirs) = UnixStream::pair().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let (stdout, stderr) = (tempfile().unwrap(), NamedTempFile::new().unwrap());
        let child = Command::new(env!("CARGO_BIN_EXE_steadfast-plugin-host"))
            .arg(library)
            .envs(variables.iter().copied())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(stdout.try_clone().unwrap())
            .stderr(stderr.reopen().unwrap())
            .spawn()
            .unwrap();
        let (decoder, heard) = (Decoder::default(), Vec::new());
        let mut host = Self { child, socket, decoder, heard, next_call: 0, stdout, stderr };
        let place = Place { node: "n1".to_owned(), run_dir: "/nowhere".into(), cgroup: None };
        host.say(&ToMonitor::Hello { hello: Hello::ours("test"), place });
        host.hear(|said| matches!(said, FromMonitor::Hello { .. }).then_some(()));
        host
    }

    pub(crate) fn say(&mut self, message: &ToMonitor) {
        // One that has ended hears nothing, which the test sees where it waits for an answer.
        let _ = self.socket.write_all(&encode(message).unwrap());
    }

    /// The next message; nothing, at the end.
    fn next(&mut self) -> Result<Option<FromMonitor>, FrameError> {
        loop {
            if let Some(message) = self.decoder.take()? {
                return Ok(Some(message));
            }
            let mut buffer = [0; 4096];
            match self.socket.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => self.decoder.feed(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => panic!("nothing is heard: {error}; {}", self.printed()),
            }
        }
    }

    /// The first message that is meant, said since or before; the others are kept.
    #[track_caller]
    pub(crate) fn hear<T>(&mut self, meant: impl Fn(&FromMonitor) -> Option<T>) -> T {
        if let Some(at) = self.heard.iter().position(|said| meant(said).is_some()) {
            return meant(&self.heard.remove(at)).unwrap();
        }
        loop {
            match self.next().unwrap() {
                None => panic!("the host has ended; {}", self.printed()),
                Some(said) => match meant(&said) {
                    Some(it) => return it,
                    None => self.heard.push(said),
                },
            }
        }
    }

    /// Waits for the end, and hears all that is said before; the error is a frame that is none.
    pub(crate) fn end(&mut self) -> (ExitStatus, Result<Vec<FromMonitor>, FrameError>) {
        let mut said = std::mem::take(&mut self.heard);
        let heard = loop {
            match self.next() {
                Ok(Some(message)) => said.push(message),
                Ok(None) => break Ok(said),
                Err(error) => break Err(error),
            }
        };
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, heard);
            }
            assert!(Instant::now() < until, "it does not end; {}", self.printed());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether what comes next is, sooner or later, no frame; then a daemon ends the process.
    pub(crate) fn garbage(&mut self) -> bool {
        loop {
            match self.next() {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Hangs up, as a daemon that has died.
    pub(crate) fn hang_up(&mut self) -> ExitStatus {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
        self.child.wait().unwrap()
    }

    /// Waits for `LoadFailed` and the end: the stage, all problems in a line, and the exit code.
    pub(crate) fn refusal(&mut self) -> (LoadStage, String, Option<i32>) {
        let failed = self.hear(|said| match said {
            FromMonitor::LoadFailed { stage, problems, .. } => Some((*stage, problems.join("; "))),
            _ => None,
        });
        (failed.0, failed.1, self.end().0.code())
    }

    pub(crate) fn types(&mut self) -> BTreeMap<String, Option<String>> {
        self.say(&ToMonitor::List);
        self.hear(|said| match said {
            FromMonitor::Types { types } => {
                Some(types.iter().map(|it| (it.name.to_string(), it.problem.clone())).collect())
            }
            _ => None,
        })
    }

    pub(crate) fn open(&mut self, name: &str, kind: &str, parameters: &[(&str, &str)]) {
        self.open_checked(name, kind, parameters, Checks::default());
    }

    pub(crate) fn open_checked(&mut self, name: &str, kind: &str, given: &[(&str, &str)], checks: Checks) {
        let parameters = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
            .collect();
        let instance = Instance { id: id(name), kind: kind.parse().unwrap(), parameters, checks };
        self.say(&ToMonitor::Open { instance });
    }

    /// Asks, and does not wait.
    pub(crate) fn ask(&mut self, name: &str, verb: Verb, deadline: Duration) -> u64 {
        self.ask_with(name, verb, deadline, BTreeMap::new())
    }

    fn ask_with(
        &mut self,
        name: &str,
        verb: Verb,
        within: Duration,
        arguments: BTreeMap<String, String>,
    ) -> u64 {
        self.next_call += 1;
        let deadline_ms = u64::try_from(within.as_millis()).unwrap();
        self.say(&ToMonitor::Call { call: self.next_call, id: id(name), verb, deadline_ms, arguments });
        self.next_call
    }

    #[track_caller]
    pub(crate) fn answer(&mut self, wanted: u64) -> Outcome {
        self.hear(|said| match said {
            FromMonitor::Answer { call, outcome, .. } if *call == wanted => Some(outcome.clone()),
            _ => None,
        })
    }

    #[track_caller]
    pub(crate) fn call(&mut self, name: &str, verb: Verb) -> Outcome {
        let call = self.ask(name, verb, PATIENCE);
        self.answer(call)
    }

    pub(crate) fn control(&mut self, name: &str, request: &str) -> Outcome {
        let arguments = BTreeMap::from([("request".to_owned(), request.to_owned())]);
        let call = self.ask_with(name, Verb::Control, PATIENCE, arguments);
        self.answer(call)
    }

    /// Waits until it has printed this.
    pub(crate) fn prints(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.printed().contains(text) {
            assert!(Instant::now() < until, "{text}: {}", self.printed());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it has printed so far, on standard error; on standard output nothing ever comes.
    pub(crate) fn printed(&self) -> String {
        assert_eq!(self.stdout.metadata().unwrap().len(), 0, "standard output is not touched");
        String::from_utf8_lossy(&std::fs::read(self.stderr.path()).unwrap()).into_owned()
    }
}
