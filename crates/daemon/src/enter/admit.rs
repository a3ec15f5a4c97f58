//! Admitting a node, seen from the member that is asked.
//!
//! Any member can be asked: each holds the authority's key, and the decision itself is a command
//! of the cluster database. The token is looked at first, so that somebody without one learns
//! nothing and cannot make this node call addresses of his choice.

use crate::clock;
use crate::http::problem::internal;
use crate::node::Node;
use crate::peer::book::members_of;
use crate::peer::links::same_network;
use crate::rate::PerSource;
use crate::tls::authority::{Pair, Request};
use crate::tls::verify::{self, Pin};
use crate::tls::{self, authority, connect, secret_hash};
use api::{Problem, ProblemKind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::Draft;
use model::stored::{
    Actor, ClusterState, Command, JoinAnswer, JoinRequest, NewNode, Outcome, PROTOCOL, Proposal, Rejection,
};
use model::{Endpoint, RequestId, Timestamp};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// How long one of the node's addresses may take to answer.
const REACH: Duration = Duration::from_secs(2);

/// A token that was made a moment ago on another member may not be known here yet.
const LAG: Duration = Duration::from_secs(1);

/// At most so many addresses are tried; a node's own file permits no more.
const MOST_ENDPOINTS: usize = 8;

/// Admits a node, or says why not.
///
/// # Errors
/// [`Problem`]; each refusal is an event here too.
pub(crate) async fn admit(
    node: &Arc<Node>,
    from: SocketAddr,
    request: JoinRequest,
) -> Result<JoinAnswer, Problem> {
    let hash = secret_hash(&URL_SAFE_NO_PAD.decode(request.secret.expose_secret()).unwrap_or_default());
    known_token(node, from, &request, &hash).await?;
    let csr = Request::parse(&request.certificate_request)
        .map_err(|error| malformed(node, from, &error.to_string()))?;
    if request.endpoints.is_empty() || request.endpoints.len() > MOST_ENDPOINTS {
        return Err(malformed(node, from, "it names no addresses, or too many"));
    }
    let warnings = reach(node, from, &request, &csr).await?;
    let state = node.state();
    let Some(cluster) = &state.cluster else {
        return Err(Problem::new(ProblemKind::NoCluster, crate::status::why_not(node).0));
    };
    let ca = Pair { certificate: cluster.ca_certificate.clone(), key: cluster.ca_key.clone() };
    let defect = |error: tls::TlsError| internal("a certificate cannot be made", &error);
    let certificate = authority::issue_node(&ca, &request.node, &csr).map_err(defect)?;
    let fingerprint = tls::fingerprint(&tls::certificate(&certificate).map_err(defect)?);
    let command = Command::Admit {
        token: request.token,
        secret_hash: hash,
        node: NewNode {
            name: request.node.clone(),
            endpoints: request.endpoints.clone(),
            certificate: fingerprint,
            protocol: request.protocol,
            software: request.software.clone(),
        },
    };
    let proposal = Proposal {
        request: RequestId(clock::random()),
        at: clock::wall(),
        actor: Actor::Node(node.name().clone()),
        command,
    };
    match node.propose(proposal).await? {
        Outcome::Done { node: Some(id), .. } => Ok(JoinAnswer {
            cluster: cluster.id,
            cluster_name: cluster.name.clone(),
            node: id,
            certificate,
            ca_certificate: cluster.ca_certificate.clone(),
            heartbeat_key: cluster.heartbeat_key.clone(),
            members: members_of(&state),
            warnings,
        }),
        Outcome::Refused(why) => Err(refused(node, from, &request, &why)),
        other => Err(internal("the admission has no outcome", &other)),
    }
}

/// Looks at the token before anything else is done for a stranger.
async fn known_token(
    node: &Node,
    from: SocketAddr,
    request: &JoinRequest,
    hash: &str,
) -> Result<(), Problem> {
    let until = tokio::time::Instant::now() + LAG;
    loop {
        match look(&node.state(), request, hash, clock::wall()) {
            Ok(()) => return Ok(()),
            Err(Rejection::UnknownToken) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(why) => return Err(refused(node, from, request, &why)),
        }
    }
}

/// The same rules as the database's, so that it refuses what this lets through by a lag.
fn look(state: &ClusterState, request: &JoinRequest, hash: &str, now: Timestamp) -> Result<(), Rejection> {
    let token = state.tokens.get(&request.token).ok_or(Rejection::UnknownToken)?;
    if token.secret_hash != hash {
        return Err(Rejection::WrongSecret);
    }
    match &token.used {
        Some((by, at)) => Err(Rejection::TokenUsed { by: by.clone(), at: *at }),
        None if now >= token.expires => Err(Rejection::TokenExpired { at: token.expires }),
        None => Ok(()),
    }
}

/// Calls the node back at each of its addresses; it must show the key of its request. At least one
/// must answer; those that do not are returned as warnings.
async fn reach(
    node: &Node,
    from: SocketAddr,
    request: &JoinRequest,
    csr: &Request,
) -> Result<Vec<String>, Problem> {
    let own: Vec<IpAddr> = node.config.endpoints.iter().map(|endpoint| endpoint.0.ip()).collect();
    let tries = request.endpoints.iter().map(|endpoint| call_back(&own, *endpoint, csr.public_key()));
    let results = futures::future::join_all(tries).await;
    let failures: Vec<String> = results.iter().filter_map(|result| result.as_ref().err().cloned()).collect();
    if failures.len() < request.endpoints.len() {
        let warn = |failure: &String| format!("the cluster cannot reach this node at {failure}");
        return Ok(failures.iter().map(warn).collect());
    }
    let tried = failures.join("; ");
    raise(node, from, events::JoinUnreachable { node: request.node.clone(), tried: tried.clone() });
    let text = format!("the cluster cannot reach {} at {tried}", request.node);
    Err(Problem::new(ProblemKind::Conflict, text)
        .next("check `listen` and `networks` in this node's steadfast.toml, and the firewall for that port (TCP and UDP)"))
}

async fn call_back(own: &[IpAddr], endpoint: Endpoint, public_key: Vec<u8>) -> Result<(), String> {
    let client = connect::pinned(Pin::PublicKey(public_key)).map_err(|error| error.to_string())?;
    let from = same_network(own, endpoint.0.ip());
    connect::open(client, endpoint, from, REACH)
        .await
        .map(drop)
        .map_err(|error| format!("{endpoint} ({})", verify::in_words(&error)))
}

fn malformed(node: &Node, from: SocketAddr, problem: &str) -> Problem {
    raise(node, from, events::JoinMalformed { from: from.to_string(), problem: problem.to_owned() });
    Problem::new(ProblemKind::BadRequest, format!("the join request is not acceptable: {problem}"))
}

fn refused(node: &Node, from: SocketAddr, request: &JoinRequest, why: &Rejection) -> Problem {
    let (name, token) = (request.node.clone(), request.token);
    let event: Option<Draft> = match why.clone() {
        Rejection::UnknownToken => Some(events::JoinTokenUnknown { node: name, token }.into()),
        Rejection::WrongSecret => Some(events::JoinTokenAltered { node: name, token }.into()),
        Rejection::TokenUsed { by, at } => Some(events::JoinTokenUsed { node: name, token, by, at }.into()),
        Rejection::TokenExpired { at } => Some(events::JoinTokenExpired { node: name, token, at }.into()),
        Rejection::TokenBound { bound, .. } => {
            Some(events::JoinTokenBound { node: name, token, bound }.into())
        }
        Rejection::NameTaken { .. } => Some(events::JoinNameTaken { node: name }.into()),
        Rejection::AddressTaken { endpoint, holder } => {
            Some(events::JoinAddressTaken { node: name, endpoint, holder }.into())
        }
        Rejection::Incompatible { theirs, .. } => Some(
            events::VersionIncompatible {
                node: name,
                software: request.software.clone(),
                theirs: theirs.to_string(),
                ours: PROTOCOL.to_string(),
            }
            .into(),
        ),
        _ => None,
    };
    if let Some(event) = event {
        raise(node, from, event);
    }
    crate::http::problem::rejected(why)
}

/// Strangers cause these, so a flood of them is told once a minute per source and kind of event.
fn raise(node: &Node, from: SocketAddr, event: impl Into<Draft>) {
    static TOLD: LazyLock<std::sync::Mutex<std::collections::BTreeMap<u32, PerSource>>> =
        LazyLock::new(std::sync::Mutex::default);
    let event = event.into();
    let mut told = TOLD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if told.entry(event.entry.id).or_default().count(from.ip()).is_some() {
        drop(told);
        node.log.raise(event);
    }
}
