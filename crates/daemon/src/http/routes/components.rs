//! Components: what resources stand on, on every node.

use crate::components::{capture, uses};
use crate::http::body::{Body, Query};
use crate::http::caller::Administrator;
use crate::http::problem::Answer;
use crate::node::Node;
use api::{
    Changed, ComponentShown, Components, ComponentsQuery, FileShown, FindingShown, NodeComponents, Problem,
    ProblemKind, SubjectShown, Used,
};
use axum::Json;
use axum::extract::State;
use model::AbsolutePath;
use model::stored::{Baseline, Component, Content, NodeInventory};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The components of all nodes that answer.
#[utoipa::path(get, path = "/v1/components", params(("fresh" = Option<bool>, Query)),
    responses((status = 200, body = Components), (status = "default", body = Problem)))]
pub async fn list(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<ComponentsQuery>,
) -> Answer<Components> {
    let (nodes, silent) = capture::everywhere(&node, query.fresh == Some(true)).await;
    let baseline = node.state().baselines.last().and_then(|signed| signed.baseline().ok());
    let shown = nodes.into_iter().map(|(name, told)| of_node(name.as_str(), told, baseline.as_ref()));
    let (nodes, baseline) = (shown.collect(), baseline.as_ref().map(|it| it.generation.0));
    Ok(Json(Components { baseline, nodes, silent }))
}

/// What a resource was seen to use while it ran: it is looked after on all nodes from now on.
#[utoipa::path(post, path = "/v1/components/used", request_body = Used,
    responses((status = 200, body = Changed), (status = "default", body = Problem)))]
pub async fn used(
    State(node): State<Arc<Node>>,
    Administrator(actor): Administrator,
    Body(used): Body<Used>,
) -> Answer<Changed> {
    let bad = |text: String| Problem::new(ProblemKind::BadRequest, text);
    let subject = uses::subject(&used.kind, &used.parameters).map_err(bad)?;
    let known = node.components.known();
    let closure = known.as_ref().and_then(|known| known.closures.get(&subject)).ok_or_else(|| {
        let text = format!("no resource of this cluster stands on what `{subject}` stands on");
        Problem::new(ProblemKind::NotFound, text).next("steadfast apply -f FILE")
    })?;
    let read = |path: &String| path.parse::<AbsolutePath>().map_err(|error| bad(error.to_string()));
    let files = used.files.iter().map(read).collect::<Result<BTreeSet<_>, _>>()?;
    let is_news = |path: &AbsolutePath| {
        inventory::is_installed(path.as_path()) && !closure.files.contains_key(path.as_path())
    };
    let new: BTreeSet<AbsolutePath> = files.into_iter().filter(is_news).collect();
    let count = new.len();
    uses::record(&node, actor, &subject, new).await?;
    let text = format!("{subject} stands on {count} files more, which reading did not find");
    Ok(Json(Changed { revision: node.state().revision.0, text }))
}

fn of_node(node: &str, told: NodeInventory, baseline: Option<&Baseline>) -> NodeComponents {
    let readiness = &told.readiness;
    let classes: BTreeMap<&str, &str> =
        readiness.findings.iter().map(|it| (it.what.as_str(), it.class.as_str())).collect();
    let state =
        |path: &AbsolutePath, component: Option<&Component>| match classes.get(path.to_string().as_str()) {
            Some(class) => (*class).to_owned(),
            None => match (baseline.and_then(|it| it.components.get(path)), component) {
                (Some(wanted), Some(there)) if wanted.content == there.content => "validated".to_owned(),
                (Some(_), Some(_)) => "differs".to_owned(),
                (Some(_), None) => "missing".to_owned(),
                (None, _) => "unvalidated".to_owned(),
            },
        };
    let mut components: Vec<ComponentShown> =
        told.components.iter().map(|(path, it)| component(path, it, state(path, Some(it)))).collect();
    components.extend(told.absent.keys().map(|path| absent(path, state(path, None))));
    components.sort_by(|one, other| one.path.cmp(&other.path));
    let finding = |it: &model::stored::FindingRecord| FindingShown {
        what: it.what.clone(),
        class: it.class.clone(),
        text: it.text.clone(),
    };
    NodeComponents {
        node: node.to_owned(),
        findings: readiness.findings.iter().map(finding).collect(),
        differ: readiness.count,
        maintenance: readiness.maintenance,
        components,
        subjects: told.subjects.into_iter().map(subject).collect(),
        troubles: told.troubles,
    }
}

fn subject((name, subject): (String, model::stored::NodeSubject)) -> SubjectShown {
    let file = |(path, why): (AbsolutePath, String)| FileShown { path: path.to_string(), why };
    SubjectShown {
        name,
        resources: subject.resources.into_iter().collect(),
        files: subject.files.into_iter().map(file).collect(),
        problems: subject.problems.into_iter().collect(),
    }
}

fn absent(path: &AbsolutePath, state: String) -> ComponentShown {
    let (content, mode) = (String::new(), String::new());
    ComponentShown {
        path: path.to_string(),
        state,
        content,
        mode,
        uid: 0,
        gid: 0,
        package: None,
        version: None,
    }
}

/// A component, as it is shown.
pub(super) fn component(path: &AbsolutePath, it: &Component, state: String) -> ComponentShown {
    ComponentShown {
        path: path.to_string(),
        state,
        content: match &it.content {
            Content::Blake3(hash) => hash.to_string(),
            Content::Link(target) => format!("-> {target}"),
        },
        mode: format!("{:04o}", it.mode),
        uid: it.uid,
        gid: it.gid,
        package: it.package.as_ref().map(|package| package.name.clone()),
        version: it.package.as_ref().map(|package| package.version.clone()),
    }
}
