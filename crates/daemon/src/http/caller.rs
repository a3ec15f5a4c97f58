//! Who asks, and whether they may: nobody may anything unless a rule here says so.
//!
//! Nodes and administrators are different kinds of callers. A node's certificate opens the peer
//! paths and nothing else; a local user or a credential opens the administrator's paths and
//! nothing else.

use super::problem::Failed;
use crate::clock;
use crate::node::Node;
use crate::peer::book::Holder;
use crate::peer::paths::INCARNATION;
use crate::tls::secret_hash;
use api::{Problem, ProblemKind};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use model::stored::{Actor, CredentialKind};
use model::{CredentialName, Incarnation, NodeId, NodeName};
use std::net::SocketAddr;
use std::sync::Arc;

/// What is known of a connection; put into each of its requests by the listener.
#[derive(Debug, Clone)]
pub enum Connection {
    /// On the local socket.
    Local {
        /// The user at the other end, by the kernel's word.
        uid: u32,
    },
    /// Over TLS.
    Tls {
        /// The SHA-256 of the certificate that was shown; it chains to the cluster's authority.
        certificate: Option<String>,
        /// Where it comes from.
        from: SocketAddr,
    },
}

/// An administrator, or a local user who may act as one.
#[derive(Debug, Clone)]
pub struct Administrator(pub Actor);

/// A member, in the life of it that this node listens to.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: NodeName,
    /// Where it asks from.
    pub from: SocketAddr,
}

/// A member, in whichever life.
#[derive(Debug, Clone)]
pub struct AnyLife(pub Peer);

fn connection(parts: &Parts) -> Result<Connection, Failed> {
    // Each listener adds it; without it nobody is anybody.
    let nobody = || Problem::new(ProblemKind::Internal, "the listener did not say who is connected");
    Ok(parts.extensions.get::<Connection>().cloned().ok_or_else(nobody)?)
}

impl FromRequestParts<Arc<Node>> for Administrator {
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Failed> {
        match connection(parts)? {
            Connection::Local { uid } => local(node, uid, parts),
            Connection::Tls { certificate, from } => remote(node, certificate.as_deref(), from, parts),
        }
    }
}

fn local(node: &Node, uid: u32, parts: &Parts) -> Result<Administrator, Failed> {
    if uid == 0 || uid == rustix::process::geteuid().as_raw() {
        return Ok(Administrator(Actor::Local { node: node.name().clone(), uid }));
    }
    node.log.raise(events::CallerNotAuthorized {
        caller: format!("uid {uid} on the local socket"),
        request: format!("{} {}", parts.method, parts.uri.path()),
    });
    let text = format!("user {uid} may not administer this node: only root and the daemon's own user may");
    Err(Problem::new(ProblemKind::Forbidden, text).next("sudo steadfast …").into())
}

fn remote(
    node: &Node,
    certificate: Option<&str>,
    from: SocketAddr,
    parts: &Parts,
) -> Result<Administrator, Failed> {
    let state = node.state();
    let now = clock::wall();
    let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token_hash = bearer
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(|token| secret_hash(token.trim().as_bytes()));
    let found = state.credentials.iter().find(|(_, credential)| match &credential.kind {
        // Hashes are compared, not secrets, so the comparison's duration tells nothing of a secret.
        CredentialKind::Token { hash } => token_hash.as_ref() == Some(hash),
        CredentialKind::Certificate { fingerprint } => certificate == Some(fingerprint.as_str()),
    });
    match found {
        Some((name, credential)) if credential.expires.is_none_or(|expires| now < expires) => {
            Ok(Administrator(Actor::Credential(CredentialName::clone(name))))
        }
        Some((name, _)) => Err(unauthenticated(node, from, &format!("credential {name} has expired"))),
        None if certificate.is_some_and(|shown| matches!(node.book.holder(shown), Holder::Member(..))) => {
            node.log.raise(events::CallerNotAuthorized {
                caller: format!("a node's certificate, from {}", from.ip()),
                request: format!("{} {}", parts.method, parts.uri.path()),
            });
            let text = "a node's certificate does not administer a cluster";
            Err(Problem::new(ProblemKind::Forbidden, text).next("steadfast credential create NAME").into())
        }
        None if token_hash.is_some() => Err(unauthenticated(node, from, "the API token is not known")),
        None if certificate.is_some() => Err(unauthenticated(node, from, "the certificate is not known")),
        None => Err(unauthenticated(node, from, "neither an API token nor a client certificate was shown")),
    }
}

fn unauthenticated(node: &Node, from: SocketAddr, reason: &str) -> Failed {
    static TOLD: std::sync::LazyLock<crate::rate::PerSource> = std::sync::LazyLock::new(Default::default);
    if let Some(count) = TOLD.count(from.ip()) {
        node.log.raise(events::CallerNotAuthenticated {
            count,
            from: from.ip().to_string(),
            reason: reason.to_owned(),
        });
    }
    Problem::new(ProblemKind::Unauthenticated, reason)
        .next("on a member: steadfast credential create NAME")
        .into()
}

impl FromRequestParts<Arc<Node>> for AnyLife {
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Failed> {
        let Connection::Tls { certificate: Some(certificate), from } = connection(parts)? else {
            let text = "only a member's certificate opens this path";
            return Err(Problem::new(ProblemKind::Unauthenticated, text).into());
        };
        match node.book.holder(&certificate) {
            Holder::Member(id, name) => Ok(Self(Peer { id, name, from })),
            Holder::Evicted(name) => {
                static TOLD: std::sync::LazyLock<crate::rate::PerSource> =
                    std::sync::LazyLock::new(Default::default);
                if TOLD.count(from.ip()).is_some() {
                    node.log.raise(events::EvictedCertificateRefused {
                        node: name.clone(),
                        from: from.ip().to_string(),
                    });
                }
                let text = format!("node {name} was evicted from this cluster");
                Err(Problem::new(ProblemKind::Evicted, text)
                    .next("on a member: steadfast token create; then here: steadfast join ADDRESS --token -")
                    .into())
            }
            Holder::Unknown => {
                crate::hello::introduce(node, &certificate, from.ip());
                let text = format!(
                    "this certificate is not known here yet; {} asks the members it knows",
                    node.name()
                );
                Err(Problem::new(ProblemKind::Unauthenticated, text).into())
            }
        }
    }
}

impl FromRequestParts<Arc<Node>> for Peer {
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Failed> {
        let AnyLife(peer) = AnyLife::from_request_parts(parts, node).await?;
        let life = parts.headers.get(INCARNATION).and_then(|value| value.to_str().ok());
        let life: Option<Incarnation> = life.and_then(|text| text.parse().ok());
        let now = clock::moment();
        let heard = life.is_some_and(|life| node.incarnations(|lives| lives.heard(now, peer.id, life)));
        if heard {
            return Ok(peer);
        }
        let text = format!("another life of {} is listened to; say hello first", peer.name);
        Err(Problem::new(ProblemKind::Conflict, text).into())
    }
}
