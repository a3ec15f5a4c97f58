//! What the guard of package managers goes by: files of one node, which programs of several versions read.

use super::{PackageVersion, SignedBaseline, SignerRecord};
use crate::{ClusterName, NodeName, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What decides whether an installer may do something on this node. The daemon keeps it in a file, so that whoever
/// asks waits for nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardPolicy {
    /// Of which cluster.
    pub cluster: ClusterName,
    /// On which node.
    pub node: NodeName,
    /// What was validated.
    pub baseline: SignedBaseline,
    /// Who may sign that; without private keys.
    pub signers: BTreeMap<String, SignerRecord>,
    /// When it was written.
    pub written: Timestamp,
}

/// Leave to install what the guard would refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// Which package.
    pub package: String,
    /// Which version; nothing: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who gave it.
    pub by: String,
}

/// All that were given on a node and may still hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permits {
    /// In the order in which they were given.
    pub permits: Vec<Permit>,
}

/// What the guard has done, left for the daemon to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardNote {
    /// When.
    pub at: Timestamp,
    /// Whose run it was: `apt`, `dpkg`, …
    pub installer: String,
    /// What.
    pub what: GuardDeed,
}

/// What the guard has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardDeed {
    /// It refused these, each in a sentence.
    Refused {
        /// The packages.
        packages: Vec<PackageVersion>,
        /// Why, of each.
        reasons: Vec<String>,
    },
    /// It let these through, because somebody had said so.
    Permitted {
        /// The packages.
        packages: Vec<PackageVersion>,
        /// Who had, and why.
        by: Vec<String>,
    },
    /// Somebody has leave from now on.
    Allowed(Permit),
}
