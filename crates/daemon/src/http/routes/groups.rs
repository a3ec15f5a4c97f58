//! What is wanted of groups and of the cluster as a whole.

use crate::http::body::Body;
use crate::http::caller::Administrator;
use crate::http::problem::{Answer, rejected};
use crate::node::Node;
use api::{Changed, GroupShown, MaintenanceRequest, MoveRequest, Problem, ProblemKind};
use axum::Json;
use axum::extract::{Path, State};
use model::stored::{Command, GroupChange, Rejection};
use model::{GroupName, NodeName};
use planner::View;
use std::sync::Arc;

/// The groups, and what runs of them where.
#[utoipa::path(get, path = "/v1/groups",
    responses((status = 200, body = [GroupShown]), (status = "default", body = Problem)))]
pub async fn list(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Vec<GroupShown>> {
    Ok(Json(crate::status::groups::known(&node).await.groups))
}

/// Wants a group to run.
#[utoipa::path(post, path = "/v1/groups/{name}/online", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn online(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    let group = known(&node, &name)?;
    let text = format!("group {group} is wanted online");
    let command = Command::SetGroup { group, change: GroupChange::Online };
    Ok(Json(Changed { revision: node.write(actor, command).await?.revision.0, text }))
}

/// Wants a group not to run, until it is wanted online again.
#[utoipa::path(post, path = "/v1/groups/{name}/offline", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn offline(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    let group = known(&node, &name)?;
    let text = format!("group {group} is wanted offline");
    let command = Command::SetGroup { group, change: GroupChange::Offline };
    Ok(Json(Changed { revision: node.write(actor, command).await?.revision.0, text }))
}

/// Wants a group to run on a node; on none in particular: on the best one that it is not on. Refused where it
/// cannot be.
#[utoipa::path(post, path = "/v1/groups/{name}/move", params(("name" = String, Path)),
    request_body = MoveRequest,
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn relocate(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
    Body(request): Body<MoveRequest>,
) -> Answer<Changed> {
    let group = known(&node, &name)?;
    if request.cancel {
        let text = format!("group {group} is no more asked to be anywhere in particular");
        let command = Command::SetGroup { group, change: GroupChange::Move(None) };
        return Ok(Json(Changed { revision: node.write(actor, command).await?.revision.0, text }));
    }
    let inputs = super::plan::known(&node).await;
    let to = destination(&inputs.spec, &inputs.view, &group, request.to.as_ref())?;
    let text = to.to_string();
    if request.dry_run {
        return Ok(Json(Changed { revision: inputs.revision, text }));
    }
    let command = Command::SetGroup { group, change: GroupChange::Move(Some(to)) };
    Ok(Json(Changed { revision: node.write(actor, command).await?.revision.0, text }))
}

/// Where a group would be moved, or why it cannot be.
fn destination(
    spec: &model::desired::ClusterSpec,
    view: &View,
    group: &GroupName,
    to: Option<&NodeName>,
) -> Result<NodeName, Problem> {
    let conflict = |text: String| Problem::new(ProblemKind::Conflict, text);
    if let Some(to) = to {
        if !view.nodes.iter().any(|node| node.name == *to) {
            return Err(rejected(&Rejection::UnknownNode { name: to.to_string() }));
        }
        return match refusal(spec, view, group, to) {
            None => Ok(to.clone()),
            Some(why) => Err(conflict(format!("group {group} cannot be moved to {to}: {why}"))
                .next(format!("steadfast explain {group}"))),
        };
    }
    let known = view.groups.get(group);
    let is_here = |name: &NodeName| {
        known.is_some_and(|known| known.copies.iter().any(|copy| copy.owned && copy.node == *name))
    };
    let preferred = spec.group(group).map_or(&[][..], |spec| &spec.preferred_owners);
    let others = view.nodes.iter().map(|node| &node.name).filter(|name| !preferred.contains(name));
    let mut candidates = preferred.iter().chain(others).filter(|name| !is_here(name));
    candidates.find(|name| refusal(spec, view, group, name).is_none()).cloned().ok_or_else(|| {
        conflict(format!("no other node can have group {group}")).next(format!("steadfast explain {group}"))
    })
}

/// Why a group would not come to a node if that were asked for.
fn refusal(
    spec: &model::desired::ClusterSpec,
    view: &View,
    group: &GroupName,
    to: &NodeName,
) -> Option<String> {
    let mut asked = view.clone();
    asked.groups.entry(group.clone()).or_default().asked = Some(to.clone());
    let report = planner::explain(spec, &asked, group)?;
    if report.places.iter().any(|place| place.node == *to) {
        return None;
    }
    let why = report.considered.iter().find(|one| one.node == *to).map(|one| one.reason.clone());
    Some(why.unwrap_or(report.reason))
}

/// Leaves a group alone, or no more.
#[utoipa::path(post, path = "/v1/groups/{name}/maintenance", params(("name" = String, Path)),
    request_body = MaintenanceRequest,
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn maintenance(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
    Body(request): Body<MaintenanceRequest>,
) -> Answer<Changed> {
    let group = known(&node, &name)?;
    let text = match request.on {
        true => format!("group {group} is in maintenance: nothing is started, stopped or moved of it"),
        false => format!("group {group} is not in maintenance any more"),
    };
    let command = Command::SetGroup { group, change: GroupChange::Maintenance(request.on) };
    Ok(Json(Changed { revision: node.write(actor, command).await?.revision.0, text }))
}

/// Leaves everything alone, or no more.
#[utoipa::path(post, path = "/v1/maintenance", request_body = MaintenanceRequest,
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn maintenance_of_all(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Body(request): Body<MaintenanceRequest>,
) -> Answer<Changed> {
    let text = match request.on {
        true => "the cluster is in maintenance: nothing is started, stopped or moved",
        false => "the cluster is not in maintenance any more",
    };
    let written = node.write(actor, Command::SetMaintenance { on: request.on }).await?;
    Ok(Json(Changed { revision: written.revision.0, text: text.to_owned() }))
}

/// A group of the file, by its name.
pub(super) fn known(node: &Node, name: &str) -> Result<GroupName, Problem> {
    let state = node.state();
    let group: Option<GroupName> = name.parse().ok();
    let known = group.filter(|group| state.spec.group(group).is_some());
    known.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("no group named `{name}`")).next("steadfast group list")
    })
}
