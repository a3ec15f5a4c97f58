//! A node that joins: admitted when it shows a token, confirmed when its join is complete.
//!
//! Between the two the join may fail at any point, so an admission uses nothing up. Whoever comes
//! with the same token, or under the same name, before a confirmation starts over and takes the
//! unfinished admission's place. What is replaced gave out a certificate, which is refused from
//! then on like an evicted member's.

use super::members::{address_is_free, common_protocol, retire};
use super::{Accepted, Asked, Verdict};
use events::{NodeAdmitted, NodeJoined};
use model::stored::{ClusterState, NewNode, NodeIntent, NodeMeans, NodeRecord, ReadinessRecord, Rejection};
use model::{NodeId, TokenId};

pub(super) fn admit(
    state: &mut ClusterState,
    asked: &Asked,
    token: TokenId,
    secret_hash: &str,
    node: &NewNode,
) -> Verdict {
    good_token(state, asked, token, secret_hash, node)?;
    if let Some((_, member)) = state.node_named(&node.name)
        && member.confirmed
    {
        return Err(Rejection::NameTaken { name: node.name.clone() });
    }
    address_is_free(state, None, &node.endpoints)?;
    new_certificate(state, node)?;
    common_protocol(state, None, &node.name, node.protocol)?;

    let unfinished: Vec<NodeId> = state
        .nodes
        .iter()
        .filter(|(_, member)| !member.confirmed && (member.token == Some(token) || member.name == node.name))
        .map(|(id, _)| *id)
        .collect();
    for id in unfinished {
        retire(state, asked, id);
    }
    let id = state.last_node.next();
    state.last_node = id;
    let record = NodeRecord {
        name: node.name.clone(),
        endpoints: node.endpoints.clone(),
        certificate: node.certificate.clone(),
        protocol: node.protocol,
        software: node.software.clone(),
        joined: asked.at,
        confirmed: false,
        token: Some(token),
        incarnation: None,
        types: std::collections::BTreeMap::new(),
        intent: NodeIntent::default(),
        means: NodeMeans::default(),
        // Until it says that it has what was validated.
        readiness: ReadinessRecord { maintenance: !state.baselines.is_empty(), ..ReadinessRecord::default() },
    };
    state.nodes.insert(id, record);
    let admitted =
        NodeAdmitted { node: node.name.clone(), node_id: id, endpoints: node.endpoints.clone(), token };
    Ok(Accepted::changed(admitted).with_node(id))
}

/// The secret is looked at before anything that would tell a stranger about the token.
fn good_token(
    state: &ClusterState,
    asked: &Asked,
    token: TokenId,
    secret_hash: &str,
    node: &NewNode,
) -> Result<(), Rejection> {
    let token = state.tokens.get(&token).ok_or(Rejection::UnknownToken)?;
    if token.secret_hash != secret_hash {
        return Err(Rejection::WrongSecret);
    }
    if let Some((by, at)) = &token.used {
        return Err(Rejection::TokenUsed { by: by.clone(), at: *at });
    }
    if asked.at >= token.expires {
        return Err(Rejection::TokenExpired { at: token.expires });
    }
    match &token.node {
        Some(bound) if *bound != node.name => {
            Err(Rejection::TokenBound { bound: bound.clone(), given: node.name.clone() })
        }
        _ => Ok(()),
    }
}

/// One certificate is one member's, for ever: an evicted one's never comes back.
fn new_certificate(state: &ClusterState, node: &NewNode) -> Result<(), Rejection> {
    let evicted = state.evicted.values().map(|evicted| (&evicted.certificate, &evicted.name));
    let members = state.nodes.values().map(|member| (&member.certificate, &member.name));
    match evicted.chain(members).find(|(certificate, _)| **certificate == node.certificate) {
        Some((_, holder)) => Err(Rejection::CertificateKnown { holder: holder.clone() }),
        None => Ok(()),
    }
}

pub(super) fn confirm(state: &mut ClusterState, asked: &Asked, node: NodeId) -> Verdict {
    let unknown = || Rejection::UnknownNode { name: format!("number {node}") };
    let member = state.nodes.get(&node).ok_or_else(unknown)?;
    if member.confirmed {
        return Ok(Accepted::as_it_is());
    }
    // Since it was admitted, another may have been confirmed with the same address.
    address_is_free(state, Some(node), &member.endpoints)?;
    common_protocol(state, Some(node), &member.name, member.protocol)?;
    let member = state.nodes.get_mut(&node).ok_or_else(unknown)?;
    member.confirmed = true;
    let name = member.name.clone();
    // A token that expired long ago may be forgotten by now; the join began in time.
    if let Some(token) = member.token.take().and_then(|token| state.tokens.get_mut(&token)) {
        token.node = Some(name.clone());
        token.used = Some((name.clone(), asked.at));
    }
    Ok(Accepted::changed(NodeJoined { node: name }))
}
