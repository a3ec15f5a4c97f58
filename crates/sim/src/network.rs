//! A network that delays, loses, repeats and cuts, in each direction for itself.

use crate::disk::Power;
use crate::exchange;
use crate::history::Nanos;
use crate::runtime::Machines;
use crate::world::{World, now, sleep, spawn};
use futures::future::pending;
use model::NodeId;
use openraft::async_runtime::AsyncRuntime;
use std::collections::BTreeSet;
use std::time::Duration;
use store::engine::{BoxFuture, Transport, TransportError};

/// How the network is.
#[derive(Debug, Clone)]
pub struct Weather {
    /// From whom to whom nothing passes.
    pub cuts: BTreeSet<(NodeId, NodeId)>,
    /// Messages lost, of a hundred.
    pub loss: u64,
    /// Requests that arrive a second time, later, of a hundred.
    pub repeats: u64,
    /// The longest delay of one way, in microseconds.
    pub delay_micros: u64,
}

impl Weather {
    /// A network as in a data centre.
    #[must_use]
    pub fn fair() -> Self {
        Self { cuts: BTreeSet::new(), loss: 0, repeats: 0, delay_micros: 500 }
    }
}

/// A node's way to the others, for one life of its process.
pub(crate) struct Wire {
    pub(crate) world: World,
    pub(crate) from: NodeId,
    pub(crate) power: Power,
}

impl Transport for Wire {
    fn send(
        &self,
        to: NodeId,
        message: Vec<u8>,
        within: Duration,
    ) -> BoxFuture<Result<Vec<u8>, TransportError>> {
        let (world, from, power) = (self.world.clone(), self.from, self.power.clone());
        Box::pin(async move {
            let exchange = exchange(&world, from, &power, to, message);
            Machines::timeout(within, exchange)
                .await
                .unwrap_or_else(|_| Err(TransportError::Interrupted("no answer in time".to_owned())))
        })
    }
}

async fn exchange(
    world: &World,
    from: NodeId,
    power: &Power,
    to: NodeId,
    message: Vec<u8>,
) -> Result<Vec<u8>, TransportError> {
    if !power.is_on() {
        return pending().await;
    }
    world.note(format_args!("{from}>{to} {} bytes {}", message.len(), &blake3::hash(&message).to_hex()[..8]));
    if message.starts_with(SNAPSHOT) {
        world.count("snapshots sent");
    }
    let sent = now();
    pass(world, from, to).await;
    let repeats = world.lock().weather.repeats;
    if world.dice.percent(repeats) {
        repeat(world, from, to, message.clone(), sent);
    }
    let Some(there) = world.process(to) else {
        return Err(TransportError::Unreachable("connection refused".to_owned()));
    };
    let arrived = now();
    let answer = there.engine.handle(from, &message).await;
    if !there.power.is_on() {
        return pending().await;
    }
    let noted = exchange::note(world, (from, to), (sent, arrived), &message, answer.as_deref());
    pass(world, to, from).await;
    match answer {
        Ok(answer) => {
            exchange::came_back(world, noted);
            Ok(answer)
        }
        Err(refused) => {
            world.alarm(format!("{to:?} refused a message of {from:?}: {refused}"));
            Err(TransportError::Interrupted(refused.to_string()))
        }
    }
}

/// How a message with a snapshot begins.
const SNAPSHOT: &[u8] = b"{\"version\":1,\"body\":{\"snapshot\"";

/// One way of a message. One that is lost never arrives, and its sender waits in vain.
async fn pass(world: &World, from: NodeId, to: NodeId) {
    let weather = world.lock().weather.clone();
    sleep(world.dice.micros(50, weather.delay_micros)).await;
    let cut = world.lock().weather.cuts.contains(&(from, to));
    if cut || world.dice.percent(weather.loss) {
        pending::<()>().await;
    }
}

/// The same request arrives again, when it may mean nothing any more.
fn repeat(world: &World, from: NodeId, to: NodeId, message: Vec<u8>, sent: Nanos) {
    let world = world.clone();
    spawn(async move {
        sleep(world.dice.millis(0, 400)).await;
        if let Some(there) = world.process(to) {
            let arrived = now();
            // Whatever the answer: nobody waits for it.
            let answer = there.engine.handle(from, &message).await;
            if there.power.is_on() {
                exchange::note(&world, (from, to), (sent, arrived), &message, answer.as_deref());
            }
        }
    });
}
