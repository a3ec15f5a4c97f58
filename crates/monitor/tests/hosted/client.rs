//! The daemon's side, for a monitor that runs as a process of a host.

use lab::Host;
use model::desired::Value;
use resource_api::frame::{Decoder, encode};
use resource_api::message::{Hello, NoticedBy, Place};
use resource_api::{Checks, FromMonitor, Instance, Outcome, ResourceId, ToMonitor, Verb};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::time::Duration;

/// Generous: whatever a test waits for comes within it, or never.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Not a test: this program as the monitor of a host. The daemon is at its standard input.
#[test]
#[ignore = "is run by the other tests, on their hosts"]
fn as_monitor() {
    let _ = monitor::run();
}

pub(crate) struct Client {
    child: Child,
    socket: UnixStream,
    decoder: Decoder,
    heard: Vec<FromMonitor>,
    calls: u64,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Client {
    pub(crate) fn start(host: &Host) -> Self {
        let (socket, theirs) = UnixStream::pair().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let child = host
            .command(std::env::current_exe().unwrap())
            .args(["--exact", "client::as_monitor", "--ignored", "--nocapture"])
            .stdin(OwnedFd::from(theirs))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut client = Self { child, socket, decoder: Decoder::default(), heard: vec![], calls: 0 };
        let place = Place { node: host.name().to_owned(), run_dir: "/run/steadfast".into(), cgroup: None };
        client.say(&ToMonitor::Hello { hello: Hello::ours("test"), place });
        client.hear(|said| matches!(said, FromMonitor::Hello { .. }).then_some(()));
        client
    }

    /// Opens the resource `r`, with looks only when asked for.
    pub(crate) fn open(&mut self, kind: &str, parameters: &[(&str, Value)]) {
        self.open_as("r", kind, parameters);
    }

    /// Opens one of this name.
    pub(crate) fn open_as(&mut self, name: &str, kind: &str, parameters: &[(&str, Value)]) {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let checks = Checks { looks_alive_ms: 0, is_alive_ms: 0, ..Checks::default() };
        let (kind, parameters) = (kind.parse().unwrap(), parameters.collect());
        self.say(&ToMonitor::Open { instance: Instance { id: id(name), kind, parameters, checks } });
    }

    pub(crate) fn watch(&mut self) {
        self.say(&ToMonitor::Watch { id: id("r"), on: true });
    }

    pub(crate) fn call(&mut self, verb: Verb) -> Outcome {
        self.call_with(verb, &[]).0
    }

    /// With arguments; and how long the monitor says that it took.
    pub(crate) fn call_with(&mut self, verb: Verb, arguments: &[(&str, &str)]) -> (Outcome, Duration) {
        self.ask("r", verb, PATIENCE.saturating_sub(Duration::from_secs(5)), arguments)
    }

    /// With this deadline.
    pub(crate) fn call_within(&mut self, verb: Verb, deadline: Duration) -> Outcome {
        self.ask("r", verb, deadline, &[]).0
    }

    /// The same of another resource.
    pub(crate) fn call_of(&mut self, name: &str, verb: Verb, deadline: Duration) -> Outcome {
        self.ask(name, verb, deadline, &[]).0
    }

    fn ask(
        &mut self,
        name: &str,
        verb: Verb,
        deadline: Duration,
        arguments: &[(&str, &str)],
    ) -> (Outcome, Duration) {
        self.calls += 1;
        let wanted = self.calls;
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let arguments: BTreeMap<_, _> = arguments.collect();
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap();
        self.say(&ToMonitor::Call { call: wanted, id: id(name), verb, deadline_ms, arguments });
        self.hear(|said| match said {
            FromMonitor::Answer { call, outcome, took_us } if *call == wanted => {
                Some((outcome.clone(), Duration::from_micros(*took_us)))
            }
            _ => None,
        })
    }

    /// The next change that is told.
    pub(crate) fn change(&mut self) -> (Outcome, NoticedBy) {
        self.hear(|said| match said {
            FromMonitor::Changed { outcome, noticed_by, .. } => Some((outcome.clone(), *noticed_by)),
            _ => None,
        })
    }

    fn say(&mut self, message: &ToMonitor) {
        self.socket.write_all(&encode(message).unwrap()).unwrap();
    }

    fn hear<T>(&mut self, meant: impl Fn(&FromMonitor) -> Option<T>) -> T {
        loop {
            if let Some(at) = self.heard.iter().position(|said| meant(said).is_some()) {
                return meant(&self.heard.remove(at)).unwrap();
            }
            let mut buffer = [0; 4096];
            let count = self.socket.read(&mut buffer).expect("the monitor says it");
            assert_ne!(count, 0, "the monitor has ended");
            self.decoder.feed(&buffer[..count]);
            while let Some(message) = self.decoder.take().unwrap() {
                self.heard.push(message);
            }
        }
    }
}

fn id(name: &str) -> ResourceId {
    ResourceId { group: "g".parse().unwrap(), resource: name.parse().unwrap() }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// What a program on a host prints. It must succeed.
#[track_caller]
pub(crate) fn says(host: &Host, program: &str, args: &[&str]) -> String {
    let output = host.command(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
