//! What a leader tells a node to do, and what a node says is the case.
//!
//! Both go between nodes of different versions: what is added has a default, and nothing is taken away.

use model::{Generation, GroupName, Incarnation, NodeId, ResourceName, Revision, Timestamp};
use planner::{Action, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A step for a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What.
    pub action: Action,
    /// With which group.
    pub group: GroupName,
    /// With which resource of it; nothing: with the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceName>,
    /// In which ownership of the group. A node that has it in another one refuses.
    pub generation: Generation,
    /// The node must have applied this revision of the database before it acts.
    pub revision: Revision,
    /// Why, for events and logs.
    pub reason: String,
}

/// What is the case on a node. Whole, or what has changed since an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whose.
    pub node: NodeId,
    /// Which life of its daemon. Numbers of one life mean nothing in another.
    pub incarnation: Incarnation,
    /// Grows with every change.
    pub number: u64,
    /// It says only what has changed since this number; zero: it is whole.
    pub since: u64,
    /// What the node has applied of the database.
    pub revision: Revision,
    /// Its daemon is asked to stop: what runs there should leave.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
    /// Groups of which anything is there, or was when `since` was told.
    pub groups: BTreeMap<GroupName, CopyReport>,
}

/// A group on a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyReport {
    /// The ownership in which it is open; none: it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Generation>,
    /// It is primary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
    /// How well it would do as the primary, as it rates itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<i32>,
    /// Its resources. Others are offline.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<ResourceName, ResourceReport>,
    /// Failures that are not in the database yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureSeen>,
}

impl CopyReport {
    /// Whether there is anything to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A resource on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceReport {
    /// How it is.
    pub state: State,
    /// What it last said, where that is worth telling: why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// A failure, as its node noticed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureSeen {
    /// Which resource.
    pub resource: ResourceName,
    /// When, on that node's wall clock.
    pub at: Timestamp,
    /// It could not be started, rather than having run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_start: bool,
    /// Why, in a line.
    pub reason: String,
}

/// What the leader makes of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sequel {
    /// It is known now.
    Known,
    /// Something before it is not known: a whole one is wanted.
    SendAll,
}

/// What all nodes last said, as their leader has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reports(BTreeMap<NodeId, Report>);

impl Reports {
    /// Takes in a report.
    pub fn take(&mut self, report: Report) -> Sequel {
        let Some(known) = self.0.get_mut(&report.node).filter(|_| report.since > 0) else {
            return match report.since {
                0 => {
                    self.whole(report);
                    Sequel::Known
                }
                _ => Sequel::SendAll,
            };
        };
        if known.incarnation != report.incarnation || known.number < report.since {
            return Sequel::SendAll;
        }
        // One that was overtaken says nothing new.
        if report.number > known.number {
            known.number = report.number;
            known.revision = known.revision.max(report.revision);
            known.leaving |= report.leaving;
            for (group, copy) in report.groups {
                match copy.is_empty() {
                    true => drop(known.groups.remove(&group)),
                    false => drop(known.groups.insert(group, copy)),
                }
            }
        }
        Sequel::Known
    }

    fn whole(&mut self, mut report: Report) {
        let overtaken =
            |known: &Report| known.incarnation == report.incarnation && known.number > report.number;
        if self.0.get(&report.node).is_some_and(overtaken) {
            return;
        }
        report.groups.retain(|_, copy| !copy.is_empty());
        self.0.insert(report.node, report);
    }

    /// What a node last said.
    #[must_use]
    pub fn of(&self, node: NodeId) -> Option<&Report> {
        self.0.get(&node)
    }

    /// A node's word counts no more: it is gone, or its daemon began anew.
    pub fn forget(&mut self, node: NodeId) {
        self.0.remove(&node);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Report> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(number: u64, since: u64, groups: &[(&str, Option<u64>)]) -> Report {
        let copy = |open: Option<u64>| CopyReport { open: open.map(Generation), ..CopyReport::default() };
        let groups =
            groups.iter().map(|(name, open)| (GroupName::new(*name).unwrap(), copy(*open))).collect();
        let (node, incarnation) = (NodeId(1), Incarnation([1; 8]));
        Report { node, incarnation, number, since, revision: Revision(number), leaving: false, groups }
    }

    #[test]
    fn what_has_changed_is_put_into_what_was_known() {
        let mut reports = Reports::default();
        assert_eq!(reports.take(report(1, 0, &[("a", Some(1)), ("b", Some(2))])), Sequel::Known);
        assert_eq!(reports.take(report(3, 1, &[("a", None), ("c", Some(3))])), Sequel::Known);
        let known: Vec<&str> = reports.of(NodeId(1)).unwrap().groups.keys().map(GroupName::as_str).collect();
        assert_eq!(known, ["b", "c"]);
    }

    #[test]
    fn without_what_came_before_all_of_it_is_asked_for() {
        let mut reports = Reports::default();
        assert_eq!(reports.take(report(2, 1, &[])), Sequel::SendAll, "nothing is known");
        reports.take(report(2, 0, &[]));
        assert_eq!(reports.take(report(9, 5, &[])), Sequel::SendAll, "3 to 5 are not known");
        let other_life = Report { incarnation: Incarnation([2; 8]), ..report(3, 2, &[]) };
        assert_eq!(reports.take(other_life), Sequel::SendAll);
    }

    #[test]
    fn one_that_was_overtaken_changes_nothing() {
        let mut reports = Reports::default();
        reports.take(report(1, 0, &[("a", Some(1))]));
        reports.take(report(3, 1, &[("a", Some(3))]));
        assert_eq!(reports.take(report(2, 1, &[("a", Some(2))])), Sequel::Known);
        assert_eq!(reports.take(report(2, 0, &[("a", Some(2))])), Sequel::Known);
        let a = GroupName::new("a").unwrap();
        assert_eq!(reports.of(NodeId(1)).unwrap().groups[&a].open, Some(Generation(3)));
    }
}
