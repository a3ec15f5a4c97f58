//! Whether the types of a monitor can be used on this node, and telling of it when that changes.

use super::trouble::Trouble;
use model::TypeName;
use resource_api::message::TypeStanding;
use std::collections::BTreeMap;

/// Whether the types of a monitor can be used.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Standing {
    /// Nobody has found out yet.
    Unknown,
    /// It serves these types, or says what is wrong with each.
    Serves(Vec<TypeStanding>),
    /// None of its types can be used.
    Lost(Trouble),
}

/// Why a type cannot be used on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeProblem {
    /// In a sentence or two.
    pub reason: String,
    /// The number of the event that tells of it, if there is one.
    pub event: Option<u32>,
}

impl Standing {
    /// What is known of a type that is registered to this library: nothing yet, that it can be used, or why not.
    pub(super) fn of(&self, kind: &TypeName, library: &str) -> Option<Result<(), TypeProblem>> {
        match self {
            Self::Unknown => None,
            Self::Lost(trouble) => {
                Some(Err(TypeProblem { reason: trouble.why.clone(), event: trouble.id() }))
            }
            Self::Serves(types) => {
                let reason = match types.iter().find(|standing| standing.name == *kind) {
                    Some(TypeStanding { problem: None, .. }) => return Some(Ok(())),
                    Some(TypeStanding { problem: Some(problem), .. }) => problem.clone(),
                    None => {
                        let names: Vec<_> = types.iter().map(|standing| standing.name.as_str()).collect();
                        format!("the plug-in {library} has no type `{kind}`; it has: {}", names.join(", "))
                    }
                };
                Some(Err(TypeProblem { reason, event: None }))
            }
        }
    }
}

/// What is known of the types on this node, by name; what is not known yet is left out.
pub type Standings = BTreeMap<TypeName, Result<(), TypeProblem>>;
