//! What is said between the daemon and this monitor.

use crate::kind::{Request, World};
use crate::outbox::Outbox;
use crate::resource::{self, Order};
use crate::types::Registry;
use resource_api::frame::{self, Decoder, FrameError};
use resource_api::message::{Hello, Place};
use resource_api::{Failure, FromMonitor, Instance, Outcome, ResourceId, ToMonitor};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

/// Serves the daemon at the other end of this socket until it ends, or says so.
///
/// # Errors
/// If the daemon says what cannot be understood, or the socket fails.
pub async fn serve(socket: UnixStream, types: Registry) -> io::Result<()> {
    let (reader, writer) = socket.into_split();
    let mut reader = Reader { from: reader, decoder: Decoder::default() };
    let outbox = Arc::new(Outbox::default());
    let writing = tokio::spawn(write(writer, outbox.clone()));
    let ours = Hello::ours(concat!("steadfast ", env!("CARGO_PKG_VERSION")));
    outbox.put(FromMonitor::Hello { hello: ours.clone() });
    let Some(first) = reader.next().await? else { return Ok(()) };
    let ToMonitor::Hello { hello, place } = first else {
        return Err(io::Error::other("the daemon did not say hello"));
    };
    if ours.common(&hello).is_none() {
        let said = format!(
            "the daemon ({}) speaks versions {} to {} of the monitors' protocol, this monitor {} to {}",
            hello.software, hello.oldest, hello.newest, ours.oldest, ours.newest
        );
        return Err(io::Error::other(said));
    }
    let mut house = House::new(types, place, outbox);
    while let Some(message) = reader.next().await? {
        if !house.take(message) {
            break;
        }
    }
    // What was answered is still written; what runs goes on running.
    drop(house);
    let _ = tokio::time::timeout(Duration::from_secs(1), writing).await;
    Ok(())
}

/// The resources of this monitor.
struct House {
    types: Arc<Registry>,
    world: Arc<World>,
    open: BTreeMap<ResourceId, mpsc::UnboundedSender<Order>>,
    /// Which resource a call was for, so that it can be cancelled; the latest only.
    calls: BTreeMap<u64, ResourceId>,
}

/// Calls that can still be cancelled. Whoever has more under way can wait for the deadlines of the rest.
const CALLS_MAX: usize = 10_000;

impl House {
    fn new(types: Registry, place: Place, outbox: Arc<Outbox>) -> Self {
        let world = Arc::new(World::new(place, outbox));
        Self { types: Arc::new(types), world, open: BTreeMap::new(), calls: BTreeMap::new() }
    }

    /// Does what was asked; false: the conversation is over.
    fn take(&mut self, message: ToMonitor) -> bool {
        match message {
            ToMonitor::Hello { .. } => {}
            ToMonitor::Quit => return false,
            ToMonitor::Ping { nonce } => self.world.tell(FromMonitor::Pong { nonce }),
            ToMonitor::List => {
                let (types, world) = (self.types.clone(), self.world.clone());
                // Folders of agents are read, which may take some milliseconds.
                tokio::task::spawn_blocking(move || world.tell(FromMonitor::Types { types: types.list() }));
            }
            ToMonitor::Describe { kind } => {
                let (types, world) = (self.types.clone(), self.world.clone());
                tokio::spawn(async move {
                    let described = match types.find(&kind) {
                        Some(found) => found.describe().await,
                        None => Err(types.why_not(&kind)),
                    };
                    let (description, reason) =
                        described.map_or_else(|why| (None, why), |it| (Some(it), String::new()));
                    world.tell(FromMonitor::Described { kind, description, reason });
                });
            }
            ToMonitor::Open { instance } => self.opened(instance),
            ToMonitor::Close { id } => {
                self.open.remove(&id);
                self.world.known().notes.forget(&id);
            }
            ToMonitor::Note { note } => {
                // What is too much for this monitor was too much for the one that told it.
                let _ = self.world.known().notes.take(note);
            }
            ToMonitor::Cluster { cluster } => self.world.known().cluster = cluster,
            ToMonitor::Watch { id, on } => self.order(&id, Order::Watch(on)),
            ToMonitor::Cancel { call } => {
                if let Some(id) = self.calls.remove(&call) {
                    self.order(&id, Order::Cancel(call));
                }
            }
            ToMonitor::Call { call, id, verb, deadline_ms, arguments } => {
                let deadline = Duration::from_millis(deadline_ms);
                if self.open.contains_key(&id) {
                    self.calls.insert(call, id.clone());
                    if self.calls.len() > CALLS_MAX {
                        self.calls.pop_first();
                    }
                    self.order(&id, Order::Call(call, Request { verb, deadline, arguments }));
                } else {
                    let outcome = Outcome::failed(Failure::Undefined, format!("{id} was not opened"));
                    self.world.tell(FromMonitor::Answer { call, outcome, took_us: 0 });
                }
            }
        }
        true
    }

    fn opened(&mut self, instance: Instance) {
        let id = instance.id.clone();
        let found = self.types.find(&instance.kind);
        let resource = match found {
            Some(kind) => kind.open(&instance, &self.world),
            None => Err(Outcome::failed(Failure::NotInstalled, self.types.why_not(&instance.kind))),
        };
        match self.open.get(&id) {
            Some(known) => {
                let _ = known.send(Order::Become(Box::new(instance), resource));
            }
            None => {
                let (orders, taken) = mpsc::unbounded_channel();
                tokio::spawn(resource::look_after(instance, resource, self.world.clone(), taken));
                self.open.insert(id, orders);
            }
        }
    }

    fn order(&self, id: &ResourceId, order: Order) {
        if let Some(resource) = self.open.get(id) {
            let _ = resource.send(order);
        }
    }
}

struct Reader {
    from: OwnedReadHalf,
    decoder: Decoder,
}

impl Reader {
    /// The next message; nothing at the end.
    async fn next(&mut self) -> io::Result<Option<ToMonitor>> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            if let Some(message) = self.decoder.take().map_err(not_understood)? {
                return Ok(Some(message));
            }
            match self.from.read(&mut buffer).await? {
                0 => return Ok(None),
                count => self.decoder.feed(&buffer[..count]),
            }
        }
    }
}

fn not_understood(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Writes until the last one who could say something is gone.
async fn write(mut to: OwnedWriteHalf, outbox: Arc<Outbox>) {
    while let Some(message) = outbox.next().await {
        let Ok(bytes) = frame::encode(&message) else {
            tracing::error!("a message is too long and was not sent");
            continue;
        };
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
