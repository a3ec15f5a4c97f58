//! `one_at_a_time`: each list names groups of the file, and takes turns between at least two.

use super::links::Names;
use crate::findings::Findings;
use crate::read::{PlacedCluster, PlacedGroup};
use model::GroupName;
use std::collections::BTreeMap;

pub(super) fn check(cluster: &PlacedCluster, groups: &[PlacedGroup], findings: &mut Findings<'_>) {
    let names = Names::of(groups);
    let mut listed: BTreeMap<Vec<&GroupName>, usize> = BTreeMap::new();
    for list in &cluster.one_at_a_time {
        for at in list {
            names.find("`[cluster]`", "one_at_a_time", &at.value, &at.span, findings);
        }
        let Some(first) = list.first() else { continue };
        if list.len() == 1 {
            let message = format!("`one_at_a_time` lists `{}` alone, which waits for no other", first.value);
            findings.error(&first.span, message);
        }
        let mut same: Vec<&GroupName> = list.iter().map(|at| &at.value).collect();
        same.sort();
        let line = findings.line(&first.span);
        if let Some(before) = listed.insert(same, line) {
            let message = format!("`one_at_a_time` has the same list already on line {before}");
            findings.warning(&first.span, message);
        }
    }
}
