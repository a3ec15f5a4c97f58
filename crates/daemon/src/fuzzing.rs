//! Doors for the fuzz targets: the daemon's own decoders, and its routes as a stranger reaches them.
//!
//! Nothing here is called by the daemon. Each function leads to the code that the daemon runs, so
//! that what is fuzzed is what is shipped.

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::events_log::EventLog;
use crate::http::caller::Connection;
use crate::node::Node;
use crate::planning::recorder::{Bounds, Recorder};
use crate::tls::{TlsError, authority, serve};
use crate::{StartError, engine, enter, http, identity};
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use model::stored::Actor;
use model::{Endpoint, NodeName, Revision, Secret};
use rustls::ServerConfig;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// Reads the text of a `steadfast.toml`.
///
/// # Errors
/// The message that the daemon would end with.
pub fn configuration(text: &str) -> Result<(), String> {
    Config::parse(text, Path::new("steadfast.toml")).map(drop).map_err(|error| error.to_string())
}

/// Reads a certificate request (PEM) as for a node that wants to join; returns its public key (DER).
///
/// # Errors
/// Why it is not accepted.
pub fn certificate_request(pem: &str) -> Result<Vec<u8>, String> {
    authority::Request::parse(pem).map(|request| request.public_key()).map_err(|error| error.to_string())
}

/// What the listener of a node that is no member shows.
///
/// # Errors
/// `TlsError`, if no key can be made.
pub fn stranger() -> Result<Arc<ServerConfig>, TlsError> {
    let key = authority::new_key()?;
    let name: NodeName = "n1".parse().expect("a constant, covered by the fuzz targets");
    serve::stranger(&authority::self_signed(&key, &name)?, &key)
}

/// What the listener of a member shows, and how it looks at the certificates of those who connect.
/// All texts are PEM.
///
/// # Errors
/// `TlsError`, if they do not fit together.
pub fn member(certificate: &str, key: &str, authority: &str) -> Result<Arc<ServerConfig>, TlsError> {
    serve::member(certificate, &Secret::new(key), authority)
}

/// A node without sockets.
#[derive(Debug)]
pub struct Inside(Arc<Node>);

impl Inside {
    /// Makes a node in `dir` that is no member of anything.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(dir: &Path) -> Result<Self, StartError> {
        let config = Config {
            node: "n1".parse().expect("a constant, covered by the fuzz targets"),
            data_dir: dir.to_owned(),
            socket: dir.join("steadfast.sock"),
            endpoints: vec![Endpoint(from())],
            watchdog: None,
        };
        let dir = DataDir::take(&config.data_dir)?;
        let lives = identity::begin_life(&dir)?;
        let log = EventLog::open(&dir.events(), config.node.clone())
            .map_err(|source| StartError::Events { path: dir.events(), source })?;
        let recorder = Recorder::open(&dir.plans(), config.node.clone(), Bounds::default(), log.clone())?;
        Ok(Self(Node::new(config, dir, lives, log, recorder, crate::components::Components::new()?)?))
    }

    /// Forms a cluster of it alone, with an engine that runs on the runtime of the caller.
    ///
    /// # Errors
    /// Why it was not formed.
    pub async fn form(&self) -> Result<(), String> {
        tokio::spawn(engine::keep(self.0.clone()));
        let actor = Actor::Local { node: self.0.name().clone(), uid: 0 };
        let name = "c".parse().expect("a constant, covered by the fuzz targets");
        enter::form(&self.0, actor, name).await.map(drop).map_err(|problem| problem.to_string())
    }

    /// How many changes of its cluster it has accepted.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.0.state().revision
    }

    /// Its routes, as a caller over TLS without a certificate reaches them.
    #[must_use]
    pub fn routes_of_a_stranger(&self) -> Routes {
        self.routes(Connection::Tls { certificate: None, from: from() })
    }

    /// Its routes, as root reaches them on the local socket.
    #[must_use]
    pub fn routes_of_root(&self) -> Routes {
        self.routes(Connection::Local { uid: 0 })
    }

    fn routes(&self, connection: Connection) -> Routes {
        Routes(http::router(self.0.clone()).layer(Extension(connection)))
    }
}

fn from() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 7400))
}

/// The routes of a node, for one kind of caller.
#[derive(Debug, Clone)]
pub struct Routes(Router);

impl Routes {
    /// Serves one connection until it ends, with the HTTP server and the limits of `http::listen`.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let mut server = auto::Builder::new(TokioExecutor::new());
        server.http1().timer(TokioTimer::new()).header_read_timeout(std::time::Duration::from_secs(10));
        server.http2().timer(TokioTimer::new()).max_concurrent_streams(64).max_header_list_size(16 << 10);
        // How a connection ends is the caller's to see.
        let _ = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.0)).await;
    }
}
