//! What the file wants of agents and of plug-ins' types, their parameters above all, held against what
//! these say of themselves.
//!
//! The tables of `types` cover the built-in types alone. What another type takes, only it knows, and it
//! is on the nodes: so whoever checks a file asks them first, and brings what they said.

use crate::diagnostic::Diagnostic;
use crate::findings::Findings;
use crate::parse::Parsed;
use crate::place::{At, Span, quoted};
use crate::read::{PlacedAgent, PlacedGroup};
use crate::types::resource_type;
use model::desired::Value;
use model::{AbsolutePath, TypeName};
use resource_api::check::ParameterProblem;
use resource_api::{TypeDescription, Verb};
use std::collections::{BTreeMap, BTreeSet};

/// What types say of themselves, wherever they are; or why nobody can tell.
pub type Said = BTreeMap<TypeName, Result<TypeDescription, String>>;

impl Parsed {
    /// The types of the file that describe themselves, each with its library if it is a plug-in's: those
    /// to ask for before [`check_agents`]. Units take no parameters that anybody could describe.
    #[must_use]
    pub fn asked(&self) -> BTreeMap<&TypeName, Option<&AbsolutePath>> {
        let kinds = self.agents.iter().map(|agent| &agent.kind.value);
        let agents = kinds.filter(|kind| kind.as_str().starts_with("ocf:")).map(|kind| (kind, None));
        agents.chain(self.types.iter().map(|(name, library)| (&name.value, Some(library)))).collect()
    }
}

/// What is wrong or doubtful about the parameters of what describes itself so. A type of which nobody
/// said anything is doubtful only: its agent or its library may be installed later.
#[must_use]
pub fn check_agents(parsed: &Parsed, said: &Said) -> Vec<Diagnostic> {
    let mut findings = Findings::new(&parsed.text);
    let mut told = BTreeSet::new();
    for (At { value: kind, span }, _) in &parsed.types {
        if let Some(Err(why)) = said.get(kind) {
            let message =
                format!("no node can load the type `{kind}`, so its resources are stored unchecked: {why}");
            findings.warning(span, message);
            told.insert(kind);
        }
    }
    for agent in &parsed.agents {
        let At { value: kind, span } = &agent.kind;
        match said.get(kind) {
            Some(Ok(description)) => check(agent, description, &mut findings),
            Some(Err(_)) if told.insert(kind) => {
                let message = format!(
                    "no node that answers has the agent `{kind}`, so the parameters of {} are stored unchecked",
                    agent.what
                );
                findings.warning(span, message);
            }
            _ => {}
        }
    }
    for roles in &parsed.roles {
        check_roles(roles, said, &mut findings);
    }
    findings.into_list()
}

/// A group with primaries, and what can have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedRoles {
    /// How messages call the group.
    pub(crate) what: String,
    /// Where it says how many primaries it has.
    pub(crate) span: Span,
    /// The types of its resources.
    pub(crate) kinds: Vec<TypeName>,
}

impl PlacedRoles {
    /// Of a group that has primaries and could be read.
    pub(crate) fn of(group: &PlacedGroup) -> Option<Self> {
        let clones = group.policy.clones.as_ref().filter(|clones| clones.value.primaries > 0)?;
        let specs = group.resources.iter().map(|resource| resource.spec.as_ref());
        let kinds = specs.map(|spec| spec.map(|spec| spec.kind.clone())).collect::<Option<Vec<_>>>()?;
        Some(Self { what: group.what(), span: clones.primaries.clone()?, kinds })
    }
}

/// A primary differs from its replicas by what its resources do, so at least one has to know roles. What
/// is built in, and units, do not.
fn check_roles(roles: &PlacedRoles, said: &Said, findings: &mut Findings<'_>) {
    let has_none = |kind: &TypeName| match said.get(kind) {
        Some(Ok(description)) => !description.promotable,
        Some(Err(_)) => false,
        None => resource_type(kind.as_str()).is_some() || kind.as_str().starts_with("systemd:"),
    };
    if !roles.kinds.is_empty() && roles.kinds.iter().all(has_none) {
        let message = format!(
            "{} has primaries, and no resource of a type that knows what a primary is: expected at least one \
             of an agent or a plug-in that can be promoted",
            roles.what
        );
        findings.error(&roles.span, message);
    }
}

fn check(agent: &PlacedAgent, description: &TypeDescription, findings: &mut Findings<'_>) {
    let given: BTreeMap<String, Value> =
        agent.parameters.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect();
    let placed = |wanted: &str| agent.parameters.iter().find(|(name, _)| name.value == wanted);
    let (what, kind) = (&agent.what, &agent.kind.value);
    if let Some(span) = &agent.live_migration
        && !(description.verbs.contains_key(&Verb::MigrateTo)
            && description.verbs.contains_key(&Verb::MigrateFrom))
    {
        let message = format!("{what} cannot be handed over while it runs: type `{kind}` cannot do that");
        findings.error(span, message);
    }
    for problem in description.check(&given) {
        match (&problem, placed(problem.name())) {
            (ParameterProblem::Unknown { name, nearest }, Some((at, _))) => {
                let message =
                    format!("unknown parameter `{}` of {what}, which is of type `{kind}`", quoted(name));
                findings.error_with(&at.span, message, nearest.clone());
            }
            (ParameterProblem::Wrong { name, given, expected }, Some((_, at))) => {
                let message = format!("`{name}` of {what} must be {expected}, not `{}`", quoted(given));
                findings.error(&at.span, message);
            }
            // What is missing has no place but its resource's.
            (ParameterProblem::Missing { name }, _) => {
                let message = format!("{what}, which is of type `{kind}`, lacks the parameter `{name}`");
                findings.error(&agent.kind.span, message);
            }
            (other, None) => findings.error(&agent.kind.span, format!("{what}: {other}")),
        }
    }
}
