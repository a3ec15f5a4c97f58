//! Nodes.

use crate::http::caller::Administrator;
use crate::http::problem::{Answer, rejected};
use crate::node::Node;
use api::{Changed, NodeShown, Problem};
use axum::Json;
use axum::extract::{Path, State};
use model::NodeName;
use model::stored::{Command, Rejection};
use std::sync::Arc;

/// The members.
#[utoipa::path(get, path = "/v1/nodes", responses((status = 200, body = Vec<NodeShown>)))]
pub async fn list(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Vec<NodeShown>> {
    Ok(Json(crate::status::status(&node).nodes))
}

/// One member.
#[utoipa::path(get, path = "/v1/nodes/{name}", params(("name" = String, Path)),
    responses((status = 200, body = NodeShown), (status = "default", body = Problem)))]
pub async fn show(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Path(name): Path<String>,
) -> Answer<NodeShown> {
    let found = crate::status::status(&node).nodes.into_iter().find(|shown| shown.name == name);
    Ok(Json(found.ok_or_else(|| unknown(name))?))
}

/// Removes a member for good: it cannot vote, run anything, or come back with its certificate.
#[utoipa::path(post, path = "/v1/nodes/{name}/evict", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn evict(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    let target: NodeName = name.parse().map_err(|_| unknown(name))?;
    let written = node.write(actor, Command::Evict { node: target.clone() }).await?;
    let text = format!("node {target} was evicted; its certificate is refused from now on");
    Ok(Json(Changed { revision: written.revision.0, text }))
}

fn unknown(name: String) -> Problem {
    rejected(&Rejection::UnknownNode { name })
}
