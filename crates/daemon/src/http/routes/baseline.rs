//! Baselines: what nodes are measured by, and who signs them.

use super::components::component;
use crate::clock;
use crate::components::{capture, uses};
use crate::http::body::{Body, Query};
use crate::http::caller::Administrator;
use crate::http::problem::{Answer, Failed};
use crate::node::Node;
use api::{
    BaselineDiff, BaselineDiffQuery, BaselineDraft, BaselineInstall, BaselineQuery, BaselineShown,
    BaselineSummary, BaselineWish, Changed, ComponentChange, FileShown, FloorShown, OrderShown, Problem,
    ProblemKind, SignatureShown, SignedText, SignerRequest, SignerShown, SubjectShown, WaiverShown,
};
use axum::Json;
use axum::extract::{Path, State};
use model::stored::{Baseline, BaselineOrigin, ClusterState, Command, SignedBaseline};
use servicing::change;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The names of signers are printed, and are parts of paths.
const NAME_MAX: usize = 64;

fn none() -> Failed {
    Problem::new(ProblemKind::NotFound, "nothing was validated yet: there is no baseline")
        .next("steadfast baseline capture")
        .into()
}

/// The baseline of that number, or the present one.
fn find(state: &ClusterState, wanted: Option<u64>) -> Result<(Arc<SignedBaseline>, Baseline), Failed> {
    let read = |signed: &Arc<SignedBaseline>| Some((signed.clone(), signed.baseline().ok()?));
    let mut kept: Vec<_> = state.baselines.iter().filter_map(read).collect();
    let Some(wanted) = wanted else { return kept.pop().ok_or_else(none) };
    let there: Vec<String> = kept.iter().map(|(_, it)| it.generation.to_string()).collect();
    kept.into_iter().find(|(_, it)| it.generation.0 == wanted).ok_or_else(|| {
        let text = format!("there is no baseline {wanted}; kept are: {}", there.join(", "));
        Problem::new(ProblemKind::NotFound, text).next("steadfast baseline history").into()
    })
}

/// A baseline.
#[utoipa::path(get, path = "/v1/baseline", params(("generation" = Option<u64>, Query)),
    responses((status = 200, body = BaselineShown), (status = "default", body = Problem)))]
pub async fn show(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<BaselineQuery>,
) -> Answer<BaselineShown> {
    let state = node.state();
    let (signed, baseline) = find(&state, query.generation)?;
    let subject = |(name, it): (&String, &model::stored::Subject)| SubjectShown {
        name: name.clone(),
        resources: Vec::new(),
        files: it.files.iter().map(|path| FileShown { path: path.to_string(), why: String::new() }).collect(),
        problems: it.problems.iter().cloned().collect(),
    };
    let waiver = |it: &model::stored::Waiver| WaiverShown {
        path: it.path.to_string(),
        node: it.node.as_ref().map(ToString::to_string),
        until: it.until.to_string(),
        reason: it.reason.clone(),
    };
    let floor = |(package, it): (&String, &model::stored::Floor)| FloorShown {
        package: package.clone(),
        version: it.version.clone(),
    };
    let files = baseline.components.iter().map(|(path, it)| component(path, it, "validated".to_owned()));
    Ok(Json(BaselineShown {
        summary: summary(&state, &signed, &baseline),
        components: files.collect(),
        subjects: baseline.subjects.iter().map(subject).collect(),
        floors: baseline.floors.iter().map(floor).collect(),
        order: baseline
            .order
            .iter()
            .map(|it| OrderShown { first: it.first.clone(), then: it.then.clone() })
            .collect(),
        waivers: baseline.waivers.iter().map(waiver).collect(),
        signed: SignedText {
            text: signed.text.clone(),
            signatures: signed
                .signatures
                .iter()
                .map(|it| SignatureShown { signer: it.signer.clone(), signature: it.signature.clone() })
                .collect(),
        },
    }))
}

fn summary(state: &ClusterState, signed: &Arc<SignedBaseline>, baseline: &Baseline) -> BaselineSummary {
    let verified = servicing::signature::verify(signed, &state.signers);
    let (signers, problem) = match verified {
        Ok((_, signers)) => (signers.into_iter().collect(), None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    BaselineSummary {
        generation: baseline.generation.0,
        made: baseline.made.to_string(),
        by: baseline.by.clone(),
        origin: match &baseline.origin {
            BaselineOrigin::Capture { nodes } => {
                let names: Vec<&str> = nodes.iter().map(model::NodeName::as_str).collect();
                format!("captured from {}", names.join(", "))
            }
            BaselineOrigin::Rollback { to } => format!("back to {to}"),
            BaselineOrigin::Rules => "rules".to_owned(),
        },
        reason: baseline.reason.clone(),
        expires: baseline.expires.map(|at| at.to_string()),
        signers,
        files: baseline.components.len() as u64,
        present: state.baselines.last().is_some_and(|last| Arc::ptr_eq(last, signed)),
        problem,
    }
}

/// The baselines that are kept, the oldest first.
#[utoipa::path(get, path = "/v1/baseline/history", responses((status = 200, body = Vec<BaselineSummary>)))]
pub async fn history(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Vec<BaselineSummary>> {
    let state = node.state();
    let read = |signed: &Arc<SignedBaseline>| Some(summary(&state, signed, &signed.baseline().ok()?));
    Ok(Json(state.baselines.iter().filter_map(read).collect()))
}

/// What differs between two baselines.
#[utoipa::path(get, path = "/v1/baseline/diff", params(("from" = Option<u64>, Query), ("to" = Option<u64>, Query)),
    responses((status = 200, body = BaselineDiff), (status = "default", body = Problem)))]
pub async fn diff(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<BaselineDiffQuery>,
) -> Answer<BaselineDiff> {
    let state = node.state();
    let (_, to) = find(&state, query.to)?;
    let before = query.from.unwrap_or(to.generation.0.saturating_sub(1));
    let from = match before {
        0 => BTreeMap::new(),
        before => find(&state, Some(before))?.1.components,
    };
    let changes = changes(&from, &to.components);
    Ok(Json(BaselineDiff { from: before, to: to.generation.0, changes }))
}

fn changes(
    from: &BTreeMap<model::AbsolutePath, model::stored::Component>,
    to: &BTreeMap<model::AbsolutePath, model::stored::Component>,
) -> Vec<ComponentChange> {
    let shown = |it: change::Change| ComponentChange {
        path: it.path.to_string(),
        direction: it.direction.to_string(),
        from: it.from,
        to: it.to,
    };
    change::between(from, to).into_iter().map(shown).collect()
}

/// The baseline that somebody wants, to be signed.
#[utoipa::path(post, path = "/v1/baseline/draft", request_body = BaselineWish,
    responses((status = 200, body = BaselineDraft), (status = "default", body = Problem)))]
pub async fn draft(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Body(wish): Body<BaselineWish>,
) -> Answer<BaselineDraft> {
    let draft = capture::draft(&node, &actor, &wish).await?;
    let nothing = BTreeMap::new();
    let before = draft.before.as_ref().map_or(&nothing, |before| &before.components);
    let now = clock::wall();
    let state = node.state();
    let may = state.signers.iter().filter(|(_, it)| it.expires.is_none_or(|expires| now < expires));
    Ok(Json(BaselineDraft {
        generation: draft.baseline.generation.0,
        text: capture::text(&draft.baseline),
        changes: changes(before, &draft.baseline.components),
        lowered: draft.needed.lowered,
        signers_needed: draft.needed.signers as u64,
        signers: may.map(|(name, _)| name.clone()).collect(),
    }))
}

/// Has nodes measured by a baseline from now on.
#[utoipa::path(post, path = "/v1/baseline", request_body = BaselineInstall,
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn install(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Body(request): Body<BaselineInstall>,
) -> Answer<Changed> {
    let signed = capture::signed(&request.signed);
    let baseline = capture::install(&node, actor.clone(), signed, request.cluster_signs).await?;
    uses::forget_gone(&node, &actor, &baseline).await;
    let text = format!(
        "baseline {} with {} components is what nodes are measured by",
        baseline.generation,
        baseline.components.len()
    );
    Ok(Json(Changed { revision: node.state().revision.0, text }))
}

/// Who may sign baselines.
#[utoipa::path(get, path = "/v1/baseline/signers", responses((status = 200, body = Vec<SignerShown>)))]
pub async fn signers(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Vec<SignerShown>> {
    let shown = |(name, it): (&String, &model::stored::SignerRecord)| SignerShown {
        name: name.clone(),
        public_key: it.public_key.clone(),
        added: it.added.to_string(),
        by: it.by.clone(),
        expires: it.expires.map(|at| at.to_string()),
        held_by_cluster: it.private_key.is_some(),
    };
    Ok(Json(node.state().signers.iter().map(shown).collect()))
}

/// Enrols somebody who may sign.
#[utoipa::path(post, path = "/v1/baseline/signers", request_body = SignerRequest,
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn add_signer(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Body(request): Body<SignerRequest>,
) -> Answer<Changed> {
    let bad = |text: String| Failed::from(Problem::new(ProblemKind::BadRequest, text));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if request.name.is_empty() || request.name.len() > NAME_MAX || !request.name.chars().all(is_plain) {
        let text = format!(
            "`{}` is no name for a signer: 1 to 64 letters, digits, `.`, `_`, `-` and `@`",
            request.name
        );
        return Err(bad(text.chars().take(200).collect()));
    }
    servicing::signature::check_public_key(&request.public_key).map_err(|error| bad(error.to_string()))?;
    let expires = request.ttl_s.map(|seconds| clock::wall().plus(Duration::from_secs(seconds)));
    let (name, public_key) = (request.name, request.public_key);
    let text = format!("{name} may sign baselines from now on");
    let written =
        node.write(actor, Command::AddSigner { name, public_key, private_key: None, expires }).await?;
    Ok(Json(Changed { revision: written.revision.0, text }))
}

/// Removes somebody who may sign.
#[utoipa::path(delete, path = "/v1/baseline/signers/{name}", params(("name" = String, Path)),
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn remove_signer(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Path(name): Path<String>,
) -> Answer<Changed> {
    let state = node.state();
    let mut rest = state.signers.clone();
    rest.remove(&name);
    if let Some(present) = state.baselines.last()
        && servicing::signature::verify(present, &state.signers).is_ok()
        && servicing::signature::verify(present, &rest).is_err()
    {
        let text =
            format!("the present baseline is signed by `{name}` alone, and would be used by nobody any more");
        let problem = Problem::new(ProblemKind::Conflict, text);
        return Err(problem.next("steadfast baseline raise --key FILE (of another signer)").into());
    }
    let text = format!("{name} may not sign baselines any more");
    let written = node.write(actor, Command::RemoveSigner { name }).await?;
    Ok(Json(Changed { revision: written.revision.0, text }))
}
