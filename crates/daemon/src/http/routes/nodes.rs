//! Nodes.

use crate::http::caller::Administrator;
use crate::http::problem::{Answer, rejected};
use crate::node::Node;
use api::{Changed, NodeShown, Problem, ProblemKind};
use axum::Json;
use axum::extract::{Path, State};
use model::NodeName;
use model::stored::{Actor, Command, NodeIntent, Rejection};
use std::sync::Arc;

/// The members.
#[utoipa::path(get, path = "/v1/nodes", responses((status = 200, body = Vec<NodeShown>)))]
pub async fn list(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Vec<NodeShown>> {
    Ok(Json(crate::status::status(&node).await.nodes))
}

/// One member.
#[utoipa::path(get, path = "/v1/nodes/{name}", params(("name" = String, Path)),
    responses((status = 200, body = NodeShown), (status = "default", body = Problem)))]
pub async fn show(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Path(name): Path<String>,
) -> Answer<NodeShown> {
    let found = crate::status::status(&node).await.nodes.into_iter().find(|shown| shown.name == name);
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
    can_be_spared(&node, &target)?;
    let written = node.write(actor, Command::Evict { node: target.clone() }).await?;
    let text = format!("node {target} was evicted; its certificate is refused from now on");
    Ok(Json(Changed { revision: written.revision.0, text }))
}

/// Uses a node again: what should rather be there may come back.
#[utoipa::path(post, path = "/v1/nodes/{name}/resume", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn resume(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    intend(&node, actor, name, NodeIntent::Active, "is used").await
}

/// Moves everything away from a node, and gives it nothing more.
#[utoipa::path(post, path = "/v1/nodes/{name}/drain", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn drain(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    intend(&node, actor, name, NodeIntent::Draining, "is drained: what it has moves away").await
}

/// Leaves a node what it has, and gives it nothing more.
#[utoipa::path(post, path = "/v1/nodes/{name}/pause", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn pause(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    intend(&node, actor, name, NodeIntent::Paused, "is paused: it keeps what it has, and gets nothing more")
        .await
}

async fn intend(node: &Node, actor: Actor, name: String, intent: NodeIntent, what: &str) -> Answer<Changed> {
    let target: NodeName = name.parse().map_err(|_| unknown(name))?;
    let text = format!("node {target} {what}");
    let written = node.write(actor, Command::SetNodeIntent { node: target, intent }).await?;
    Ok(Json(Changed { revision: written.revision.0, text }))
}

/// Vouches that a node runs nothing: what it had is free at once. Refused while it is heard from.
#[utoipa::path(post, path = "/v1/nodes/{name}/confirm-down", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn confirm_down(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    let target: NodeName = name.parse().map_err(|_| unknown(name))?;
    let state = node.state();
    if let Some((id, _)) = state.node_named(&target)
        && node.is_up(id)
    {
        let text = format!("node {target} is not down: it is heard from");
        let next = format!("steadfast node drain {target}");
        return Err(Problem::new(ProblemKind::Conflict, text).next(next).into());
    }
    let text = format!("node {target} is confirmed to be down; what it had is free");
    let written = node.write(actor, Command::ConfirmDown { node: target }).await?;
    Ok(Json(Changed { revision: written.revision.0, text }))
}

/// A voter whose absence would leave the others without a majority is not evicted: its removal would
/// need the very majority that it takes away, and nothing could be changed any more. Where there is no
/// majority now, the write itself says so.
fn can_be_spared(node: &Node, target: &NodeName) -> Result<(), Problem> {
    let state = node.state();
    let Some((id, _)) = state.node_named(target) else { return Ok(()) };
    let voters = node.standing().map(|standing| standing.voters).unwrap_or_default();
    let rest: Vec<_> = voters.iter().copied().filter(|voter| *voter != id).collect();
    if !voters.contains(&id) || rest.is_empty() {
        return Ok(());
    }
    let missing: Vec<String> =
        rest.iter().filter(|voter| !node.is_up(**voter)).map(|voter| node.book.name(*voter)).collect();
    let (present, needed) = (rest.len() - missing.len(), rest.len() / 2 + 1);
    let has_quorum_now = present + usize::from(node.is_up(id)) > voters.len() / 2;
    if present >= needed || !has_quorum_now {
        return Ok(());
    }
    let text = format!(
        "without {target}, {present} of {} voters would be there, and {needed} are needed: the cluster would \
         stand still; missing: {}",
        rest.len(),
        missing.join(", ")
    );
    let mut problem = Problem::new(ProblemKind::Conflict, text)
        .next("start the missing nodes first, or evict them instead");
    problem.missing = missing;
    Err(problem)
}

fn unknown(name: String) -> Problem {
    rejected(&Rejection::UnknownNode { name })
}
