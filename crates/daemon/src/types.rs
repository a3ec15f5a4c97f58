//! What resource types say of themselves, wherever they are.

use crate::node::Node;
use crate::peer::paths;
use api::{ParameterShown, TypeShown};
use futures::StreamExt as _;
use model::TypeName;
use resource_api::{Kind, Parameter, TypeDescription};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// So many types are described at a time. Each may be an agent that is run for it.
pub(crate) const AT_ONCE: usize = 4;

/// How long another node may take to list its types: as long as its monitor may, and some more.
pub(crate) const LIST_MAX: Duration = Duration::from_secs(5);

/// How long another node may take to describe a type: an agent is run for it.
const DESCRIBE_MAX: Duration = Duration::from_secs(10);

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

/// What these types say of themselves, wherever they are. One that nobody has is left out.
pub(crate) async fn descriptions(
    node: &Arc<Node>,
    kinds: impl IntoIterator<Item = &TypeName>,
) -> BTreeMap<TypeName, TypeDescription> {
    let asked = kinds.into_iter().cloned().map(|kind| async move {
        let said = description(node, &kind, |_| true).await;
        said.map(|said| (kind, said))
    });
    let asked: Vec<_> = asked.collect();
    futures::stream::iter(asked).buffer_unordered(AT_ONCE).filter_map(async |said| said).collect().await
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
    let Parameter { name, kind, required, default, unique, summary, replaced_by } = said;
    let kind = match kind {
        Kind::Text => "text".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Flag => "flag".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::OneOf { words } => format!("one of {}", words.join(", ")),
    };
    ParameterShown { name, kind, required, default, unique, summary, replaced_by }
}
