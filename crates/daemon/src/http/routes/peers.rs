//! What other nodes ask.

use super::events::own;
use crate::http::body::Body;
use crate::http::caller::{AnyLife, Connection, Peer};
use crate::http::problem::Answer;
use crate::node::Node;
use crate::types::LibraryType;
use crate::{enter, hello};
use api::{EventQuery, PlanInputs, PlanInputsQuery, PlanMade, PlansQuery, Problem, ProblemKind};
use axum::body::Bytes;
use axum::extract::State;
use axum::{Extension, Json};
use model::NodeName;
use model::TypeName;
use model::stored::{
    Actor, EventRecord, Hello, HelloAnswer, JoinAnswer, JoinRequest, MemberHint, NodeInventory, Outcome,
    Proposal,
};
use resource_api::TypeDescription;
use resource_api::message::TypeStanding;
use std::sync::Arc;
use store::engine::ProposeError;

fn no_engine(node: &Node) -> Problem {
    Problem::new(ProblemKind::Unavailable, crate::status::why_not(node).0)
}

/// A message of the engine.
pub(super) async fn raft(
    State(node): State<Arc<Node>>,
    peer: Peer,
    message: Bytes,
) -> Result<Vec<u8>, crate::http::problem::Failed> {
    let engine = node.engine().ok_or_else(|| no_engine(&node))?;
    let answer = engine.handle(peer.id, &message).await;
    Ok(answer.map_err(|error| Problem::new(ProblemKind::BadRequest, error.to_string()))?)
}

/// A write that another node has taken.
pub(super) async fn propose(
    State(node): State<Arc<Node>>,
    peer: Peer,
    Body(proposal): Body<Proposal>,
) -> Answer<Outcome> {
    own_actor(&peer.name, &proposal.actor)?;
    let engine = node.engine().ok_or_else(|| no_engine(&node))?;
    match node.propose_here(&engine, proposal).await {
        Ok(outcome) => Ok(Json(outcome)),
        Err(error @ (ProposeError::Undecided | ProposeError::Stopped(_))) => {
            Err(Problem::new(ProblemKind::Unknown, error.to_string()).into())
        }
        Err(error @ ProposeError::TooLong(_)) => {
            Err(Problem::new(ProblemKind::BadRequest, error.to_string()).into())
        }
        Err(error) => Err(Problem::new(ProblemKind::Unavailable, error.to_string()).into()),
    }
}

/// A node speaks for itself, for its own local users, and for those whose credential it has checked.
fn own_actor(peer: &NodeName, actor: &Actor) -> Result<(), Problem> {
    match actor {
        Actor::Node(name) | Actor::Local { node: name, .. } if name != peer => {
            Err(Problem::new(ProblemKind::Forbidden, format!("node {peer} does not speak for node {name}")))
        }
        _ => Ok(()),
    }
}

/// A daemon that has started.
pub(super) async fn hello(
    State(node): State<Arc<Node>>,
    AnyLife(peer): AnyLife,
    Body(hello): Body<Hello>,
) -> Answer<HelloAnswer> {
    if hello.node != peer.id {
        let text = format!("node {} says hello as node number {}", peer.name, hello.node);
        return Err(Problem::new(ProblemKind::Forbidden, text).into());
    }
    Ok(Json(hello::answer(&node, peer.from.ip(), &peer.name, &hello)))
}

/// The members as this node knows them.
pub(super) async fn members(State(node): State<Arc<Node>>, _: AnyLife) -> Answer<Vec<MemberHint>> {
    Ok(Json(node.book.members()))
}

/// This node's own events.
pub(super) async fn events(
    State(node): State<Arc<Node>>,
    _: AnyLife,
    Body(query): Body<EventQuery>,
) -> Answer<Vec<EventRecord>> {
    Ok(Json(own(&node, query)?))
}

/// What this node knows, or knew when it made a plan.
pub(super) async fn plan_inputs(
    State(node): State<Arc<Node>>,
    _: AnyLife,
    Body(query): Body<PlanInputsQuery>,
) -> Answer<PlanInputs> {
    Ok(Json(match query.at {
        Some(seq) => super::plan::recorded(&node, seq)?,
        None => super::plan::own(&node),
    }))
}

/// The plans that this node made.
pub(super) async fn plans(
    State(node): State<Arc<Node>>,
    _: AnyLife,
    Body(query): Body<PlansQuery>,
) -> Answer<Vec<PlanMade>> {
    Ok(Json(super::plan::made(&node, &query)?))
}

/// The types that this node's monitors have.
pub(super) async fn types(State(node): State<Arc<Node>>, _: Peer) -> Answer<Vec<TypeStanding>> {
    let unavailable = |why: String| Problem::new(ProblemKind::Unavailable, why);
    Ok(Json(node.monitors.types().await.map_err(unavailable)?))
}

/// What this node has of components; read anew, if so wanted.
pub(super) async fn components(
    State(node): State<Arc<Node>>,
    _: Peer,
    Body(fresh): Body<bool>,
) -> Answer<NodeInventory> {
    Ok(Json(crate::components::capture::own(&node, fresh).await))
}

/// What one of them says of itself.
pub(super) async fn describe_type(
    State(node): State<Arc<Node>>,
    _: Peer,
    Body(kind): Body<TypeName>,
) -> Answer<TypeDescription> {
    let nothing = |why: String| Problem::new(ProblemKind::NotFound, why);
    Ok(Json(node.monitors.describe(&kind).await.map_err(nothing)?))
}

/// What a type of a library says of itself, which another node wants to know before it is registered.
pub(super) async fn describe_library_type(
    State(node): State<Arc<Node>>,
    _: Peer,
    Body(LibraryType { kind, library }): Body<LibraryType>,
) -> Answer<TypeDescription> {
    let nothing = |why: String| Problem::new(ProblemKind::NotFound, why);
    Ok(Json(node.monitors.describe_in(&kind, &library).await.map_err(nothing)?))
}

/// A node that wants to join; the only path for those whom nobody knows.
pub(super) async fn join_request(
    State(node): State<Arc<Node>>,
    Extension(connection): Extension<Connection>,
    Body(request): Body<JoinRequest>,
) -> Answer<JoinAnswer> {
    let Connection::Tls { from, .. } = connection else {
        return Err(Problem::new(ProblemKind::BadRequest, "a join request comes over the network").into());
    };
    Ok(Json(enter::admit(&node, from, request).await?))
}
