//! A good file, held against the cluster it meets.

use crate::diagnostic::Diagnostic;
use crate::findings::Findings;
use crate::parse::Parsed;
use model::{ClusterName, NodeName};
use std::collections::BTreeSet;

/// What is wrong or doubtful about applying `parsed` to the cluster of this name with these members.
///
/// Another cluster's name is an error: the file was meant for somewhere else. A node that is not a
/// member is doubtful only, because a file may be written before its nodes join.
#[must_use]
pub fn check_against(parsed: &Parsed, cluster: &ClusterName, members: &[NodeName]) -> Vec<Diagnostic> {
    let mut findings = Findings::new(&parsed.text);
    if parsed.cluster != *cluster {
        let message =
            format!("the file is for cluster `{}`, and this is cluster `{cluster}`", parsed.cluster);
        findings.error_with(&parsed.cluster_at, message, Some(cluster.to_string()));
    }
    let known: BTreeSet<&NodeName> = members.iter().collect();
    let mut told = BTreeSet::new();
    for mention in &parsed.mentions {
        if !known.contains(&mention.value) && told.insert(&mention.value) {
            let message = format!("no node named `{}` is a member of this cluster", mention.value);
            let valid = members.iter().map(NodeName::as_str);
            findings.warning_near(&mention.span, message, mention.value.as_str(), valid);
        }
    }
    findings.into_list()
}
