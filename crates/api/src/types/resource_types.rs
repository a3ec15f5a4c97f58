//! Resource types, and where they can be used.

use super::Silent;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What of the types is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeQuery {
    /// With their parameters and what else they say of themselves. Each agent is run for it, which takes
    /// seconds where there are many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub described: Option<bool>,
}

/// The types of all nodes, and who did not answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Types {
    /// The types, by name.
    pub types: Vec<TypeShown>,
    /// Members that did not answer; what they can run is not known.
    pub silent: Vec<Silent>,
}

/// A resource type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeShown {
    /// Its name.
    pub name: String,
    /// Whether it can be used, node by node.
    pub nodes: BTreeMap<String, TypeOnNode>,
    /// What it takes; null where it was not asked for, or nobody says.
    pub parameters: Option<Vec<ParameterShown>>,
    /// What it is, in a line; null as above.
    pub summary: Option<String>,
    /// What it is, at length; null as above.
    pub description: Option<String>,
    /// Its own version; null as above.
    pub version: Option<String>,
    /// What it can, each with the deadline that it asks for in milliseconds, where it does.
    pub verbs: BTreeMap<String, Option<u64>>,
    /// Whether its instances have roles.
    pub promotable: bool,
}

/// A type on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeOnNode {
    /// Whether it can be used there; of a node that did not answer, as it last said; null where nobody
    /// knows.
    pub loadable: Option<bool>,
    /// Why not, why it is not known, or why it is not sure.
    pub reason: Option<String>,
}

/// A parameter of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ParameterShown {
    /// Its name.
    pub name: String,
    /// What its value is: `text`, `number`, `flag`, `duration`, or `one of` and the words.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it is where it is not given.
    pub default: Option<String>,
    /// Whether two resources with the same value would be in each other's way.
    pub unique: bool,
    /// What it means, in a line.
    pub summary: String,
    /// A newer parameter to use instead of it.
    pub replaced_by: Option<String>,
}
