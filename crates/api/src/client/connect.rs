//! Making a connection: to the local socket, or through TCP and TLS to one address.

use super::SERVER_NAME;
use super::error::{Attempt, Cause};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use model::{Endpoint, Secret};
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

/// How long one address may take to accept a connection, TLS included. A reachable host does it
/// in milliseconds, a lost first SYN costs 1 s; a person with three addresses, two of them dead,
/// waits 6 s at most.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// How long to wait before a full backlog of the local socket is tried again.
const BACKLOG_PAUSE: Duration = Duration::from_millis(20);

/// Where to ask.
#[derive(Clone)]
pub(super) enum Way {
    /// The local socket.
    Socket(PathBuf),
    /// Any of these addresses.
    Network { addresses: Vec<Endpoint>, tls: TlsConnector, token: Option<Secret> },
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "Socket({})", path.display()),
            Self::Network { addresses, .. } => write!(f, "Network({addresses:?})"),
        }
    }
}

/// One place of a way.
pub(super) enum Place<'a> {
    /// The socket.
    Socket(&'a Path),
    /// An address, and how TLS is spoken there.
    Address(Endpoint, &'a TlsConnector),
}

impl Way {
    /// The places to try, in order.
    pub(super) fn places(&self) -> Vec<Place<'_>> {
        match self {
            Self::Socket(path) => vec![Place::Socket(path)],
            Self::Network { addresses, tls, .. } => {
                addresses.iter().map(|address| Place::Address(*address, tls)).collect()
            }
        }
    }

    /// The bearer token to show.
    pub(super) fn token(&self) -> Option<&Secret> {
        match self {
            Self::Socket(_) => None,
            Self::Network { token, .. } => token.as_ref(),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Address(address, _) => write!(f, "{address}"),
        }
    }
}

/// A connection that requests can be sent on. It ends when this is dropped.
pub(super) struct Line {
    pub(super) sender: SendRequest<Full<Bytes>>,
    pump: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Place<'_> {
    /// A connection, or what happened instead.
    pub(super) async fn connect(&self) -> Result<Line, Attempt> {
        let made = match timeout(CONNECT_MAX, self.open()).await {
            Ok(made) => made,
            Err(_) => Err(Cause::ConnectTimedOut(CONNECT_MAX)),
        };
        made.map_err(|cause| Attempt { place: self.to_string(), cause })
    }

    async fn open(&self) -> Result<Line, Cause> {
        match self {
            Self::Socket(path) => {
                speak(open_socket(path).await.map_err(|error| Cause::of_socket(&error))?).await
            }
            Self::Address(address, tls) => {
                let stream = TcpStream::connect(address.0).await.map_err(|e| Cause::of_network(&e))?;
                // A request is one small write that waits for its answer: nothing to gather.
                let _ = stream.set_nodelay(true);
                let name = ServerName::try_from(SERVER_NAME).map_err(|e| Cause::Other(e.to_string()))?;
                speak(tls.connect(name, stream).await.map_err(|e| Cause::of_network(&e))?).await
            }
        }
    }
}

/// Connects to the local socket. Unlike TCP, a full backlog is an error and not a wait; the
/// caller's time limit ends the wait that is made of it here.
async fn open_socket(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(BACKLOG_PAUSE).await,
            done => return done,
        }
    }
}

async fn speak<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) -> Result<Line, Cause> {
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| Cause::Broken(error.to_string()))?;
    // An error of the connection is told by the request that it ends.
    let pump = tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(Line { sender, pump })
}
