//! Events, from every node.

use model::stored::EventRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventQuery {
    /// Not before this time: RFC 3339, or a duration before now such as `15m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Only this node's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Only of this level or worse: `information`, `warning`, `error`, `critical`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// At most the latest so many; without, 1,000; at most 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only the answering node's own, with a greater `seq` than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// The events, oldest first, and who did not answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Events {
    /// The events.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<EventRecord>,
    /// Members that did not answer; their own events are missing.
    pub silent: Vec<Silent>,
}

/// A member that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Silent {
    /// Who.
    pub node: String,
    /// Why.
    pub reason: String,
}
