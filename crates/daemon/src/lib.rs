//! The node daemon: sockets, files and clocks around the pure crates.
//!
//! ```text
//!   local socket --+                                   +--> event log --> journal
//!   TLS, each net -+--> http (routes) --> node --------+
//!   UDP, each net -----> heartbeat  ------> |          +--> engine (the cluster database)
//!                                           |
//!              tasks: engine::keep, hello::greet, reconcile::*, disk::watch, monitors, planning
//! ```
//!
//! [`run()`] takes the data directory, opens the event log, and starts everything at once; it waits
//! for no peer and no database before it answers on its sockets. Parts that fail are told and tried
//! again; nothing but a signal ends the daemon.
//!
//! What it does not do: it decides nothing that a pure crate could decide, and loads no foreign code.
//!
//! Read next: `node` (what the parts share), `engine` (when the database runs), `http::caller` (who
//! may do what).

mod clock;
mod components;
mod config;
mod data_dir;
mod disk;
mod engine;
mod enter;
mod events_log;
pub mod fuzzing;
mod guarding;
mod heartbeat;
mod hello;
pub mod http;
mod identity;
mod leading;
mod limits;
pub mod monitors;
mod node;
mod parts;
mod peer;
mod planning;
mod rate;
mod reconcile;
mod running;
mod side_file;
mod status;
mod tls;
mod types;
mod write;

use config::Config;
use data_dir::DataDir;
use events_log::EventLog;
use model::stored::SoftwareVersion;
use node::Node;
use node::own::Own;
use planning::recorder::{Bounds, Recorder};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Why the daemon did not start. All of these are found before anything is served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The node's own file.
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] data_dir::DataDirError),
    /// The event log can be neither read nor begun anew.
    #[error("the event log {} cannot be used: {source}; check the disk and its free space", path.display())]
    Events {
        /// The file.
        path: PathBuf,
        /// Why.
        source: redb::Error,
    },
    /// The life of this process cannot be remembered.
    #[error("cannot begin: {0}; check the disk of `data_dir` and its free space")]
    Life(#[from] identity::IdentityError),
    /// No key can be made.
    #[error("cannot make a key: {0}")]
    Tls(#[from] tls::TlsError),
    /// The local socket.
    #[error("cannot serve the local socket {}: {source}; check `socket` and its folder", path.display())]
    Socket {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The runtime.
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}

/// How long stopping in order may take. What was acknowledged is on disk at any moment, so ending
/// without order loses nothing; a service manager that loses its patience would end us the same way.
const STOP: std::time::Duration = std::time::Duration::from_secs(150);

/// Runs the daemon until SIGTERM or SIGINT.
#[must_use]
pub fn run(config_file: &Path) -> ExitCode {
    begin_logging();
    limits::raise_open_files();
    let started = Config::load(config_file).map_err(StartError::from).and_then(|config| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // One suffices for thousands of requests a second, and is woken once for what two would be
            // woken for twice. What may block (the disk, a long file to parse) has threads of its own.
            // And what is stuck should look stuck: heartbeats that a second thread went on sending
            // would vouch for a node that does nothing else any more.
            .worker_threads(1)
            .max_blocking_threads(16)
            .enable_all()
            .build()?;
        runtime.block_on(serve(config))
    });
    match started {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn begin_logging() {
    use tracing_subscriber::EnvFilter;
    // openraft writes an error for every call that was cut short. What of it matters is told as an
    // event, in words that somebody who is woken by it understands.
    let filter =
        EnvFilter::try_from_env("STEADFAST_LOG").unwrap_or_else(|_| EnvFilter::new("info,openraft=off"));
    // Fails only if a program that contains this crate has begun logging already.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

async fn serve(config: Config) -> Result<(), StartError> {
    // Before anything slow, so that a signal that arrives early is not lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let dir = DataDir::take(&config.data_dir)?;
    let lives = identity::begin_life(&dir)?;
    let log = EventLog::open(&dir.events(), config.node.clone())
        .map_err(|source| StartError::Events { path: dir.events(), source })?;
    let recorder = Recorder::open(&dir.plans(), config.node.clone(), Bounds::default(), log.clone())?;
    let components = components::Components::new()?;
    let node = Node::new(config, dir, lives, log, recorder, components)?;
    node.log.raise(events::DaemonStarted {
        software: SoftwareVersion::current(),
        incarnation: node.incarnation(),
    });
    remember(&node);
    let socket = http::local::bind(&node.config.socket)
        .map_err(|source| StartError::Socket { path: node.config.socket.clone(), source })?;
    let router = http::router(node.clone());
    let doors = http::doors::Doors::default();
    tokio::spawn(http::local::run(socket, router.clone()));
    for index in 0..node.config.endpoints.len() {
        let (router, doors) = (router.clone(), doors.clone());
        parts::keep(&node, "an address", move |node| {
            http::listen::run(node, router.clone(), doors.clone(), index)
        });
    }
    parts::keep(&node, "the engine's keeper", engine::keep);
    parts::keep(&node, "the greeter", hello::greet);
    parts::keep(&node, "the heartbeat", heartbeat::run);
    parts::keep(&node, "the keeper of members", reconcile::keep_members);
    parts::keep(&node, "the keeper of this node's record", reconcile::keep_own_record);
    parts::keep(&node, "the watch on the quorum", reconcile::watch_quorum);
    parts::keep(&node, "the watch on the disk", disk::watch);
    parts::keep(&node, "the resource monitor", |node| async move { node.monitors.keep_built_in().await });
    parts::keep(&node, "the keeper of types", reconcile::keep_types);
    parts::keep(&node, "the choice of components", components::follow);
    parts::keep(&node, "the teller of components", components::keep_told);
    parts::keep(&node, "the guard of package managers", guarding::keep);
    parts::keep(&node, "the leader's part", leading::run);
    parts::keep(&node, "the granting of leases", leading::lease::run);
    parts::keep(&node, "the settling of profiles", leading::lease::settle_profile);
    parts::keep(&node, "the ear for monitors", running::listen);
    parts::keep(&node, "the reporter", running::reporting::run);
    parts::keep(&node, "the gate", running::gates::look_after);
    parts::keep(&node, "the watchdog", running::watchdog::look_after);
    parts::keep(&node, "the keeper awake", running::awake::keep);
    parts::keep(&node, "the lifetimes of addresses", running::lifetimes::keep_up);
    // Nobody listens where there is no systemd.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let reason = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    if tokio::time::timeout(STOP, stop(&node, reason)).await.is_err() {
        tracing::error!(
            "stopping in order took longer than {STOP:?}; the daemon ends as it is, and nothing is lost"
        );
    }
    Ok(())
}

/// The identity from the last life, if it can be used.
fn remember(node: &Arc<Node>) {
    let identity = match identity::load(&node.dir) {
        Ok(None) => return,
        Ok(Some(identity)) if identity.node_name != *node.name() => Err(format!(
            "{} is the identity of node {}, and steadfast.toml says that this is {}; correct `node` or `data_dir`",
            node.dir.identity().display(),
            identity.node_name,
            node.name()
        )),
        Ok(Some(identity)) => node.become_member(identity).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(cause) = identity {
        let name = node.name();
        let next = format!(
            "on a healthy member: `steadfast node evict {name}` and `steadfast token create --node {name}`; \
             then here: `steadfast join ADDRESS --token -` (the old files are kept)"
        );
        node.log.raise(events::NeitherJoinNorForm { cause: cause.clone(), next: next.clone() });
        node.own.send_replace(Own::Unusable { problem: cause, next });
    }
}

/// Stops in order: another leads, everything is on disk, the socket is gone.
async fn stop(node: &Arc<Node>, reason: &str) {
    running::leaving::leave(node).await;
    running::watchdog::end(node).await;
    node.ends.store(true, std::sync::atomic::Ordering::Relaxed);
    if node.quorum().leader.is_some_and(|leader| Some(leader) == node.id()) {
        node.hand_over("its daemon stops").await;
    }
    node.monitors.stop().await;
    engine::stop(node).await;
    // Without a database there are no leases any more: nothing is opened after this.
    running::gates::let_go(node);
    node.log.raise(events::DaemonStopped { reason: reason.to_owned() });
    node.log.flush().await;
    let _ = std::fs::remove_file(&node.config.socket);
}
