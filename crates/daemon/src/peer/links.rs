//! Calls to other nodes: over HTTP/1.1, on connections that stay open, on whichever network works.
//!
//! A connection carries one call at a time, and there are as many as there are calls at the same time:
//! two or three. So a snapshot that is on its way for seconds is in no heartbeat's way, as it would be on
//! one connection for all; and a small call is one write and one read (HTTP/2: two writes, three tasks
//! and a quarter of an idle leader's processor time, measured).
//!
//! A call goes out on the first network that looks well. If no answer has come after its share of
//! the time, the link is suspected and the call is sent again on the next network, so the loss of
//! one network of two costs a part of one call and no more. Sending twice is safe: the engine's
//! messages are idempotent, and a write carries the id by which it is recognised.

use super::paths::INCARNATION;
use crate::tls::{self, connect};
use api::Problem;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::SendRequest;
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use model::stored::MemberHint;
use model::{Endpoint, Incarnation, NodeId};
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// The largest answer that is read from a peer: a snapshot's bound and some air.
const LARGEST_ANSWER: usize = 80 << 20;

/// For how long a link that did not answer is avoided while there is another one.
const SUSPECT: Duration = Duration::from_secs(2);

/// The shortest share of time that a link is given: a TLS handshake and a small answer.
const SHORTEST_SHARE: Duration = Duration::from_millis(25);

/// Connections that are kept although nothing is under way on them.
const IDLE_MAX: usize = 4;

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The node is not in the book, or this node is no member.
    #[error("its address is not known")]
    NoAddress,
    /// Nothing came back. Whether the call was carried out is not known.
    #[error("{0}")]
    NoAnswer(String),
    /// It answered that it would not.
    #[error("{0}")]
    Refused(Problem),
}

/// One network's way to one node.
#[derive(Default)]
struct Link {
    /// Open, and nothing is under way on them.
    idle: Vec<SendRequest<Full<Bytes>>>,
    suspect_until: Option<Instant>,
}

type Key = (NodeId, Endpoint);

/// The connections of one membership. A call is made under one of them from its beginning to its
/// end: what was opened under a former membership is never used for the next, where the answer
/// would be one to somebody else ("you were evicted").
#[derive(Default)]
struct Membership {
    /// Absent until this node is a member.
    client: Option<Arc<ClientConfig>>,
    links: Mutex<BTreeMap<Key, Link>>,
}

impl Membership {
    fn with_link<R>(&self, key: Key, change: impl FnOnce(&mut Link) -> R) -> R {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        change(links.entry(key).or_default())
    }
}

struct Inner {
    /// This node's own addresses; a call leaves from the one on the network that it goes to.
    own: Vec<IpAddr>,
    incarnation: Incarnation,
    membership: RwLock<Arc<Membership>>,
}

/// The ways to all nodes; clones share them.
#[derive(Clone)]
pub struct Links(Arc<Inner>);

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Links")
    }
}

impl Links {
    /// No way to anybody yet.
    #[must_use]
    pub fn new(own: Vec<IpAddr>, incarnation: Incarnation) -> Self {
        Self(Arc::new(Inner { own, incarnation, membership: RwLock::default() }))
    }

    /// From now on calls are made with this identity; open connections are closed.
    pub fn become_member(&self, client: Arc<ClientConfig>) {
        let membership = Membership { client: Some(client), links: Mutex::default() };
        *self.0.membership.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(membership);
    }

    /// Calls a member: POSTs `body` and returns the answer's body.
    ///
    /// `well` says of each of the member's networks, by its place, whether heartbeats arrive on it.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(
        &self,
        to: &MemberHint,
        well: impl Fn(usize) -> bool,
        path: &str,
        body: Bytes,
        limit: Duration,
    ) -> Result<Bytes, CallError> {
        let membership = self.0.membership.read().unwrap_or_else(PoisonError::into_inner).clone();
        let deadline = Instant::now() + limit;
        let mut ways: Vec<(usize, Endpoint)> = to.endpoints.iter().copied().enumerate().collect();
        let now = Instant::now();
        ways.sort_by_key(|(place, endpoint)| {
            let suspect =
                membership.with_link((to.id, *endpoint), |link| link.suspect_until.is_some_and(|t| t > now));
            (suspect, !well(*place), *place)
        });
        let mut failure = CallError::NoAddress;
        for (tried, (_, endpoint)) in ways.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let ways_left = u32::try_from(ways.len() - tried).unwrap_or(1);
            let share = (left / ways_left).max(SHORTEST_SHARE).min(left);
            let once = self.once(&membership, to, *endpoint, path, body.clone(), left);
            let answer = tokio::time::timeout(share, once).await;
            match answer {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(refused @ CallError::Refused(_))) => return Err(refused),
                Ok(Err(error)) => failure = error,
                Err(_) => {
                    failure = CallError::NoAnswer(format!("no answer from {endpoint} within {share:?}"));
                }
            }
            membership.with_link((to.id, *endpoint), |link| {
                *link = Link { idle: Vec::new(), suspect_until: Some(Instant::now() + SUSPECT) };
            });
        }
        Err(failure)
    }

    async fn once(
        &self,
        membership: &Membership,
        to: &MemberHint,
        endpoint: Endpoint,
        path: &str,
        body: Bytes,
        limit: Duration,
    ) -> Result<Bytes, CallError> {
        let no_answer = |what: &str, error: &dyn std::fmt::Display| {
            CallError::NoAnswer(format!("{what} {endpoint}: {error}"))
        };
        let key = (to.id, endpoint);
        let (connection, answer) = loop {
            let idle = membership.with_link(key, |link| link.idle.pop());
            let reused = idle.is_some();
            let mut connection = match idle {
                Some(idle) => idle,
                None => self
                    .connection(membership, to, endpoint, limit)
                    .await
                    .map_err(|error| no_answer("connecting to", &error))?,
            };
            let request = Request::builder()
                .method(Method::POST)
                .uri(path)
                .header(HOST, tls::SERVER_NAME)
                .header(INCARNATION, self.0.incarnation.to_string())
                .body(Full::new(body.clone()))
                .map_err(|error| no_answer("asking", &error))?;
            let answer = match connection.ready().await {
                Ok(()) => connection.send_request(request).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(answer) => break (connection, answer),
                // The other one's daemon was replaced while nothing was under way.
                Err(_) if reused => {}
                Err(error) => return Err(no_answer("asking", &error)),
            }
        };
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER)
            .collect()
            .await
            .map_err(|error| no_answer("reading from", &error))?
            .to_bytes();
        // Only now: what is dropped before its answer came is closed, and its answer is nobody else's.
        membership.with_link(key, |link| {
            if !connection.is_closed() && link.idle.len() < IDLE_MAX {
                link.idle.push(connection);
            }
        });
        if status == StatusCode::OK {
            return Ok(body);
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(CallError::Refused(problem)),
            Err(_) => Err(no_answer("an answer that is not Steadfast's from", &status)),
        }
    }

    /// A new connection.
    async fn connection(
        &self,
        membership: &Membership,
        to: &MemberHint,
        endpoint: Endpoint,
        limit: Duration,
    ) -> io::Result<SendRequest<Full<Bytes>>> {
        let client =
            membership.client.clone().ok_or_else(|| io::Error::other("this node is no member yet"))?;
        let from = same_network(&self.0.own, endpoint.0.ip());
        let stream = connect::open(client, endpoint, from, limit).await?;
        let shown = connect::shown(&stream).map(|certificate| tls::fingerprint(&certificate));
        if shown.as_deref() != Some(to.certificate.as_str()) {
            return Err(io::Error::other(format!("what answers there is not {}", to.name)));
        }
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a peer ended");
            }
        });
        membership.with_link((to.id, endpoint), |link| link.suspect_until = None);
        Ok(sender)
    }
}

/// Our address that shares the longest prefix with theirs, so that each network carries its own
/// traffic, and its loss is the loss of that traffic alone.
#[must_use]
pub(crate) fn same_network(own: &[IpAddr], theirs: IpAddr) -> Option<IpAddr> {
    let bits = |ip: &IpAddr| match ip {
        IpAddr::V4(v4) => u128::from(u32::from(*v4)) << 96,
        IpAddr::V6(v6) => u128::from(*v6),
    };
    own.iter()
        .filter(|ip| ip.is_ipv4() == theirs.is_ipv4() && ip.is_loopback() == theirs.is_loopback())
        .max_by_key(|ip| (bits(ip) ^ bits(&theirs)).leading_zeros())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_leaves_from_the_network_that_it_goes_to() {
        let own: Vec<IpAddr> = ["10.99.0.1", "10.99.1.1", "fd99::1"].map(|ip| ip.parse().unwrap()).into();
        let from = |to: &str| same_network(&own, to.parse().unwrap()).map(|ip| ip.to_string());
        assert_eq!(from("10.99.0.2").as_deref(), Some("10.99.0.1"));
        assert_eq!(from("10.99.1.2").as_deref(), Some("10.99.1.1"));
        assert_eq!(from("fd99::2").as_deref(), Some("fd99::1"));
        assert_eq!(from("127.0.0.1"), None);
    }
}
