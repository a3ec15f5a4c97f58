//! What nodes ask each other while plans are carried out.

use crate::http::body::Body;
use crate::http::caller::Peer;
use crate::http::problem::Answer;
use crate::node::Node;
use crate::running::notify::{self, Happens};
use crate::status::groups::Known;
use api::{Problem, ProblemKind};
use axum::Json;
use axum::extract::State;
use execution::{Order, Report, Sequel};
use model::Incarnation;
use model::stored::{LeaseGrant, LeaseRequest};
use resource_api::Note;
use std::sync::Arc;
use std::time::Duration;

/// How long an order waits for the database to arrive here: somewhat less than its sender does.
const APPLIED: Duration = Duration::from_secs(2);

/// A node asks for its lease.
pub(super) async fn lease(
    State(node): State<Arc<Node>>,
    peer: Peer,
    Body(request): Body<LeaseRequest>,
) -> Answer<Option<LeaseGrant>> {
    own_word(&peer, request.node)?;
    Ok(Json(crate::leading::lease::asked(&node, request).await))
}

/// A node says what runs on it.
pub(super) async fn report(
    State(node): State<Arc<Node>>,
    peer: Peer,
    Body(report): Body<Report>,
) -> Answer<Sequel> {
    own_word(&peer, report.node)?;
    Ok(Json(crate::leading::reported(&node, report)))
}

/// The groups as this node knows them.
pub(super) async fn groups(State(node): State<Arc<Node>>, _: Peer) -> Json<Known> {
    Json(crate::status::groups::known_here(&node))
}

/// The leader wants something done here. Which leader it is does not matter: what is ordered names the
/// ownership that it is about.
pub(super) async fn order(
    State(node): State<Arc<Node>>,
    peer: Peer,
    Body(order): Body<Order>,
) -> Answer<(Incarnation, u64)> {
    let leader = node.standing().and_then(|standing| standing.leader);
    if leader.is_some_and(|leader| leader != peer.id) {
        let text = format!("{} does not lead as far as this node knows", peer.name);
        return Err(Problem::new(ProblemKind::Unavailable, text).into());
    }
    if let Some(engine) = node.engine() {
        let mut changes = engine.changes();
        let arrived = async {
            while engine.state().revision < order.revision {
                if changes.next().await.is_none() {
                    return;
                }
            }
        };
        // What has not arrived is refused by the runner, which says so.
        let _ = tokio::time::timeout(APPLIED, arrived).await;
        if let Some(id) = node.id() {
            crate::running::applied(&node, id, &engine.state());
        }
    }
    crate::running::order(&node, &order)
        .map(Json)
        .map_err(|why| Problem::new(ProblemKind::Conflict, why).into())
}

/// An agent on another node noted something.
pub(super) async fn note(State(node): State<Arc<Node>>, _: Peer, Body(note): Body<Note>) -> Json<()> {
    crate::running::agents::heard(&node, &note);
    Json(())
}

/// Something happens to a copy on another node.
pub(super) async fn happens(State(node): State<Arc<Node>>, _: Peer, Body(what): Body<Happens>) -> Json<()> {
    notify::heard(&node, what, notify::PATIENCE).await;
    Json(())
}

/// A node speaks for itself.
fn own_word(peer: &Peer, node: model::NodeId) -> Result<(), Problem> {
    if peer.id == node {
        return Ok(());
    }
    let text = format!("node {} does not speak for node number {node}", peer.name);
    Err(Problem::new(ProblemKind::Forbidden, text))
}
