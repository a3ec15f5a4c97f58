//! Forming a cluster of one node.

use super::{COMPLETE, enter, may_enter, tokens, wait_until};
use crate::clock;
use crate::http::problem::internal;
use crate::node::Node;
use crate::tls::{self, authority};
use api::{InitAnswer, Problem, ProblemKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::stored::{
    Actor, ClusterRecord, Command, Identity, MemberHint, NewNode, PROTOCOL, Proposal, SoftwareVersion,
};
use model::{ClusterId, ClusterName, NodeId, RequestId, Secret};
use std::sync::Arc;

/// Forms a cluster.
///
/// # Errors
/// [`Problem`].
pub(crate) async fn form(node: &Arc<Node>, actor: Actor, name: ClusterName) -> Result<InitAnswer, Problem> {
    let _one_at_a_time = node.entering.lock().await;
    may_enter(node)?;
    let identity = identity(node, actor.clone(), &name).map_err(|error| {
        let problem = error.to_string();
        node.log.raise(events::FormFailed { cluster: name.clone(), problem });
        internal("the cluster's certificates cannot be made", &error)
    })?;
    enter(node, identity).await.inspect_err(|problem| {
        node.log.raise(events::FormFailed { cluster: name.clone(), problem: problem.message.clone() });
    })?;
    let formed = wait_until(|| node.state().cluster.is_some() && node.quorum().has, COMPLETE).await;
    if !formed {
        let (text, _) = crate::status::why_not(node);
        let problem =
            Problem::new(ProblemKind::Unavailable, format!("the cluster is not formed yet: {text}"));
        return Err(problem.next("steadfast status"));
    }
    let made = tokens::create(node, actor, None, tokens::USUAL_LIFE).await?;
    Ok(InitAnswer {
        cluster: name.to_string(),
        node: node.name().to_string(),
        address: made.address,
        token: made.token,
        token_expires: made.expires,
    })
}

fn identity(node: &Node, actor: Actor, name: &ClusterName) -> Result<Identity, tls::TlsError> {
    let authority = authority::found(name)?;
    let key = node.stranger.key.clone();
    let request = authority::Request::parse(&authority::request(&key, node.name())?)?;
    let certificate = authority::issue_node(&authority, node.name(), &request)?;
    let fingerprint = tls::fingerprint(&tls::certificate(&certificate)?);
    let heartbeat_key = Secret::new(STANDARD.encode(clock::random::<32>()));
    let id = ClusterId(clock::random());
    let first = NodeId(1);
    let command = Command::Form {
        cluster: ClusterRecord {
            id,
            name: name.clone(),
            formed: clock::wall(),
            ca_certificate: authority.certificate.clone(),
            ca_key: authority.key,
            heartbeat_key: heartbeat_key.clone(),
        },
        node: NewNode {
            name: node.name().clone(),
            endpoints: node.config.endpoints.clone(),
            certificate: fingerprint.clone(),
            protocol: PROTOCOL,
            software: SoftwareVersion::current(),
        },
    };
    // One id for all attempts: however often it is proposed, the cluster is formed once.
    let founding = Proposal { request: RequestId(clock::random()), at: clock::wall(), actor, command };
    Ok(Identity {
        cluster: id,
        cluster_name: name.clone(),
        node: first,
        node_name: node.name().clone(),
        certificate,
        key,
        ca_certificate: authority.certificate,
        heartbeat_key,
        founding: serde_json::to_string(&founding).ok().map(Secret::new),
        members: vec![MemberHint {
            id: first,
            name: node.name().clone(),
            endpoints: node.config.endpoints.clone(),
            certificate: fingerprint,
        }],
    })
}
