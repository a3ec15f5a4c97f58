//! What is said between the daemon and this monitor.

use crate::deadlines::{self, Deadlines};
use crate::kind::{Request, World};
use crate::outbox::Outbox;
use crate::resource::{self, Order};
use crate::types::Registry;
use model::ResourceName;
use resource_api::frame::{self, Decoder, FrameError};
use resource_api::message::{Hello, Place};
use resource_api::{Failure, FromMonitor, Instance, Outcome, ResourceId, ToMonitor, Verb};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

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
    let ended = house.serve(&mut reader).await;
    if !matches!(ended, Ok(Ended::Quit)) {
        // Its daemon is gone, and may come back.
        house.stay_for_deadlines().await;
    }
    // What was answered is still written; what runs goes on running.
    drop(house);
    let _ = tokio::time::timeout(Duration::from_secs(1), writing).await;
    ended.map(|_| ())
}

/// How a conversation ended.
enum Ended {
    /// The daemon said so.
    Quit,
    /// There is nobody at the other end.
    Alone,
}

/// The resources of this monitor.
struct House {
    types: Arc<Registry>,
    world: Arc<World>,
    open: BTreeMap<ResourceId, mpsc::UnboundedSender<Order>>,
    /// Which resource a call was for, so that it can be cancelled; the latest only.
    calls: BTreeMap<u64, ResourceId>,
    deadlines: Deadlines,
}

/// Calls that can still be cancelled. Whoever has more under way can wait for the deadlines of the rest.
const CALLS_MAX: usize = 10_000;

impl House {
    fn new(types: Registry, place: Place, outbox: Arc<Outbox>) -> Self {
        let deadlines = Deadlines::new(&place.run_dir);
        let world = Arc::new(World::new(place, outbox));
        Self { types: Arc::new(types), world, open: BTreeMap::new(), calls: BTreeMap::new(), deadlines }
    }

    /// Does what is asked, and what deadlines ask for.
    async fn serve(&mut self, reader: &mut Reader) -> io::Result<Ended> {
        let mut look = tokio::time::interval(deadlines::LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = look.tick(), if !self.deadlines.is_empty() => {
                    for passed in self.deadlines.pass() {
                        tokio::spawn(self.stopping(passed));
                    }
                }
                message = reader.next() => match message? {
                    None => return Ok(Ended::Alone),
                    Some(message) => if !self.take(message) { return Ok(Ended::Quit) },
                },
            }
        }
    }

    /// Without a daemon: until the last deadline has passed, and what it was for is stopped.
    async fn stay_for_deadlines(&mut self) {
        while !self.deadlines.is_empty() {
            tokio::time::sleep(deadlines::LOOK).await;
            let stopping = self.deadlines.pass_as_orphan().into_iter().map(|passed| self.stopping(passed));
            futures_of(stopping.collect()).await;
        }
    }

    /// Stops a group whose time is up: in order, and then at any price.
    fn stopping(&self, (group, stops): deadlines::Passed) -> impl Future<Output = ()> + use<> {
        tracing::warn!(%group, "its lease has ended; it is stopped");
        let of =
            |resource: ResourceName| self.open.get(&ResourceId { group: group.clone(), resource }).cloned();
        let layers: Vec<Vec<mpsc::UnboundedSender<Order>>> =
            stops.into_iter().map(|layer| layer.into_iter().filter_map(of).collect()).collect();
        async move {
            let until = tokio::time::Instant::now() + deadlines::IN_ORDER;
            for layer in layers {
                let mut ended = Vec::new();
                for resource in layer {
                    let (done, is_done) = oneshot::channel();
                    let _ = resource.send(Order::End(until, done));
                    ended.push(is_done);
                }
                for is_done in ended {
                    // Whoever is gone has nothing to stop any more.
                    let _ = is_done.await;
                }
            }
        }
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
            ToMonitor::Lease { group, until_boot_ns, stops } => {
                self.deadlines.lease(group, until_boot_ns, stops);
            }
            ToMonitor::Renew { groups, until_boot_ns } => self.deadlines.renew(&groups, until_boot_ns),
            ToMonitor::Unlease { group } => self.deadlines.closed(&group),
            ToMonitor::Watch { id, on } => self.order(&id, Order::Watch(on)),
            ToMonitor::Cancel { call } => {
                if let Some(id) = self.calls.remove(&call) {
                    self.order(&id, Order::Cancel(call));
                }
            }
            ToMonitor::Call { call, id, verb, deadline_ms, arguments } => {
                let deadline = Duration::from_millis(deadline_ms);
                if matches!(verb, Verb::Online | Verb::Promote) && self.deadlines.has_passed(&id.group) {
                    let why = format!("the lease of {} has ended", id.group);
                    let outcome = Outcome::failed(Failure::Cancelled, why);
                    self.world.tell(FromMonitor::Answer { call, outcome, took_us: 0 });
                } else if self.open.contains_key(&id) {
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

/// Waits for all of them.
async fn futures_of(all: Vec<impl Future<Output = ()> + Send + 'static>) {
    let tasks: Vec<_> = all.into_iter().map(tokio::spawn).collect();
    for task in tasks {
        // One that panicked has stopped what it could.
        let _ = task.await;
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
