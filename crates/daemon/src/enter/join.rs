//! Joining a cluster, seen from the node that joins.

use super::{COMPLETE, enter, may_enter, wait_until};
use crate::http::problem::internal;
use crate::node::Node;
use crate::peer::paths;
use crate::tls::verify::Pin;
use crate::tls::{self, authority, connect};
use api::{JoinDone, Problem, ProblemKind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use model::stored::{Identity, JoinAnswer, JoinRequest, JoinToken, PROTOCOL, SoftwareVersion};
use model::{Endpoint, Secret};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long the member may take to admit this node: it tries all our addresses, and commits.
const ADMISSION: Duration = Duration::from_secs(30);

/// How long connecting to it may take.
const CONNECT: Duration = Duration::from_secs(5);

/// The largest answer: the list of hundreds of members.
const LARGEST_ANSWER: usize = 4 << 20;

/// Joins the cluster of the member at `address`.
///
/// # Errors
/// [`Problem`]. Until the member has admitted this node, nothing here has changed.
pub(crate) async fn join(node: &Arc<Node>, address: Endpoint, token: &str) -> Result<JoinDone, Problem> {
    let _one_at_a_time = node.entering.lock().await;
    may_enter(node)?;
    let failed = |problem: Problem| {
        node.log.raise(events::JoinFailed { address, problem: problem.message.clone() });
        problem
    };
    let token: JoinToken = token.parse().map_err(|error: model::stored::TokenError| {
        node.log.raise(events::JoinTokenDamaged { problem: error.to_string() });
        Problem::new(ProblemKind::BadRequest, error.to_string()).next("on a member: steadfast token create")
    })?;
    let answer = {
        let _shown = ShownKey::of_stranger(node)?;
        ask(node, address, &token).await?
    };
    let identity = accept(node, &token, &answer).map_err(failed)?;
    enter(node, identity).await.map_err(failed)?;
    let full = || node.state().nodes.get(&answer.node).is_some_and(|record| record.confirmed);
    if !wait_until(|| full() || node.own.borrow().bars_engine(), COMPLETE).await || !full() {
        let (text, _) = crate::status::why_not(node);
        let text = format!("this node was admitted, and is not a full member yet: {text}; it goes on trying");
        return Err(failed(Problem::new(ProblemKind::Unavailable, text).next("steadfast status")));
    }
    Ok(JoinDone {
        cluster: answer.cluster_name.to_string(),
        node: node.name().to_string(),
        voter: node.standing().is_some_and(|standing| standing.voters.contains(&answer.node)),
        warnings: answer.warnings,
    })
}

/// While a node asks, its listener shows the key that it asks with, for it is called back and must
/// prove that it holds it. A node that was a member before shows what it showed, afterwards.
struct ShownKey<'n> {
    node: &'n Node,
    before: Arc<rustls::ServerConfig>,
}

impl<'n> ShownKey<'n> {
    fn of_stranger(node: &'n Node) -> Result<Self, Problem> {
        let stranger = tls::serve::stranger(&node.stranger.certificate, &node.stranger.key)
            .map_err(|error| internal("the key to join with is not usable", &error))?;
        Ok(Self { node, before: node.listener.send_replace(stranger) })
    }
}

impl Drop for ShownKey<'_> {
    fn drop(&mut self) {
        self.node.listener.send_replace(self.before.clone());
    }
}

/// Asks a member for admission.
async fn ask(node: &Node, address: Endpoint, token: &JoinToken) -> Result<JoinAnswer, Problem> {
    let request = JoinRequest {
        token: token.id,
        secret: Secret::new(URL_SAFE_NO_PAD.encode(token.secret)),
        node: node.name().clone(),
        endpoints: node.config.endpoints.clone(),
        certificate_request: authority::request(&node.stranger.key, node.name())
            .map_err(|error| internal("the certificate request cannot be made", &error))?,
        protocol: PROTOCOL,
        software: SoftwareVersion::current(),
    };
    let body = serde_json::to_vec(&request).map_err(|error| internal("the join request", &error))?;
    let sent = tokio::time::timeout(ADMISSION, post(address, token.ca_pin, body.into())).await;
    let sent = sent.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")));
    let (status, body) = sent.map_err(|error| unreachable(node, address, token, &error))?;
    if status == 200 {
        return serde_json::from_slice(&body)
            .map_err(|error| internal("the member's answer is not understood", &error));
    }
    let problem = serde_json::from_slice::<Problem>(&body).unwrap_or_else(|_| {
        Problem::new(ProblemKind::Internal, format!("{address} answered with status {status}"))
    });
    node.log.raise(events::JoinFailed { address, problem: problem.message.clone() });
    Err(problem)
}

fn unreachable(node: &Node, address: Endpoint, token: &JoinToken, error: &io::Error) -> Problem {
    if tls::verify::is_foreign_cluster(error) {
        node.log.raise(events::JoinTokenForeign { address, token: token.id });
        let text =
            format!("{address} does not belong to the cluster that made this token; nothing was sent to it");
        return Problem::new(ProblemKind::Conflict, text)
            .next("on a member of the cluster: steadfast token create");
    }
    let text = format!("cannot reach a member at {address}: {}", tls::verify::in_words(error));
    node.log.raise(events::JoinFailed { address, problem: text.clone() });
    Problem::new(ProblemKind::Unavailable, text).next(format!(
        "on the member: steadfast status; from here: check the address, the port and firewalls of {address}"
    ))
}

async fn post(address: Endpoint, pin: [u8; 32], body: Bytes) -> io::Result<(u16, Bytes)> {
    let client = connect::pinned(Pin::Authority(pin)).map_err(io::Error::other)?;
    let stream = connect::open(client, address, None, CONNECT).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let driver = tokio::spawn(connection);
    let request = hyper::Request::post(paths::JOIN_REQUEST)
        .header(hyper::header::HOST, tls::SERVER_NAME)
        .body(Full::new(body))
        .map_err(io::Error::other)?;
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), LARGEST_ANSWER)
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes();
    driver.abort();
    Ok((status, body))
}

/// Makes an identity out of the answer, if the answer fits what was asked.
fn accept(node: &Node, token: &JoinToken, answer: &JoinAnswer) -> Result<Identity, Problem> {
    let unusable = |error: &dyn std::fmt::Display| internal("the member's answer is not usable", error);
    let authority = tls::certificate(&answer.ca_certificate).map_err(|error| unusable(&error))?;
    if tls::sha256(authority.as_ref()) != token.ca_pin {
        return Err(unusable(&"its authority is not the one that the token names"));
    }
    // Refuses a certificate that was not made for our key.
    tls::serve::member(&answer.certificate, &node.stranger.key, &answer.ca_certificate)
        .map_err(|error| unusable(&error))?;
    Ok(Identity {
        cluster: answer.cluster,
        cluster_name: answer.cluster_name.clone(),
        node: answer.node,
        node_name: node.name().clone(),
        certificate: answer.certificate.clone(),
        key: node.stranger.key.clone(),
        ca_certificate: answer.ca_certificate.clone(),
        heartbeat_key: answer.heartbeat_key.clone(),
        founding: None,
        members: answer.members.clone(),
    })
}
