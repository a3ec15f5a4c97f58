//! Resource types: what every node can run.

use crate::http::body::Query;
use crate::http::caller::Administrator;
use crate::http::problem::Answer;
use crate::node::Node;
use crate::peer::paths;
use crate::types::{self, AT_ONCE, LIST_MAX};
use api::{Problem, ProblemKind, Silent, TypeOnNode, TypeQuery, TypeShown, Types};
use axum::Json;
use axum::extract::{Path, State};
use futures::StreamExt as _;
use model::TypeName;
use model::stored::{ClusterState, TypeProblem};
use resource_api::message::TypeStanding;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The types of all nodes that answer.
#[utoipa::path(get, path = "/v1/types", params(("described" = Option<bool>, Query)),
    responses((status = 200, body = Types), (status = "default", body = Problem)))]
pub async fn list(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<TypeQuery>,
) -> Answer<Types> {
    let mut found = everywhere(&node).await;
    if query.described == Some(true) {
        let described = std::mem::take(&mut found.types).into_iter().map(|shown| describe(&node, shown));
        found.types = futures::stream::iter(described).buffered(AT_ONCE).collect().await;
    }
    Ok(Json(found))
}

/// One type.
#[utoipa::path(get, path = "/v1/types/{name}", params(("name" = String, Path)),
    responses((status = 200, body = TypeShown), (status = "default", body = Problem)))]
pub async fn show(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Path(name): Path<String>,
) -> Answer<TypeShown> {
    let found = everywhere(&node).await;
    let Some(shown) = found.types.into_iter().find(|shown| shown.name == name) else {
        let silent: Vec<_> = found.silent.iter().map(|silent| silent.node.as_str()).collect();
        let text = match silent[..] {
            [] => format!("no node has a resource type `{name}`"),
            _ => {
                format!("no node that answers has a resource type `{name}`; silent: {}", silent.join(", "))
            }
        };
        return Err(Problem::new(ProblemKind::NotFound, text).next("steadfast type list").into());
    };
    Ok(Json(describe(&node, shown).await))
}

/// The types of all nodes, without what they say of themselves.
async fn everywhere(node: &Arc<Node>) -> Types {
    let others = node.others();
    let asked = others.iter().map(|other| async {
        let answer = node.call_json(other.id, paths::TYPES, &(), LIST_MAX).await;
        (other.name.to_string(), answer.map_err(|error| error.to_string()))
    });
    let (own, mut answers) = tokio::join!(node.monitors.types(), futures::future::join_all(asked));
    answers.push((node.name().to_string(), own));
    merge(answers, &reported(&node.state()))
}

/// How types stood on each node when it last said so to the database.
type Reported = BTreeMap<String, BTreeMap<TypeName, Option<TypeProblem>>>;

fn reported(state: &ClusterState) -> Reported {
    state.nodes.values().map(|record| (record.name.to_string(), record.types.clone())).collect()
}

/// One view out of what each node answered, and of what the silent ones said before.
fn merge(answers: Vec<(String, Result<Vec<TypeStanding>, String>)>, reported: &Reported) -> Types {
    let mut types: BTreeMap<TypeName, BTreeMap<String, TypeOnNode>> = BTreeMap::new();
    let (mut silent, mut names) = (Vec::new(), Vec::new());
    for (node, answer) in answers {
        match answer {
            Err(reason) => silent.push(Silent { node, reason }),
            Ok(standings) => {
                for TypeStanding { name, problem } in standings {
                    let standing = TypeOnNode { loadable: Some(problem.is_none()), reason: problem };
                    types.entry(name).or_default().insert(node.clone(), standing);
                }
                names.push(node);
            }
        }
    }
    for (name, _) in silent.iter().filter_map(|silent: &Silent| reported.get(&silent.node)).flatten() {
        types.entry(name.clone()).or_default();
    }
    for (kind, nodes) in &mut types {
        for name in &names {
            let missing = || TypeOnNode {
                loadable: Some(false),
                reason: Some("there is no such type on this node".to_owned()),
            };
            nodes.entry(name.clone()).or_insert_with(missing);
        }
        for Silent { node, reason } in &silent {
            let before = reported.get(node).and_then(|types| types.get(kind));
            let standing = match before {
                None => TypeOnNode { loadable: None, reason: Some(reason.clone()) },
                Some(None) => TypeOnNode {
                    loadable: Some(true),
                    reason: Some(format!("as it last said; now it is silent: {reason}")),
                },
                Some(Some(problem)) => TypeOnNode {
                    loadable: Some(false),
                    reason: Some(format!("{} (as it last said; now it is silent)", problem.reason)),
                },
            };
            nodes.insert(node.clone(), standing);
        }
    }
    let types = types.into_iter().map(|(name, nodes)| bare(&name, nodes)).collect();
    Types { types, silent }
}

fn bare(name: &TypeName, nodes: BTreeMap<String, TypeOnNode>) -> TypeShown {
    TypeShown {
        name: name.to_string(),
        nodes,
        parameters: None,
        summary: None,
        description: None,
        version: None,
        verbs: BTreeMap::new(),
        promotable: false,
    }
}

/// With what it says of itself, if any node that has it tells.
async fn describe(node: &Arc<Node>, shown: TypeShown) -> TypeShown {
    let Ok(name) = TypeName::new(shown.name.as_str()) else { return shown };
    match types::description(node, &name, |on| shown.nodes.get(on).is_some_and(has)).await {
        Some(said) => types::with_description(shown, said),
        None => shown,
    }
}

fn has(standing: &TypeOnNode) -> bool {
    standing.loadable == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_named_for_every_type_also_one_that_lacks_it_and_one_that_is_silent() {
        let standing = |name: &str, problem: Option<&str>| TypeStanding {
            name: name.parse().unwrap(),
            problem: problem.map(str::to_owned),
        };
        let answers = vec![
            ("n1".to_owned(), Ok(vec![standing("dummy", None), standing("disk", Some("no libx"))])),
            ("n2".to_owned(), Ok(vec![standing("dummy", None)])),
            ("n3".to_owned(), Err("no answer".to_owned())),
        ];
        let problem = TypeProblem { reason: "no liby".to_owned(), event: Some(1058) };
        let said =
            BTreeMap::from([("disk".parse().unwrap(), Some(problem)), ("tape".parse().unwrap(), None)]);
        let merged = merge(answers, &BTreeMap::from([("n3".to_owned(), said)]));
        let shown = |name: &str, node: &str| {
            let found = merged.types.iter().find(|shown| shown.name == name).unwrap();
            let on = &found.nodes[node];
            (on.loadable, on.reason.clone().unwrap_or_default())
        };
        assert_eq!(shown("dummy", "n1"), (Some(true), String::new()));
        assert_eq!(shown("disk", "n1"), (Some(false), "no libx".to_owned()));
        assert_eq!(shown("disk", "n2"), (Some(false), "there is no such type on this node".to_owned()));
        assert_eq!(shown("dummy", "n3"), (None, "no answer".to_owned()));
        let before = "no liby (as it last said; now it is silent)".to_owned();
        assert_eq!(shown("disk", "n3"), (Some(false), before));
        assert_eq!(shown("tape", "n3").0, Some(true));
        assert_eq!(shown("tape", "n1").0, Some(false));
        assert_eq!(merged.silent.len(), 1);
    }
}
