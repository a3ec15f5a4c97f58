//! What is wanted of groups, resources and the cluster.

use model::NodeName;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Where a group is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoveRequest {
    /// The node; absent: the best one that the group is not on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub to: Option<NodeName>,
    /// Only say which node it would be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What was asked before is not wanted any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancel: bool,
}

/// Whether something is in maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceRequest {
    /// True: nothing is started, stopped or moved.
    pub on: bool,
}

/// What can be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceVerb {
    /// It is taken for failed, as if it had been noticed.
    Fail,
    /// Its failures are forgotten.
    Clear,
    /// It is stopped and started where it is.
    Restart,
}

impl fmt::Display for ResourceVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fail => "fail",
            Self::Clear => "clear",
            Self::Restart => "restart",
        })
    }
}
