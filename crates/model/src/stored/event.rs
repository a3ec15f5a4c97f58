//! An event as it is stored and sent.

use crate::{NodeName, Revision, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One numbered event in one node's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its place in its node's log: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// The node that logged it; the host's configured name, also before it is a member.
    pub node: NodeName,
    /// When, by that node's clock; for a change of the cluster, by the proposer's.
    pub time: Timestamp,
    /// The catalogue's number.
    pub id: u32,
    /// The catalogue's symbolic name.
    pub name: String,
    /// `information`, `warning`, `error` or `critical`.
    pub level: String,
    /// The message.
    pub text: String,
    /// Its typed fields.
    pub fields: Map<String, Value>,
    /// The change of the cluster database that it tells of. Every node logs such an event, so a
    /// view over several nodes shows it once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}
