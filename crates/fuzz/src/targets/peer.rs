//! The engine's messages, from a member.

use super::talk::runtime;
use super::{Target, ensure};
use crate::corpus;
use events::Draft;
use model::{NodeId, Revision, Timestamp};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use store::engine::{
    BoxFuture, DedicatedThread, Engine, EngineSettings, NoticeSink, Tokio, Transport, TransportError,
};
use tokio::runtime::Runtime;

/// Who sends.
const MEMBER: NodeId = NodeId(2);

/// How long an answer may take, on a machine that is busy with other things.
const ANSWER: Duration = Duration::from_secs(20);

/// What a member's engine says to this one's. Its sender is known by then; what it says is not.
pub(super) const PEER: Target = Target {
    name: "peer",
    reads: "a message of a member's engine",
    run: |message| {
        House::with(|house| {
            let before = house.memory();
            let Some(answer) = house.ask(message) else { return Err("there was no answer".to_owned()) };
            let Ok(answer) = answer else {
                return ensure(
                    house.memory() == before,
                    "a message was refused, and acted upon all the same",
                );
            };
            house.renew();
            let text = String::from_utf8_lossy(&answer);
            ensure(!text.contains("\"stopped\""), &format!("one message stopped the engine: {text}"))
        })
    },
    seeds: || corpus::files(&["fuzz/corpus/peer"]),
    words: &[
        "\"version\":1",
        "\"append\":{",
        "\"vote\":{",
        "\"pre-vote\":{",
        "\"snapshot\":{",
        "\"entries\":[",
        "null",
        "\"term\":",
    ],
};

/// A follower that has heard nothing yet.
struct House {
    runtime: Runtime,
    engine: Engine<Tokio>,
}

impl House {
    fn new() -> Self {
        let runtime = runtime();
        let engine = runtime.block_on(fresh());
        Self { runtime, engine }
    }

    /// What a message may change.
    fn memory(&self) -> (u64, Option<u64>, Option<u64>, Revision) {
        let standing = self.engine.standing();
        (standing.term, standing.last_log, standing.applied, self.engine.state().revision)
    }

    fn ask(&self, message: &[u8]) -> Option<Result<Vec<u8>, String>> {
        self.runtime.block_on(async {
            let answer = tokio::time::timeout(ANSWER, self.engine.handle(MEMBER, message)).await.ok()?;
            Some(answer.map_err(|refused| refused.to_string()))
        })
    }

    /// A message that was acted upon may have changed the engine; the next gets one like the first,
    /// so that a failure is the doing of one message alone.
    fn renew(&mut self) {
        self.engine = self.runtime.block_on(async {
            self.engine.shutdown().await;
            fresh().await
        });
    }

    fn with<R>(use_it: impl FnOnce(&mut Self) -> R) -> R {
        thread_local! { static HOUSE: RefCell<House> = RefCell::new(House::new()); }
        HOUSE.with_borrow_mut(use_it)
    }
}

async fn fresh() -> Engine<Tokio> {
    let memory = crate::targets::database::new_file(NodeId(1));
    let ms = Duration::from_millis;
    // It asks for votes only after a minute: nothing but the message happens to it.
    let settings = EngineSettings::with_timers(ms(10_000), ms(60_000), ms(90_000));
    let started =
        Engine::start(settings, memory, Arc::new(DedicatedThread), Arc::new(Nobody), Arc::new(Nobody));
    started.await.unwrap_or_else(|error| panic!("an empty database takes an engine: {error}"))
}

/// Reaches nobody, tells nobody.
struct Nobody;

impl Transport for Nobody {
    fn send(&self, _: NodeId, _: Vec<u8>, _: Duration) -> BoxFuture<Result<Vec<u8>, TransportError>> {
        Box::pin(async { Err(TransportError::Unreachable("there is nobody else".to_owned())) })
    }
}

impl NoticeSink for Nobody {
    fn deliver(&self, _: Revision, _: Timestamp, _: Vec<Draft>) {}

    fn settled(&self) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }
}
