//! `[cluster]` and `[[node]]`.

use super::{PlacedNode, Section};
use crate::findings::Findings;
use crate::place::At;
use model::ClusterName;
use model::desired::{NodeSpec, Profile, StallPolicy};
use std::collections::BTreeMap;

/// A `[cluster]` that could be read.
pub(crate) struct PlacedCluster {
    pub(crate) name: At<ClusterName>,
    pub(crate) profile: Profile,
    pub(crate) stall_policy: StallPolicy,
}

/// The `[cluster]` section; `None` where an error was found.
pub(crate) fn cluster(root: &Section<'_>, findings: &mut Findings<'_>) -> Option<PlacedCluster> {
    if root.get("cluster").is_none() {
        let message = "the section `[cluster]` is missing: expected it with the cluster's name";
        findings.error(&(0..0), message);
    }
    let (table, span) = root.table("cluster", "cluster", findings)?;
    let section = Section::new(table, span, "`[cluster]`".to_owned());
    section.only_keys(&["name", "profile", "stall_policy"], findings);
    let name = section.required("name", "the cluster's name, such as name = \"shop\"", findings);
    let words = Profile::ALL.map(|profile| (profile.as_str(), profile));
    let profile = section.one_of("profile", &words, findings).unwrap_or_default();
    let stall_policy = section.parsed("stall_policy", findings).map(|at| at.value).unwrap_or_default();
    Some(PlacedCluster { name: name?, profile, stall_policy })
}

/// The `[[node]]` sections, without those that have no valid name.
pub(crate) fn nodes(root: &Section<'_>, findings: &mut Findings<'_>) -> Vec<PlacedNode> {
    let mut nodes = Vec::new();
    for (table, span) in root.tables("node", "node", findings) {
        let section = Section::named(table, span, "node");
        section.only_keys(&["name", "failure_domain"], findings);
        let name = section.required("name", "the node's name, such as name = \"n1\"", findings);
        let failure_domain = section.parsed("failure_domain", findings).map(|at| at.value);
        nodes.extend(name.map(|name: At<model::NodeName>| PlacedNode {
            spec: NodeSpec {
                name: name.value.clone(),
                failure_domain,
                attributes: BTreeMap::new(),
                capacity: BTreeMap::new(),
            },
            name,
        }));
    }
    nodes
}
