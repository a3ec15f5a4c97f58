//! What the planner answers: steps to take, in an order, and a report of why.

use crate::report::Report;
use model::{GroupName, NodeName, ResourceName};
use serde::{Deserialize, Serialize};

/// Steps and reasons.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is to be done. Nothing: everything is as it should be, or cannot be better.
    pub steps: Vec<Step>,
    /// Where everything is to be, and why.
    pub report: Report,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number in this plan, from 0 on.
    pub id: usize,
    /// What.
    pub action: Action,
    /// With which group.
    pub group: GroupName,
    /// With which resource of it; nothing: with the group.
    pub resource: Option<ResourceName>,
    /// Where.
    pub node: NodeName,
    /// Where to, if something is handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NodeName>,
    /// Not before this moment, in milliseconds since 1970: a lost node's lease has ended then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<u64>,
    /// Steps that must be done before.
    pub after: Vec<usize>,
    /// Why.
    pub reason: String,
}

impl Step {
    /// What is done, in a line: `start web/ip on n1`.
    #[must_use]
    pub fn in_short(&self) -> String {
        let resource = self.resource.as_ref().map_or_else(String::new, |resource| format!("/{resource}"));
        let to = self.to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
        format!("{} {}{resource} on {}{to}", self.action, self.group, self.node)
    }
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Find out whether a resource runs.
    Probe,
    /// Make a primary a replica.
    Demote,
    /// Stop a resource.
    Stop,
    /// Write down that the node has the group no more.
    Release,
    /// Write down that the node has the group.
    Acquire,
    /// Start a resource.
    Start,
    /// Make a replica the primary.
    Promote,
    /// Hand a running resource over to another node.
    Migrate,
}

impl Action {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Demote => "demote",
            Self::Stop => "stop",
            Self::Release => "release",
            Self::Acquire => "acquire",
            Self::Start => "start",
            Self::Promote => "promote",
            Self::Migrate => "migrate",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
