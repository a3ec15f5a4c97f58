//! What is done with single resources.

use crate::http::body::Body;
use crate::http::caller::{Administrator, Peer};
use crate::http::problem::Answer;
use crate::node::Node;
use crate::peer::paths;
use api::{Changed, Problem, ProblemKind, ResourceVerb};
use axum::Json;
use axum::extract::{Path, State};
use model::stored::{Command, CopyStage};
use model::{GroupName, NodeId, ResourceName};
use resource_api::ResourceId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// How long the owner may take to take it up.
const LIMIT: Duration = Duration::from_secs(5);

/// Something to do with a resource, where it runs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wanted {
    id: ResourceId,
    verb: ResourceVerb,
    by: String,
}

/// Initiates a failure of a resource, forgets its failures, or stops and starts it where it is.
#[utoipa::path(post, path = "/v1/resources/{group}/{resource}/{verb}",
    params(("group" = String, Path), ("resource" = String, Path), ("verb" = ResourceVerb, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn act(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path((group, resource, verb)): Path<(String, String, ResourceVerb)>,
) -> Answer<Changed> {
    let group = super::groups::known(&node, &group)?;
    let state = node.state();
    let spec = state.spec.group(&group);
    let known = spec.and_then(|spec| spec.resources.iter().find(|one| one.name.as_str() == resource));
    let resource: ResourceName = known.map(|one| one.name.clone()).ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("group {group} has no resource `{resource}`"))
            .next("steadfast resource list")
    })?;
    if verb == ResourceVerb::Clear {
        let command =
            Command::ClearFailures { group: group.clone(), resource: Some(resource.clone()), node: None };
        let written = node.write(actor, command).await?;
        let text = format!("the failures of {group}/{resource} are forgotten");
        return Ok(Json(Changed { revision: written.revision.0, text }));
    }
    let owners = owners(&node, &group);
    if owners.is_empty() {
        let text = format!("{group}/{resource} does not run anywhere");
        return Err(Problem::new(ProblemKind::Conflict, text)
            .next(format!("steadfast explain {group}"))
            .into());
    }
    let id = ResourceId { group, resource };
    for owner in owners {
        let wanted = Wanted { id: id.clone(), verb, by: actor.to_string() };
        if Some(owner) == node.id() {
            take_up(&node, &wanted)?;
        } else {
            let answer = node.call_json::<()>(owner, paths::RESOURCE, &wanted, LIMIT).await;
            answer.map_err(|error| {
                let text = format!("{} did not do it: {error}", node.book.name(owner));
                Problem::new(ProblemKind::Unavailable, text).next("steadfast status")
            })?;
        }
    }
    let text = match verb {
        ResourceVerb::Fail => format!("a failure of {id} was initiated"),
        ResourceVerb::Restart => format!("{id} is stopped and started where it is"),
        ResourceVerb::Clear => String::new(),
    };
    Ok(Json(Changed { revision: state.revision.0, text }))
}

fn owners(node: &Node, group: &GroupName) -> Vec<NodeId> {
    let state = node.state();
    let copies = state.groups.get(group).into_iter().flat_map(|record| &record.copies);
    copies.filter(|(_, copy)| copy.stage == CopyStage::Held).map(|(id, _)| *id).collect()
}

/// Another node was asked, and the resource is here.
pub(super) async fn here(State(node): State<Arc<Node>>, _: Peer, Body(wanted): Body<Wanted>) -> Answer<()> {
    take_up(&node, &wanted)?;
    Ok(Json(()))
}

fn take_up(node: &Arc<Node>, wanted: &Wanted) -> Result<(), Problem> {
    let Wanted { id, verb, by } = wanted;
    let done = crate::running::with(node, |runner| match verb {
        ResourceVerb::Fail => {
            runner.fail_on_demand(crate::running::now(), id, format!("its failure was initiated by {by}"))
        }
        ResourceVerb::Restart => runner.restart(id),
        ResourceVerb::Clear => Ok(()),
    });
    let refused = |why: String| Problem::new(ProblemKind::Conflict, why).next("steadfast status");
    match done {
        Some(Ok(())) => Ok(()),
        Some(Err(why)) => Err(refused(why.to_string())),
        None => Err(refused(format!("{id} is not on this node"))),
    }
}
