//! Plans: what would be done, what it is made of, and what was decided.

use crate::http::body::Query;
use crate::http::caller::Administrator;
use crate::http::problem::{Answer, internal};
use crate::node::Node;
use crate::peer::paths;
use crate::planning::{self, view};
use api::{
    PlanInputs, PlanInputsQuery, PlanMade, PlanQuery, PlansMade, PlansQuery, Problem, ProblemKind, Silent,
};
use axum::Json;
use axum::extract::State;
use planner::hypothesis::Hypothesis;
use std::sync::Arc;
use std::time::Duration;

/// How long another node may take.
const LIMIT: Duration = Duration::from_secs(2);

/// How many plans are listed where nothing is asked for.
const USUAL_LIMIT: u32 = 100;

/// How many at most.
const MOST: u32 = 10_000;

/// What would be done, as `steadfast plan --json` prints it; changes nothing.
#[utoipa::path(get, path = "/v1/plan", params(("if" = Option<String>, Query)),
    responses((status = 200, body = Object), (status = "default", body = Problem)))]
pub async fn plan(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<PlanQuery>,
) -> Answer<serde_json::Value> {
    let mut inputs = known(&node).await;
    let suppose = query.suppose.unwrap_or_default();
    for text in suppose.split(',').filter(|text| !text.is_empty()) {
        let bad = |why: String| Problem::new(ProblemKind::BadRequest, why);
        let one: Hypothesis = text.parse().map_err(|error| bad(format!("{error}")))?;
        one.apply(&inputs.spec, &mut inputs.view).map_err(|error| bad(error.to_string()))?;
    }
    let planned = tokio::task::spawn_blocking(move || {
        let plan = [planner::plan(&inputs.spec, &inputs.view)];
        serde_json::to_value(planner::answer::Answer::new(&inputs.spec, &plan))
    });
    let planned = planned.await.map_err(|error| internal("planning", &error))?;
    Ok(Json(planned.map_err(|error| internal("a plan", &error))?))
}

/// What a plan is made of: now, as the leader knows it, or as it was when a plan was made.
#[utoipa::path(get, path = "/v1/plan/inputs",
    params(("at" = Option<u64>, Query), ("node" = Option<String>, Query)),
    responses((status = 200, body = PlanInputs), (status = "default", body = Problem)))]
pub async fn inputs(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<PlanInputsQuery>,
) -> Answer<PlanInputs> {
    let Some(seq) = query.at else { return Ok(Json(known(&node).await)) };
    let other = query.node.as_deref().filter(|name| *name != node.name().as_str());
    let Some(name) = other else { return Ok(Json(recorded(&node, seq)?)) };
    let others = node.others();
    let Some(other) = others.iter().find(|other| other.name.as_str() == name) else {
        let text = format!("no node named `{name}`");
        return Err(Problem::new(ProblemKind::NotFound, text).next("steadfast node list").into());
    };
    let query = PlanInputsQuery { at: Some(seq), node: None };
    let answer = node.call_json(other.id, paths::PLAN_INPUTS, &query, LIMIT).await;
    Ok(Json(answer.map_err(|error| {
        match error {
            crate::peer::links::CallError::Refused(problem) => problem,
            error => Problem::new(ProblemKind::Unavailable, format!("{name} did not answer: {error}"))
                .next("steadfast plan --history"),
        }
    })?))
}

/// The plans that nodes made while they led.
#[utoipa::path(get, path = "/v1/plans", params(("limit" = Option<u32>, Query)),
    responses((status = 200, body = PlansMade), (status = "default", body = Problem)))]
pub async fn list(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<PlansQuery>,
) -> Answer<PlansMade> {
    let mut found = PlansMade { plans: made(&node, &query)?, silent: Vec::new() };
    let others = node.others();
    let answers = others.iter().map(|other| async {
        (other.name.to_string(), node.call_json::<Vec<PlanMade>>(other.id, paths::PLANS, &query, LIMIT).await)
    });
    for (node, answer) in futures::future::join_all(answers).await {
        match answer {
            Ok(plans) => found.plans.extend(plans),
            Err(error) => found.silent.push(Silent { node, reason: error.to_string() }),
        }
    }
    found.plans.sort_by(|a, b| (&a.time, &a.node, a.seq).cmp(&(&b.time, &b.node, b.seq)));
    let surplus = found.plans.len().saturating_sub(limit(&query));
    found.plans.drain(..surplus);
    Ok(Json(found))
}

fn limit(query: &PlansQuery) -> usize {
    query.limit.unwrap_or(USUAL_LIMIT).min(MOST) as usize
}

/// The plans that this node made.
pub(super) fn made(node: &Node, query: &PlansQuery) -> Result<Vec<PlanMade>, Problem> {
    node.recorder.latest(limit(query)).map_err(|why| internal("the record of plans", &why))
}

/// What a plan of this node was made of.
pub(super) fn recorded(node: &Node, seq: u64) -> Result<PlanInputs, Problem> {
    let found = node.recorder.inputs(seq).map_err(|why| internal("the record of plans", &why))?;
    found.ok_or_else(|| {
        let text = format!("{} has made no plan {seq}, or keeps it no more", node.name());
        Problem::new(ProblemKind::NotFound, text).next("steadfast plan --history")
    })
}

/// What this node knows now.
pub(super) fn own(node: &Node) -> PlanInputs {
    let (reports, _) = node.leading.reports();
    let state = node.state();
    PlanInputs {
        made: None,
        node: node.name().to_string(),
        leads: planning::leads(node),
        revision: state.revision.0,
        view: view::view(node, &state, &reports),
        spec: planning::carried_out(&state.spec).into_owned(),
        steps: Vec::new(),
    }
}

/// What the leader knows now; what this node does, if no leader answers.
pub(super) async fn known(node: &Node) -> PlanInputs {
    let leader = node.quorum().leader.filter(|leader| Some(*leader) != node.id());
    if let Some(leader) = leader {
        let query = PlanInputsQuery::default();
        match node.call_json(leader, paths::PLAN_INPUTS, &query, LIMIT).await {
            Ok(inputs) => return inputs,
            Err(error) => tracing::info!(%error, "the leader did not say what it knows"),
        }
    }
    own(node)
}
