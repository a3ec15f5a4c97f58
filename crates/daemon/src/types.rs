//! What resource types say of themselves, wherever they are.

use crate::node::Node;
use crate::peer::paths;
use api::{ParameterShown, TypeShown};
use declaration::Said;
use futures::StreamExt as _;
use model::{AbsolutePath, TypeName};
use resource_api::{Kind, Parameter, TypeDescription};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// So many types are described at a time. Each may be an agent that is run for it.
pub(crate) const AT_ONCE: usize = 4;

/// How long another node may take to list its types: as long as its monitor may, and some more.
pub(crate) const LIST_MAX: Duration = Duration::from_secs(5);

/// How long another node may take to describe a type: an agent is run for it.
const DESCRIBE_MAX: Duration = Duration::from_secs(10);

/// The same for a type of a library, which may have to be loaded for it first.
const IN_MAX: Duration = Duration::from_secs(20);

/// What a type says of itself: here if it is here, else on the first of those other nodes that tells.
pub(crate) async fn description(
    node: &Arc<Node>,
    kind: &TypeName,
    worth_asking: impl Fn(&str) -> bool,
) -> Option<TypeDescription> {
    if worth_asking(node.name().as_str())
        && let Ok(said) = node.monitors.describe(kind).await
    {
        return Some(said);
    }
    for other in node.others() {
        if node.is_up(other.id) && worth_asking(other.name.as_str()) {
            let answer = node.call_json::<TypeDescription>(other.id, paths::TYPE, kind, DESCRIBE_MAX).await;
            if let Ok(said) = answer {
                return Some(said);
            }
        }
    }
    None
}

/// What these types say of themselves, wherever they are, each in its library if it is a plug-in's; or
/// why no node can tell.
pub(crate) async fn descriptions(
    node: &Arc<Node>,
    kinds: impl IntoIterator<Item = (&TypeName, Option<&AbsolutePath>)>,
) -> Said {
    let asked = kinds.into_iter().map(|(kind, library)| (kind.clone(), library.cloned()));
    let asked = asked.map(|(kind, library)| async move {
        let said = match library {
            Some(library) => description_in(node, &kind, &library).await,
            None => description(node, &kind, |_| true).await.ok_or_else(|| "no node has it".to_owned()),
        };
        (kind, said)
    });
    let asked: Vec<_> = asked.collect();
    futures::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}

/// What a type of a library says of itself, on the first node that can load it; or why none can.
async fn description_in(
    node: &Arc<Node>,
    kind: &TypeName,
    library: &AbsolutePath,
) -> Result<TypeDescription, String> {
    let mut reasons = Vec::new();
    match node.monitors.describe_in(kind, library).await {
        Ok(said) => return Ok(said),
        Err(why) => reasons.push(format!("{}: {why}", node.name())),
    }
    let asked = LibraryType { kind: kind.clone(), library: library.clone() };
    for other in node.others() {
        if !node.is_up(other.id) {
            reasons.push(format!("{}: it is down", other.name));
            continue;
        }
        let answer = node.call_json::<TypeDescription>(other.id, paths::LIBRARY_TYPE, &asked, IN_MAX).await;
        match answer {
            Ok(said) => return Ok(said),
            Err(why) => reasons.push(format!("{}: {why}", other.name)),
        }
    }
    Err(reasons.join("; "))
}

/// What one node asks another: a type of a library.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LibraryType {
    #[serde(rename = "type")]
    pub(crate) kind: TypeName,
    pub(crate) library: AbsolutePath,
}

/// A type, with what it says of itself.
pub(crate) fn with_description(shown: TypeShown, said: TypeDescription) -> TypeShown {
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    TypeShown {
        parameters: Some(said.parameters.into_iter().map(parameter).collect()),
        summary: text(said.summary),
        description: text(said.description),
        version: text(said.version),
        verbs: said.verbs.into_iter().map(|(verb, deadline_ms)| (verb.to_string(), deadline_ms)).collect(),
        promotable: said.promotable,
        ..shown
    }
}

fn parameter(said: Parameter) -> ParameterShown {
    let Parameter { name, kind, required, default, unique, reloadable: _, summary, replaced_by } = said;
    let kind = match kind {
        Kind::Text => "text".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Flag => "flag".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::OneOf { words } => format!("one of {}", words.join(", ")),
    };
    ParameterShown { name, kind, required, default, unique, summary, replaced_by }
}
