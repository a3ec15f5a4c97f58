//! Plans: what they are made of, and those that were made.

use super::Silent;
use model::desired::ClusterSpec;
use planner::View;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a plan is made of: the same input gives the same plan, here and anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanInputs {
    /// The plan that was made of it, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<PlanMade>,
    /// The node that knew this.
    pub node: String,
    /// Whether it led then: what others plan is not carried out.
    pub leads: bool,
    /// The cluster database's revision.
    pub revision: u64,
    /// What was asked for.
    #[schema(value_type = Object)]
    pub spec: ClusterSpec,
    /// What was known.
    #[schema(value_type = Object)]
    pub view: View,
    /// What was to be done then, one line each. Whoever plans anew from the same input, with another
    /// version, sees here whether it decides otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// A plan that was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanMade {
    /// Its number, on the node that made it.
    pub seq: u64,
    /// The node that made it.
    pub node: String,
    /// When: RFC 3339.
    pub time: String,
    /// Why then.
    pub cause: String,
    /// The cluster database's revision.
    pub revision: u64,
    /// The version that planned.
    pub version: String,
    /// How many steps it has.
    pub steps: u64,
    /// The groups that it does something with, as far as they fit.
    pub groups: Vec<String>,
}

/// Plans that were made, oldest first, and who did not answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlansMade {
    /// The plans.
    pub plans: Vec<PlanMade>,
    /// Members that did not answer; theirs are missing.
    pub silent: Vec<Silent>,
}

/// Which input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanInputsQuery {
    /// That of the plan of this number; without: what is known now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// The node that made it; without: the answering node, or the only one that has that number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// What to plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanQuery {
    /// What to suppose, such as `node:n1=down`; several with commas between them.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub suppose: Option<String>,
}

/// Which plans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlansQuery {
    /// At most the latest so many; without, 100; at most 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}
