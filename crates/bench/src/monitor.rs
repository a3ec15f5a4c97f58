//! A resource monitor, and the daemon's side of the conversation with it.

use crate::problem::{Doing as _, Problem};
use resource_api::frame::{Decoder, encode};
use resource_api::message::{Hello, Place};
use resource_api::{Checks, FromMonitor, Instance, Outcome, ResourceId, ToMonitor, Verb};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Long enough for whatever is measured, or it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A monitor that runs.
pub(crate) struct Monitor {
    child: Child,
    socket: UnixStream,
    decoder: Decoder,
    heard: Vec<FromMonitor>,
    calls: u64,
}

impl Monitor {
    /// Starts one; `wrapped` comes before the binary and its argument, such as `ip netns exec NAME`.
    pub(crate) async fn start(binary: &Path, run_dir: &Path, wrapped: &[&str]) -> Result<Self, Problem> {
        let (ours, theirs) =
            std::os::unix::net::UnixStream::pair().doing(|| "make a socket pair".to_owned())?;
        ours.set_nonblocking(true).doing(|| "prepare a socket".to_owned())?;
        let mut words = wrapped.iter().map(|word| (*word).into());
        let mut command = match words.next() {
            Some(first) => {
                let first: std::ffi::OsString = first;
                let mut command = Command::new(first);
                command.args(words).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        command.arg("monitor").stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null());
        let child = command.spawn().doing(|| format!("start {command:?}"))?;
        let socket = UnixStream::from_std(ours).doing(|| "use a socket".to_owned())?;
        let mut this = Self { child, socket, decoder: Decoder::default(), heard: Vec::new(), calls: 0 };
        let place = Place { node: "n1".to_owned(), run_dir: run_dir.to_owned(), cgroup: None };
        this.say(&ToMonitor::Hello { hello: Hello::ours("bench"), place }).await?;
        this.hear(|said| matches!(said, FromMonitor::Hello { .. }).then_some(())).await?;
        Ok(this)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Says something.
    pub(crate) async fn say(&mut self, message: &ToMonitor) -> Result<(), Problem> {
        let bytes = encode(message).map_err(io::Error::other).doing(|| "write a message".to_owned())?;
        self.socket.write_all(&bytes).await.doing(|| "talk to the monitor".to_owned())
    }

    /// The first message that is meant; the others are kept.
    pub(crate) async fn hear<T>(&mut self, meant: impl Fn(&FromMonitor) -> Option<T>) -> Result<T, Problem> {
        let hearing = async {
            loop {
                if let Some(at) = self.heard.iter().position(|said| meant(said).is_some()) {
                    return meant(&self.heard.swap_remove(at)).ok_or_else(|| io::Error::other("it changed"));
                }
                let mut buffer = vec![0; 16 << 10];
                match self.socket.read(&mut buffer).await? {
                    0 => return Err(io::Error::other("the monitor has ended")),
                    count => self.decoder.feed(&buffer[..count]),
                }
                while let Some(said) = self.decoder.take().map_err(io::Error::other)? {
                    self.heard.push(said);
                }
            }
        };
        let late = || Err(io::Error::new(io::ErrorKind::TimedOut, "it said nothing"));
        tokio::time::timeout(PATIENCE, hearing)
            .await
            .unwrap_or_else(|_| late())
            .doing(|| "hear the monitor".to_owned())
    }

    /// Opens a resource.
    pub(crate) async fn open(
        &mut self,
        name: &str,
        kind: &str,
        parameters: serde_json::Value,
        checks: Checks,
    ) -> Result<(), Problem> {
        let wrong = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
        let doing = || format!("open {name}");
        let kind = kind.parse().map_err(|error| wrong(&error)).doing(doing)?;
        let parameters = serde_json::from_value(parameters).map_err(|error| wrong(&error)).doing(doing)?;
        self.say(&ToMonitor::Open { instance: Instance { id: id(name)?, kind, parameters, checks } }).await
    }

    /// Asks for something, and returns the number of the call.
    pub(crate) async fn ask(&mut self, name: &str, verb: Verb) -> Result<u64, Problem> {
        self.calls += 1;
        let deadline_ms = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
        // A planned move: whoever had the address has let go of it.
        let arguments = BTreeMap::from([("skip-probe".to_owned(), "true".to_owned())]);
        self.say(&ToMonitor::Call { call: self.calls, id: id(name)?, verb, deadline_ms, arguments }).await?;
        Ok(self.calls)
    }

    /// What became of a call.
    pub(crate) async fn answer(&mut self, wanted: u64) -> Result<Outcome, Problem> {
        self.hear(|said| match said {
            FromMonitor::Answer { call, outcome, .. } if *call == wanted => Some(outcome.clone()),
            _ => None,
        })
        .await
    }

    /// Asks, and waits for a good answer.
    pub(crate) async fn call(&mut self, name: &str, verb: Verb) -> Result<(), Problem> {
        let call = self.ask(name, verb).await?;
        let outcome = self.answer(call).await?;
        match outcome.is_good() {
            true => Ok(()),
            false => Err(io::Error::other(outcome.to_string())).doing(|| format!("{verb} of {name}")),
        }
    }

    /// From now on it is looked after.
    pub(crate) async fn watch(&mut self, name: &str) -> Result<(), Problem> {
        self.say(&ToMonitor::Watch { id: id(name)?, on: true }).await
    }

    /// Waits until it is told that this one is not any more as it was.
    pub(crate) async fn changed(&mut self, name: &str) -> Result<(), Problem> {
        let wanted = id(name)?;
        self.hear(|said| matches!(said, FromMonitor::Changed { id, .. } if *id == wanted).then_some(())).await
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn id(name: &str) -> Result<ResourceId, Problem> {
    let wrong = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
    let group = "bench".parse().map_err(|error| wrong(&error)).doing(|| "name a group".to_owned())?;
    let resource = name.parse().map_err(|error| wrong(&error)).doing(|| format!("name {name}"))?;
    Ok(ResourceId { group, resource })
}
