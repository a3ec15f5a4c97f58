//! Doors for the fuzz targets: the daemon's own decoders, and its routes as a stranger reaches them.
//!
//! Nothing here is called by the daemon. Each function leads to the code that the daemon runs, so
//! that what is fuzzed is what is shipped.

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::events_log::EventLog;
use crate::http::caller::Connection;
use crate::node::Node;
use crate::tls::{TlsError, authority, serve};
use crate::{StartError, http, identity};
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use model::{Endpoint, NodeName};
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
/// [`TlsError`], if no key can be made.
pub fn stranger() -> Result<Arc<ServerConfig>, TlsError> {
    let key = authority::new_key()?;
    let name: NodeName = "n1".parse().expect("a constant, covered by the fuzz targets");
    serve::stranger(&authority::self_signed(&key, &name)?, &key)
}

/// The routes of a node that is no member, for a caller over TLS without a certificate.
#[derive(Debug, Clone)]
pub struct Routes(Router);

impl Routes {
    /// Makes a node in `dir`. Call it within the runtime that will serve.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(dir: &Path) -> Result<Self, StartError> {
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 7400));
        let config = Config {
            node: "n1".parse().expect("a constant, covered by the fuzz targets"),
            data_dir: dir.to_owned(),
            socket: dir.join("steadfast.sock"),
            endpoints: vec![Endpoint(from)],
        };
        let dir = DataDir::take(&config.data_dir)?;
        let lives = identity::begin_life(&dir)?;
        let log = EventLog::open(&dir.events(), config.node.clone())
            .map_err(|source| StartError::Events { path: dir.events(), source })?;
        let node = Node::new(config, dir, lives, log)?;
        Ok(Self(http::router(node).layer(Extension(Connection::Tls { certificate: None, from }))))
    }

    /// Serves one connection until it ends, with the HTTP server and the limits of `http::listen`.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let mut server = auto::Builder::new(TokioExecutor::new());
        server.http1().timer(TokioTimer::new()).header_read_timeout(std::time::Duration::from_secs(10));
        server.http2().timer(TokioTimer::new()).max_concurrent_streams(64).max_header_list_size(16 << 10);
        // How a connection ends is the caller's to see.
        let _ = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.0)).await;
    }
}
