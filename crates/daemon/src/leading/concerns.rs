//! What the leader tells of: groups about which the cluster does no more by itself.
//!
//! Each is told once, when it begins; `status` shows it as an alarm for as long as it lasts.

use crate::node::Node;
use model::stored::ClusterState;
use model::{GroupName, NodeId};
use planner::Takeover;
use std::collections::BTreeSet;

/// What has been told, and still is so.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeSet<Concern>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Concern {
    Failed(GroupName),
    NotSafe(GroupName, NodeId),
}

impl Told {
    /// Looks at everything anew, and tells what is new.
    pub(super) fn tell(&mut self, node: &Node, state: &ClusterState) {
        let mut now = BTreeSet::new();
        for shown in crate::status::groups::own(node) {
            let Ok(group) = shown.name.parse::<GroupName>() else { continue };
            if matches!(shown.state.as_str(), "failed" | "partial") {
                let concern = Concern::Failed(group.clone());
                if !self.0.contains(&concern) {
                    let (state, reason) = (shown.state, shown.reason);
                    node.log.raise(events::GroupFailed { group, state, reason });
                }
                now.insert(concern);
            }
        }
        for (group, owner, reason) in not_safe(node, state) {
            let concern = Concern::NotSafe(group.clone(), owner);
            if !self.0.contains(&concern)
                && let Some(name) = execution::overview::name(state, owner)
            {
                node.log.raise(events::TakeoverNotSafe { group, node: name, reason });
            }
            now.insert(concern);
        }
        self.0 = now;
    }
}

/// Groups of lost nodes that nobody takes over by himself, and why not.
pub(crate) fn not_safe(node: &Node, state: &ClusterState) -> Vec<(GroupName, NodeId, String)> {
    let copies =
        state.groups.iter().flat_map(|(group, record)| record.copies.keys().map(move |id| (group, *id)));
    let lost = copies.filter(|(_, id)| !node.is_up(*id));
    lost.filter_map(|(group, id)| match node.leading.leases.takeover(node, state, group, id) {
        Takeover::Never(why) => Some((group.clone(), id, why)),
        Takeover::Now | Takeover::At(_) => None,
    })
    .collect()
}
