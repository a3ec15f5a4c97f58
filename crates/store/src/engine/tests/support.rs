//! What the tests of the engine share.

use crate::engine::{
    BoxFuture, DedicatedThread, Engine, EngineSettings, IfMissing, NoticeSink, Tokio, Transport,
    TransportError, open_file,
};
use events::Draft;
use model::stored::{Actor, ClusterRecord, Command, NewNode, Outcome, PROTOCOL, Proposal, SoftwareVersion};
use model::{ClusterId, NodeId, RequestId, Revision, Secret, Timestamp, TokenId};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const NODE: NodeId = NodeId(1);

/// Generous: tests wait for states, they do not measure time.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A transport of a node that is alone.
pub(super) struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: NodeId, _: Vec<u8>, _: Duration) -> BoxFuture<Result<Vec<u8>, TransportError>> {
        Box::pin(async { Err(TransportError::Unreachable("there is nobody".to_owned())) })
    }
}

/// Keeps what it is told.
#[derive(Default)]
pub(super) struct Told(pub(super) Mutex<Vec<(Revision, String)>>);

impl NoticeSink for Told {
    fn deliver(&self, revision: Revision, _at: Timestamp, notices: Vec<Draft>) {
        let names = notices.into_iter().map(|notice| (revision, notice.entry.name.to_owned()));
        self.0.lock().unwrap().extend(names);
    }

    fn settled(&self) -> BoxFuture<()> {
        Box::pin(async {})
    }
}

pub(super) fn settings() -> EngineSettings {
    let ms = Duration::from_millis;
    EngineSettings {
        snapshot_every: 50,
        log_kept: 10,
        ..EngineSettings::with_timers(ms(50), ms(150), ms(300))
    }
}

pub(super) async fn start(path: &Path, told: &Arc<Told>) -> Engine<Tokio> {
    let store = open_file(path, NODE, IfMissing::Create).unwrap();
    let sink: Arc<dyn NoticeSink> = Arc::<Told>::clone(told);
    Engine::start(settings(), store, Arc::new(DedicatedThread), Arc::new(Nowhere), sink).await.unwrap()
}

/// A cluster of one that takes writes.
pub(super) async fn formed(path: &Path, told: &Arc<Told>) -> Engine<Tokio> {
    let engine = start(path, told).await;
    assert!(engine.initialize().await.unwrap());
    let outcome = write(&engine, form()).await;
    assert_eq!(outcome, Outcome::Done { revision: Revision(1), node: Some(NODE) });
    engine
}

/// Proposes until there is a leader.
pub(super) async fn write(engine: &Engine<Tokio>, proposal: Proposal) -> Outcome {
    let patiently = async {
        loop {
            match engine.propose(proposal.clone(), PATIENCE).await {
                Ok(outcome) => return outcome,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, patiently).await.unwrap()
}

pub(super) fn proposal(number: u64, command: Command) -> Proposal {
    let mut request = [0; 16];
    request[..8].copy_from_slice(&number.to_be_bytes());
    let actor = Actor::Local { node: "n1".parse().unwrap(), uid: 0 };
    Proposal { request: RequestId(request), at: Timestamp::from_unix_ms(1_000 + number), actor, command }
}

pub(super) fn form() -> Proposal {
    let cluster = ClusterRecord {
        id: ClusterId([7; 16]),
        name: "c".parse().unwrap(),
        formed: Timestamp::from_unix_ms(1_000),
        ca_certificate: "certificate".to_owned(),
        ca_key: Secret::new("key"),
        heartbeat_key: Secret::new("key"),
    };
    let node = NewNode {
        name: "n1".parse().unwrap(),
        endpoints: vec!["127.0.0.1:7400".parse().unwrap()],
        certificate: "aa".to_owned(),
        protocol: PROTOCOL,
        software: SoftwareVersion::current(),
    };
    proposal(0, Command::Form { cluster, node })
}

pub(super) fn token(number: u64) -> Proposal {
    let command = Command::CreateToken {
        token: TokenId(number.to_be_bytes()),
        secret_hash: "00".to_owned(),
        node: None,
        expires: Timestamp::from_unix_ms(1_000_000),
    };
    proposal(number, command)
}
