//! What can go wrong between a caller and a node, in words that name the next step.

use crate::Problem;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why there is no answer, or not the hoped-for one.
#[derive(Debug)]
pub enum ClientError {
    /// Nobody could be asked; nothing was changed.
    Unreachable {
        /// Every place that was tried, in order.
        tried: Vec<Attempt>,
    },
    /// The request was sent, and no answer came: nobody knows whether it was done.
    Unanswered(Attempt),
    /// A node answered that it did not do it, and why.
    Problem(Box<Problem>),
    /// Something answered that is not Steadfast, or not one that this version understands.
    Foreign {
        /// Where.
        place: String,
        /// How that was noticed.
        why: String,
    },
}

/// One place that was tried, and what happened there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// A socket's path, or an address and port.
    pub place: String,
    /// What happened.
    pub cause: Cause,
}

/// What happened at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The socket does not exist.
    #[error("no such socket: the daemon is not running, or its `socket` is another path")]
    SocketMissing,
    /// The socket exists, and nobody listens.
    #[error("nobody listens on this socket: the daemon is not running any more")]
    SocketAbandoned,
    /// The socket may not be used.
    #[error("permission denied: only root and the daemon's own user may use this socket")]
    PermissionDenied,
    /// Nobody listens on the port.
    #[error("connection refused: no daemon listens there")]
    Refused,
    /// The connection did not come about in time.
    #[error("no connection within {} s: the host is down, frozen, or behind a firewall that drops", .0.as_secs())]
    ConnectTimedOut(Duration),
    /// The connection stands, and no answer came in time.
    #[error("no answer within {} s: the daemon is frozen or overloaded", .0.as_secs())]
    AnswerTimedOut(Duration),
    /// A node that this authority did not sign.
    #[error(
        "it belongs to another cluster, or to none yet: this cluster's authority did not sign its certificate"
    )]
    OtherCluster,
    /// A certificate that is not valid now.
    #[error("its certificate is not valid at this machine's time: compare the clocks (`date -u`)")]
    Clock,
    /// Signed by the authority, and still not a node.
    #[error("its certificate is of this cluster, but not that of a node")]
    NotANode,
    /// No TLS there.
    #[error("what listens there does not speak TLS 1.3, so it is not Steadfast")]
    NotTls,
    /// The connection ended early.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// Anything else, in the system's words.
    #[error("{0}")]
    Other(String),
}

impl ClientError {
    /// What failed, in a line.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Unreachable { tried } if tried.iter().all(Attempt::is_local) => {
                "the Steadfast daemon of this machine cannot be reached".to_owned()
            }
            Self::Unreachable { .. } => "no node answers".to_owned(),
            Self::Unanswered(_) => {
                "the request was sent, no answer came, and nobody knows whether it was done".to_owned()
            }
            Self::Problem(problem) => problem.message.clone(),
            Self::Foreign { place, .. } => format!("{place} does not answer like a Steadfast node"),
        }
    }

    /// Why, a line for each place or reason.
    #[must_use]
    pub fn why(&self) -> Vec<String> {
        match self {
            Self::Unreachable { tried } => tried.iter().map(ToString::to_string).collect(),
            Self::Unanswered(attempt) => vec![attempt.to_string()],
            Self::Problem(_) => Vec::new(),
            Self::Foreign { why, .. } => vec![why.clone()],
        }
    }

    /// The command that helps, where one does.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        match self {
            Self::Unreachable { tried } => tried.first().map(Attempt::next),
            Self::Unanswered(_) => Some("steadfast status".to_owned()),
            Self::Problem(problem) => problem.next.clone(),
            Self::Foreign { .. } => Some("steadfast --version, here and on that node".to_owned()),
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        for why in self.why() {
            write!(f, "; {why}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ClientError {}

impl From<Problem> for ClientError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl Attempt {
    /// Whether it was a socket of this machine: those have paths, and paths here are never relative
    /// to a host.
    fn is_local(&self) -> bool {
        self.place.contains('/')
    }

    fn next(&self) -> String {
        match self.cause {
            Cause::PermissionDenied => "the same command as root, for example with sudo".to_owned(),
            Cause::OtherCluster | Cause::NotANode => {
                "steadfast credential create NAME --out DIR, on a node of the cluster you mean".to_owned()
            }
            Cause::Clock => "date -u, here and on that node".to_owned(),
            _ if self.is_local() => "systemctl status steadfast; without systemd: steadfast run".to_owned(),
            _ => "steadfast status, on one of these hosts".to_owned(),
        }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.cause)
    }
}

impl Cause {
    /// Why a socket could not be connected to.
    pub(super) fn of_socket(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::SocketMissing,
            io::ErrorKind::ConnectionRefused => Self::SocketAbandoned,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            _ => Self::Other(error.to_string()),
        }
    }

    /// Why an address could not be connected to, by TCP or by TLS.
    pub(super) fn of_network(error: &io::Error) -> Self {
        if let Some(tls) = tls_error(error) {
            return Self::of_tls(tls);
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                Self::Broken("it was closed before it was established".to_owned())
            }
            _ => Self::Other(error.to_string()),
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        use rustls::{CertificateError as Bad, Error};
        match error {
            // Authorities of two clusters may bear one name: then the name fits and the signature does not.
            Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => Self::OtherCluster,
            Error::InvalidCertificate(
                Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
            ) => Self::Clock,
            Error::InvalidCertificate(_) => Self::NotANode,
            Error::InvalidMessage(_) | Error::PeerIncompatible(_) => Self::NotTls,
            other => Self::Broken(other.to_string()),
        }
    }
}

/// The TLS error inside an error, at whatever depth.
pub(super) fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // `io::Error` keeps what it wraps out of `source()`.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
