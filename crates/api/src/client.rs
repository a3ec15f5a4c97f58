//! The client: how the command line, the lab and programs talk to a node.
//!
//! There are two ways in. The local socket needs no proof beyond who the process is; it is the
//! default on a node and never touches TLS, so that `status` costs milliseconds. From elsewhere,
//! TLS 1.3 to any of several addresses: the cluster's authority is the only root, every node's
//! certificate carries the one name [`SERVER_NAME`], and the caller proves itself with a bearer
//! token or a client certificate. So no address has to be in any certificate, and a node keeps
//! its certificate when its addresses change.
//!
//! A request goes to the first address that a connection can be made to. Once it was sent, a
//! read is tried at the next address if no answer comes; a write never is, because nobody knows
//! whether it was done ([`ClientError::Unanswered`]).
//!
//! What it does not do: it keeps no connection between calls (a command makes one or two), it
//! does not retry, and it does not speak HTTP/2.
//!
//! Read next: `calls` for what can be asked, [`ClientError`] for what can go wrong.

mod calls;
mod connect;
mod error;
mod exchange;
mod query;
mod sse;
mod stream;
mod tls;

pub use error::{Attempt, Cause, ClientError};
pub use stream::EventStream;
pub use tls::{Auth, InvalidCredential};

use connect::Way;
use model::Endpoint;
use std::path::PathBuf;

/// The name that every node's certificate carries as its DNS name, whatever its addresses are.
/// `.internal` is reserved for private use (ICANN, 2024), so no public name can collide with it.
pub const SERVER_NAME: &str = "node.steadfast.internal";

/// A way to ask a cluster.
#[derive(Debug, Clone)]
pub struct Client {
    way: Way,
}

impl Client {
    /// Asks the daemon of this machine.
    #[must_use]
    pub fn unix(socket: impl Into<PathBuf>) -> Self {
        Self { way: Way::Socket(socket.into()) }
    }

    /// Asks the first of `addresses` that answers. `ca_pem` is the cluster's authority.
    ///
    /// # Errors
    /// [`InvalidCredential`]: one of the PEM texts cannot be used, and why; or no address is given.
    pub fn tls(addresses: Vec<Endpoint>, ca_pem: &str, auth: Auth) -> Result<Self, InvalidCredential> {
        if addresses.is_empty() {
            return Err(InvalidCredential::NoAddress);
        }
        let config = tls::config(ca_pem, &auth)?;
        let token = match auth {
            Auth::Token(token) => Some(token),
            Auth::Certificate { .. } => None,
        };
        Ok(Self { way: Way::Network { addresses, tls: config.into(), token } })
    }
}
