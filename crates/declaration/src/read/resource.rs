//! `[[group.resource]]`.

use super::care::{self, PlacedCare, care};
use super::parameters::{self, Free, Parameters};
use super::placing::choice;
use super::section::Section;
use crate::findings::Findings;
use crate::parse::RESOURCES_MAX;
use crate::place::{At, Span, quoted};
use crate::types;
use model::desired::{AnyOf, Exclusive, ResourceSpec, Value};
use model::{ResourceName, TypeName};
use std::collections::BTreeSet;

/// A `[[group.resource]]`, as far as it could be read.
pub(crate) struct PlacedResource {
    /// Its header.
    pub(crate) span: Span,
    pub(crate) name: Option<At<ResourceName>>,
    pub(crate) depends_on: Vec<AnyOf<At<ResourceName>>>,
    pub(crate) care: PlacedCare,
    /// Its parameters with the places of their values.
    pub(crate) parameters: Vec<(String, At<Value>)>,
    /// Of a type that this crate knows nothing of.
    pub(crate) agent: Option<PlacedAgent>,
    /// `None` where an error was found.
    pub(crate) spec: Option<ResourceSpec>,
}

impl PlacedResource {
    /// How messages call it.
    pub(crate) fn what(&self) -> String {
        self.name.as_ref().map_or("this resource".to_owned(), |name| format!("resource `{}`", name.value))
    }
}

/// What only the type itself can check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedAgent {
    /// How messages call the resource.
    pub(crate) what: String,
    pub(crate) kind: At<TypeName>,
    pub(crate) parameters: Free,
    /// Where the file says that it can be handed over while it runs.
    pub(crate) live_migration: Option<Span>,
}

/// Keys of every resource, whatever its type. No built-in type has a parameter of such a name.
pub(crate) fn common_keys() -> impl Iterator<Item = &'static str> {
    ["name", "type", "depends_on", "exclusive"].into_iter().chain(care::KEYS)
}

/// The types that the file registers.
pub(crate) type Registered<'a> = BTreeSet<&'a TypeName>;

/// The resources of a group.
pub(crate) fn resources(
    group: &Section<'_>,
    registered: &Registered<'_>,
    so_far: &mut usize,
    findings: &mut Findings<'_>,
) -> Vec<PlacedResource> {
    let tables = group.tables("resource", "group.resource", findings);
    let room = RESOURCES_MAX - *so_far;
    *so_far += tables.len().min(room);
    if let Some((_, span)) = tables.get(room) {
        findings.error(span, format!("the file has more than {RESOURCES_MAX} resources, which is the most"));
    }
    let sections = tables.into_iter().take(room).map(|(table, span)| Section::named(table, span, "resource"));
    sections.map(|section| resource(&section, registered, findings)).collect()
}

fn resource(
    section: &Section<'_>,
    registered: &Registered<'_>,
    findings: &mut Findings<'_>,
) -> PlacedResource {
    let name: Option<At<ResourceName>> =
        section.required("name", "the resource's name, such as name = \"ip\"", findings);
    let example = "its type, such as type = \"ip-address\" or type = \"ocf:heartbeat:IPaddr2\"";
    let kind = section
        .required_text("type", example, findings)
        .and_then(|kind| known(&kind, registered, findings).map(|value| At { value, span: kind.span }));
    let depends_on = section.choices("depends_on", findings);
    let care = care(section, findings);
    let words = [Exclusive::Gate, Exclusive::Process, Exclusive::None].map(|word| (word.as_str(), word));
    let exclusive = section.one_of("exclusive", &words, findings);
    let (parameters, agent) = match &kind {
        None => (None, None),
        Some(kind) => match types::resource_type(kind.value.as_str()) {
            Some(builtin) => (Some(parameters::of_builtin(section, builtin, findings)), None),
            None => {
                let free = parameters::of_agent(section, &kind.value, findings);
                let bare = free.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect();
                let what = section.what.clone();
                let live_migration = care.live_migration.clone().filter(|_| care.value.live_migration);
                let agent = PlacedAgent { what, kind: kind.clone(), parameters: free, live_migration };
                (Some(bare), Some(agent))
            }
        },
    };
    let kind = kind.map(|kind| kind.value);
    if let (Some(kind), Some(Exclusive::None)) = (&kind, exclusive)
        && matches!(kind.as_str(), "ip-address" | "physical-disk")
    {
        let message = format!(
            "exclusive = \"none\" says that two running copies of {} do no harm, which is not so for \
             a resource of type `{kind}`",
            section.what
        );
        findings.warning(&section.span, message);
    }
    let spec = name.as_ref().zip(kind).map(|(name, kind)| ResourceSpec {
        name: name.value.clone(),
        depends_on: depends_on.iter().map(choice).collect(),
        policy: care.value.clone(),
        exclusive: exclusive.unwrap_or_else(|| Exclusive::default_for(&kind)),
        parameters: parameters.iter().flatten().map(|(key, at)| (key.clone(), at.value.clone())).collect(),
        kind,
    });
    let parameters: Parameters = parameters.unwrap_or_default();
    PlacedResource { span: section.span.clone(), name, depends_on, care, parameters, agent, spec }
}

/// A type that exists: a built-in one, one that the file registers, an agent's or a unit's. Whether it
/// is installed is each node's to find out.
fn known(given: &At<&str>, registered: &Registered<'_>, findings: &mut Findings<'_>) -> Option<TypeName> {
    let is_known = |kind: &TypeName| {
        kind.as_str().contains(':')
            || types::resource_type(kind.as_str()).is_some()
            || registered.contains(kind)
    };
    let kind = TypeName::new(given.value).ok().filter(is_known);
    if kind.is_none() {
        let builtin = types::types().iter().map(|known| known.name);
        let words: Vec<&str> = builtin.chain(registered.iter().map(|known| known.as_str())).collect();
        let message = format!(
            "unknown resource type `{}`; expected `ocf:PROVIDER:AGENT`, `systemd:UNIT`, one that a `[[type]]` \
             of the file registers, or one of: {}",
            quoted(given.value),
            words.join(", ")
        );
        findings.error_near(&given.span, message, given.value, words);
    }
    kind
}
