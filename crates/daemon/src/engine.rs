//! Keeps the engine running whenever it may run, and says why when it may not.
//!
//! One task owns the engine's life. It starts it when this node is a member, stops it when
//! something bars it (evicted, a duplicate, an incompatible cluster), starts it anew with other
//! timers when the profile changes, and after a failure of the disk waits for the disk and opens
//! the same file again. Nothing here ends the daemon: what cannot run is said, and tried again.

use crate::clock;
use crate::disk;
use crate::node::own::Own;
use crate::node::{Node, TheEngine};
use crate::peer::transport::PeerTransport;
use events::Draft;
use membership::timers::Timers;
use model::stored::{Identity, Outcome, Proposal};
use model::{Revision, Timestamp};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::engine::{
    BoxFuture, DedicatedThread, Engine, EngineSettings, IfMissing, NoticeSink, OpenError, ProposeError,
    StartError, Stopped, open_file,
};

/// Between two looks at an engine that runs, or two attempts to start one.
const LOOK: Duration = Duration::from_millis(200);

/// Between two attempts to open a database that was refused.
const AGAIN: Duration = Duration::from_secs(3);

/// Hands the notices of the database to the event log.
struct Notices(crate::events_log::EventLog);

impl NoticeSink for Notices {
    fn deliver(&self, revision: Revision, at: Timestamp, notices: Vec<Draft>) {
        self.0.raise_applied(revision, at, notices);
    }

    fn settled(&self) -> BoxFuture<()> {
        let log = self.0.clone();
        Box::pin(async move { log.flush().await })
    }
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
enum NoEngine {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Keeps the engine, for ever.
pub(crate) async fn keep(node: Arc<Node>) {
    let mut told = String::new();
    while !node.ends.load(Ordering::Relaxed) {
        let identity = node.identity.borrow().clone();
        let own = node.own.borrow().clone();
        // What cannot be used now may be usable at the next attempt; what is barred stays so.
        let barred = own.bars_engine() && !matches!(own, Own::Unusable { .. });
        match (identity, node.engine()) {
            (None, Some(_)) => stop(&node).await,
            (Some(_), Some(_)) if barred => stop(&node).await,
            (Some(identity), None) if !barred => match start(&node, &identity).await {
                Ok(engine) => {
                    told.clear();
                    started(&node, &engine, &identity).await;
                }
                Err(problem) => {
                    let text = problem.to_string();
                    if told != text {
                        refuse(&node, &problem);
                        told = text;
                    }
                    tokio::select! { () = tokio::time::sleep(AGAIN) => {}, () = node.engine_wanted.notified() => {} }
                    continue;
                }
            },
            (Some(_), Some(engine)) => look(&node, &engine).await,
            (None, None) | (Some(_), None) => {}
        }
        tokio::select! { () = clock::beat(LOOK) => {}, () = node.engine_wanted.notified() => {} }
    }
    // A part of the daemon does not end by itself.
    std::future::pending::<()>().await;
}

/// Stops the engine, if it runs; its file is closed when this returns.
pub(crate) async fn stop(node: &Node) {
    if let Some(engine) = node.set_engine(None) {
        engine.shutdown().await;
    }
}

async fn start(node: &Arc<Node>, identity: &Identity) -> Result<TheEngine, NoEngine> {
    let (path, id) = (node.dir.database(), identity.node);
    // Reading and checking a database blocks; a thread of its own may.
    let opened = tokio::task::spawn_blocking(move || open_file(&path, id, IfMissing::Refuse)).await;
    let store = opened.unwrap_or_else(|error| {
        let (file, what) = (node.dir.database().display().to_string(), error.to_string());
        Err(OpenError::Damaged { file, what })
    })?;
    let timers = node.timers();
    let settings = EngineSettings::with_timers(timers.heartbeat, timers.election_min, timers.election_max);
    store::engine::engine_follows(timers.heartbeat);
    let transport = Arc::new(PeerTransport(Arc::downgrade(node)));
    let sink = Arc::new(Notices(node.log.clone()));
    let hooks = Arc::new(crate::leading::lease::Hooks(Arc::downgrade(node)));
    let executor = Arc::new(DedicatedThread);
    Ok(Engine::start_with_leases(settings, store, executor, transport, sink, hooks).await?)
}

async fn started(node: &Arc<Node>, engine: &TheEngine, identity: &Identity) {
    let was_stopped = matches!(*node.own.borrow(), Own::Stopped { .. });
    node.own.send_if_modified(|own| {
        let mended = matches!(own, Own::Stopped { .. } | Own::Unusable { .. });
        if mended {
            *own = Own::Clear;
        }
        mended
    });
    if was_stopped {
        node.log.raise(events::DatabaseResumed { path: node.dir.database().display().to_string() });
    }
    node.book.follow(&engine.state());
    node.set_engine(Some(engine.clone()));
    if let Some(id) = node.id() {
        crate::running::applied(node, id, &engine.state());
    }
    node.follow_members();
    tokio::spawn(follow(node.clone(), engine.clone()));
    found(engine, identity).await;
}

/// A founder's first proposal. Killed in the middle, it goes on here at the next start.
async fn found(engine: &TheEngine, identity: &Identity) {
    let Some(founding) = &identity.founding else { return };
    if engine.state().cluster.is_some() {
        return;
    }
    if let Err(error) = engine.initialize().await {
        tracing::error!(%error, "the engine could not be initialised");
        return;
    }
    let proposal: Proposal = match serde_json::from_str(founding.expose_secret()) {
        Ok(proposal) => proposal,
        Err(error) => {
            tracing::error!(%error, "identity.json holds no founding proposal");
            return;
        }
    };
    loop {
        match engine.propose(proposal.clone(), Duration::from_secs(5)).await {
            Ok(Outcome::Done { .. }) | Err(ProposeError::Stopped(_)) => return,
            Ok(other) => {
                tracing::error!(%other, "the founding proposal was refused");
                return;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// The book follows the state, for as long as the engine lives.
async fn follow(node: Arc<Node>, engine: TheEngine) {
    let mut changes = engine.changes();
    while let Some(state) = changes.next().await {
        node.book.follow(&state);
        node.follow_members();
        if let Some(id) = node.id() {
            crate::running::applied(&node, id, &state);
        }
        node.leading.wake();
    }
}

async fn look(node: &Arc<Node>, engine: &TheEngine) {
    if let Some(stopped) = engine.standing().stopped {
        failed(node, &stopped).await;
        return;
    }
    let wanted = Timers::of(engine.state().spec.profile);
    if engine.state().cluster.is_some() && wanted != node.timers() {
        // The leases go by the new timers at once; what is granted stays granted.
        tracing::info!(profile = %engine.state().spec.profile, "the profile has changed; the engine is started anew");
        stop(node).await;
        node.set_timers(wanted);
        crate::running::set_settings(node);
    }
}

/// The engine has stopped by itself. Waits until its disk can be written again.
async fn failed(node: &Arc<Node>, stopped: &Stopped) {
    let path = node.dir.database().display().to_string();
    let problem = stopped.to_string();
    node.own.send_replace(Own::Stopped { problem: problem.clone() });
    node.log.raise(events::DatabaseStopped { path, problem });
    stop(node).await;
    if let Stopped::Storage(failure) = stopped
        && failure.kind() == ErrorKind::StorageFull
    {
        disk::wait_for_space(node.dir.path()).await;
    }
}

fn refuse(node: &Node, problem: &NoEngine) {
    let path = node.dir.database().display().to_string();
    let name = node.name();
    let next = format!(
        "on a healthy member: `steadfast node evict {name}` and `steadfast token create --node {name}`; \
         then here: `steadfast join ADDRESS --token -` (the old files are kept)"
    );
    match problem {
        NoEngine::Open(OpenError::TooNew { found, supported, .. }) => {
            node.log.raise(events::DatabaseTooNew { path, found: *found, supported: *supported });
        }
        NoEngine::Open(OpenError::Foreign { .. } | OpenError::OtherNode { .. }) => {
            node.log.raise(events::DatabaseForeign { path, problem: problem.to_string() });
        }
        _ => node.log.raise(events::DatabaseUnreadable { path, problem: problem.to_string() }),
    }
    let cause = problem.to_string();
    node.log.raise(events::NeitherJoinNorForm { cause: cause.clone(), next: next.clone() });
    node.own.send_replace(Own::Unusable { problem: cause, next });
}
