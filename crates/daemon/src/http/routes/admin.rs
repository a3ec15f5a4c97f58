//! Forming, joining, tokens.

use crate::enter;
use crate::http::body::{Body, parse};
use crate::http::caller::{Administrator, Connection};
use crate::http::problem::Answer;
use crate::node::Node;
use api::{
    InitAnswer, InitRequest, JoinCommand, JoinDone, Problem, ProblemKind, TokenMade, TokenRequest, TokenShown,
};
use axum::extract::State;
use axum::{Extension, Json};
use std::sync::Arc;
use std::time::Duration;

/// Forming and joining change which cluster a node obeys, so only somebody on the node may ask.
fn only_here(connection: &Connection) -> Result<(), Problem> {
    match connection {
        Connection::Local { .. } => Ok(()),
        Connection::Tls { .. } => Err(Problem::new(
            ProblemKind::Forbidden,
            "a node is told to form or join a cluster on its own local socket only",
        )),
    }
}

/// Forms a cluster on this node.
#[utoipa::path(post, path = "/v1/init", request_body = InitRequest,
    responses((status = 200, body = InitAnswer), (status = "default", body = Problem)))]
pub async fn init(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Extension(connection): Extension<Connection>,
    Body(request): Body<InitRequest>,
) -> Answer<InitAnswer> {
    only_here(&connection)?;
    Ok(Json(enter::form(&node, actor, parse(&request.name)?).await?))
}

/// Joins this node to a cluster; answers when it is a full member.
#[utoipa::path(post, path = "/v1/join", request_body = JoinCommand,
    responses((status = 200, body = JoinDone), (status = "default", body = Problem)))]
pub async fn join(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Extension(connection): Extension<Connection>,
    Body(request): Body<JoinCommand>,
) -> Answer<JoinDone> {
    only_here(&connection)?;
    Ok(Json(enter::join(&node, parse(&request.address)?, &request.token).await?))
}

/// Makes a join token.
#[utoipa::path(post, path = "/v1/tokens", request_body = TokenRequest,
    responses((status = 200, body = TokenMade), (status = "default", body = Problem)))]
pub async fn create_token(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Body(request): Body<TokenRequest>,
) -> Answer<TokenMade> {
    let for_node = request.node.as_deref().map(parse).transpose()?;
    let life = request.ttl_s.map_or(enter::USUAL_LIFE, Duration::from_secs);
    Ok(Json(enter::create_token(&node, actor, for_node, life).await?))
}

/// The join tokens that the cluster knows, without their secrets.
#[utoipa::path(get, path = "/v1/tokens", responses((status = 200, body = Vec<TokenShown>)))]
pub async fn list_tokens(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Vec<TokenShown>> {
    Ok(Json(enter::list_tokens(&node)))
}
