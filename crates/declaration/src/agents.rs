//! The parameters of agents and of plug-ins' types, held against what these say of themselves.
//!
//! The tables of `types` cover the built-in types alone. What another type takes, only it knows, and it
//! is on the nodes: so whoever checks a file asks them first, and brings what they said.

use crate::diagnostic::Diagnostic;
use crate::findings::Findings;
use crate::parse::Parsed;
use crate::place::{At, quoted};
use crate::read::PlacedAgent;
use model::desired::Value;
use model::{AbsolutePath, TypeName};
use resource_api::TypeDescription;
use resource_api::check::ParameterProblem;
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
    findings.into_list()
}

fn check(agent: &PlacedAgent, description: &TypeDescription, findings: &mut Findings<'_>) {
    let given: BTreeMap<String, Value> =
        agent.parameters.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect();
    let placed = |wanted: &str| agent.parameters.iter().find(|(name, _)| name.value == wanted);
    let (what, kind) = (&agent.what, &agent.kind.value);
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
