//! The daemon's side of the conversation.

use crate::types::Registry;
use model::desired::Value;
use resource_api::frame::{Decoder, encode};
use resource_api::message::{Hello, Place};
use resource_api::{Checks, FromMonitor, Instance, Outcome, ResourceId, ToMonitor, Verb};
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Generous: whatever a test waits for comes within it, or never.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A monitor, and what is said to it.
pub(super) struct Client {
    socket: UnixStream,
    decoder: Decoder,
    heard: Vec<FromMonitor>,
    next_call: u64,
}

/// Runs a test against a monitor with these types.
pub(super) fn with_monitor<F: Future<Output = ()>>(types: Registry, test: impl FnOnce(Client) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { node: "n1".to_owned(), run_dir: folder.path().to_owned(), cgroup: None };
    with_monitor_at(place, types, test);
}

/// The same, at a place that outlives it: so that another monitor can come after it.
pub(super) fn with_monitor_at<F: Future<Output = ()>>(
    place: Place,
    types: Registry,
    test: impl FnOnce(Client) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        tokio::spawn(async move { crate::serve(theirs, types).await });
        talk(ours, place, test).await;
    });
}

/// Runs a test against a monitor that is a process of its own, at the other end of this socket.
pub(super) fn with_process<F: Future<Output = ()>>(
    place: Place,
    socket: std::os::unix::net::UnixStream,
    test: impl FnOnce(Client) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        socket.set_nonblocking(true).unwrap();
        talk(UnixStream::from_std(socket).unwrap(), place, test).await;
    });
}

async fn talk<F: Future<Output = ()>>(socket: UnixStream, place: Place, test: impl FnOnce(Client) -> F) {
    let mut client = Client { socket, decoder: Decoder::default(), heard: vec![], next_call: 0 };
    client.say(&ToMonitor::Hello { hello: Hello::ours("test"), place }).await;
    client.hear(|said| matches!(said, FromMonitor::Hello { .. }).then_some(())).await;
    test(client).await;
}

/// The resource of this name, in a group of that name.
pub(super) fn id(name: &str) -> ResourceId {
    ResourceId { group: "g".parse().unwrap(), resource: name.parse().unwrap() }
}

impl Client {
    pub(super) async fn say(&mut self, message: &ToMonitor) {
        self.socket.write_all(&encode(message).unwrap()).await.unwrap();
    }

    /// The first message that is meant, said since or before; the others are kept.
    pub(super) async fn hear<T>(&mut self, meant: impl Fn(&FromMonitor) -> Option<T>) -> T {
        tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(at) = self.heard.iter().position(|said| meant(said).is_some()) {
                    return meant(&self.heard.remove(at)).unwrap();
                }
                let mut buffer = [0; 4096];
                let count = self.socket.read(&mut buffer).await.unwrap();
                assert_ne!(count, 0, "the monitor has ended");
                self.decoder.feed(&buffer[..count]);
                while let Some(message) = self.decoder.take().unwrap() {
                    self.heard.push(message);
                }
            }
        })
        .await
        .expect("the monitor says it")
    }

    pub(super) async fn open(&mut self, name: &str, kind: &str, checks: Checks) {
        self.open_with(name, kind, [], checks).await;
    }

    pub(super) async fn open_with<const N: usize>(
        &mut self,
        name: &str,
        kind: &str,
        parameters: [(&str, Value); N],
        checks: Checks,
    ) {
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
        let instance = Instance { id: id(name), kind: kind.parse().unwrap(), parameters, checks };
        self.say(&ToMonitor::Open { instance }).await;
    }

    /// Asks, and does not wait.
    pub(super) async fn ask(&mut self, name: &str, verb: Verb, deadline: Duration) -> u64 {
        self.next_call += 1;
        let (call, id) = (self.next_call, id(name));
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap();
        self.say(&ToMonitor::Call { call, id, verb, deadline_ms, arguments: BTreeMap::new() }).await;
        call
    }

    pub(super) async fn answer(&mut self, wanted: u64) -> Outcome {
        self.hear(|said| match said {
            FromMonitor::Answer { call, outcome, .. } if *call == wanted => Some(outcome.clone()),
            _ => None,
        })
        .await
    }

    pub(super) async fn call(&mut self, name: &str, verb: Verb) -> Outcome {
        let call = self.ask(name, verb, PATIENCE).await;
        self.answer(call).await
    }

    pub(super) async fn change(&mut self, name: &str) -> Outcome {
        let wanted = id(name);
        self.hear(|said| match said {
            FromMonitor::Changed { id, outcome, .. } if *id == wanted => Some(outcome.clone()),
            _ => None,
        })
        .await
    }
}
