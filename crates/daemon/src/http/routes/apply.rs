//! The declarative file.

use crate::http::body::Body;
use crate::http::caller::Administrator;
use crate::http::problem::{Answer, internal};
use crate::node::Node;
use crate::types;
use api::{ApplyAnswer, ApplyRequest, Diagnostic, Export, Problem, ProblemKind};
use axum::Json;
use axum::extract::State;
use declaration::Severity;
use model::Revision;
use model::stored::{Actor, ClusterState, Command, Rejection};
use std::sync::Arc;

/// Makes the cluster what the file says: all of it, or nothing.
#[utoipa::path(post, path = "/v1/apply", request_body = ApplyRequest,
    responses((status = 200, body = ApplyAnswer), (status = "default", body = Problem)))]
pub async fn apply(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Body(request): Body<ApplyRequest>,
) -> Answer<ApplyAnswer> {
    let state = node.state();
    let Some(cluster) = &state.cluster else {
        let (text, next) = crate::status::why_not(&node);
        let problem = Problem::new(ProblemKind::NoCluster, text);
        return Err(next.map_or_else(|| problem.clone(), |next| problem.clone().next(next)).into());
    };
    let parsed = parse(&request.text).await?.map_err(|found| invalid(&node, &actor, &request, &found))?;
    let members: Vec<_> = state.nodes.values().map(|record| record.name.clone()).collect();
    let mut against = declaration::check_against(&parsed, &cluster.name, &members);
    against.extend(declaration::check_agents(&parsed, &types::descriptions(&node, parsed.asked()).await));
    if against.iter().any(|found| found.severity == Severity::Error) {
        return Err(invalid(&node, &actor, &request, &against).into());
    }
    let changed = request.text != current_text(&state);
    let differences = declaration::diff(&state.spec, &parsed.spec, changed);
    let warnings = parsed.warnings.iter().chain(&against).map(shown).collect();
    let diff = differences.lines();
    let expected = request.if_revision.map(Revision);
    // This node may not have all of it yet: what it has may refuse; that nothing moved, only the
    // write itself can tell.
    let writes = changed && !request.dry_run;
    let moved = |expected: &Revision| match writes {
        true => *expected < state.requested,
        false => !state.unchanged_since(*expected),
    };
    if let Some(expected) = expected.filter(moved) {
        let moved = Rejection::RevisionMoved { expected, current: state.revision };
        return Err(crate::http::problem::rejected(&moved).into());
    }
    let mut revision = state.revision;
    if writes {
        // What was shown is a difference to the state as it was read; if that has changed since,
        // the write meets a later revision, and only an explicit `if_revision` forbids that.
        let command = Command::Configure {
            cluster: parsed.cluster,
            spec: parsed.spec,
            text: request.text,
            if_revision: expected,
        };
        revision = node.write(actor, command).await?.revision;
    }
    Ok(Json(ApplyAnswer { revision: revision.0, changed, diff, warnings }))
}

/// A large file takes a tenth of a second, which no other request should wait for.
async fn parse(text: &str) -> Result<Result<declaration::Parsed, Vec<declaration::Diagnostic>>, Problem> {
    let text = text.to_owned();
    tokio::task::spawn_blocking(move || declaration::parse(&text))
        .await
        .map_err(|error| internal("the file cannot be read", &error))
}

/// What `export` prints: the file that was applied, or, before the first, what a new cluster has.
fn current_text(state: &ClusterState) -> String {
    match &state.cluster {
        Some(cluster) if state.declaration.is_empty() => declaration::starting_file(&cluster.name),
        _ => state.declaration.clone(),
    }
}

fn invalid(node: &Node, actor: &Actor, request: &ApplyRequest, found: &[declaration::Diagnostic]) -> Problem {
    let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
    let first = found.iter().find(|one| one.severity == Severity::Error);
    let text = match (errors, first) {
        (1, Some(first)) => first.message.clone(),
        (_, Some(first)) => format!("{errors} errors, the first: {}", first.message),
        (_, None) => "the file is not valid".to_owned(),
    };
    if !request.dry_run {
        node.log.raise(events::ConfigurationRefused { by: actor.to_string(), problem: text.clone() });
    }
    let mut problem = Problem::new(ProblemKind::InvalidFile, text);
    problem.diagnostics = found.iter().map(shown).collect();
    problem
}

fn shown(found: &declaration::Diagnostic) -> Diagnostic {
    Diagnostic {
        line: found.line,
        column: found.column,
        length: found.length,
        message: found.message.clone(),
        suggestion: found.suggestion.clone(),
        source_line: found.source_line.clone(),
    }
}

/// The declarative file as it was applied, byte for byte.
#[utoipa::path(get, path = "/v1/export",
    responses((status = 200, body = Export), (status = "default", body = Problem)))]
pub async fn export(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Export> {
    let state = node.state();
    if state.cluster.is_none() {
        let (text, _) = crate::status::why_not(&node);
        return Err(Problem::new(ProblemKind::NoCluster, text).next("steadfast status").into());
    }
    Ok(Json(Export { revision: state.revision.0, text: current_text(&state) }))
}
