//! Nothing has moved: what a test says after it did something that must not disturb a cluster.

use super::{Cluster, Node};
use events::{LeaderChanged, NodeDown, QuorumLost};
use model::stored::EventRecord;

/// The cluster as it was at one moment.
pub(crate) struct Calm<'c> {
    members: Vec<Node<'c>>,
    leader: Option<String>,
    told: Vec<(String, u64)>,
}

impl Cluster {
    /// Remembers who leads, and what has been told of leaders and of nodes that went down.
    pub(crate) fn calm(&self) -> Calm<'_> {
        let names: Vec<String> = self.node(1).status().nodes.into_iter().map(|node| node.name).collect();
        let members: Vec<_> =
            self.nodes().filter(|node| names.iter().any(|name| name == node.name())).collect();
        let leader = members[0].status().leader;
        let told = upsets(&members).into_iter().map(|event| (event.node.to_string(), event.seq)).collect();
        Calm { members, leader, told }
    }
}

impl Calm<'_> {
    /// The same leader leads in the same term, and no node was ever thought to be down.
    #[track_caller]
    pub(crate) fn held(&self) {
        let fresh: Vec<_> = upsets(&self.members)
            .into_iter()
            .filter(|event| !self.told.contains(&(event.node.to_string(), event.seq)))
            .map(|event| format!("{} {} {}: {}", event.node, event.seq, event.id, event.text))
            .collect();
        assert!(fresh.is_empty(), "the cluster was disturbed: {fresh:#?}");
        for member in &self.members {
            assert_eq!(member.status().leader, self.leader, "in the eyes of {}", member.name());
        }
    }
}

/// What each of them has told of leaders and of nodes that went down. A new term is told by its leader.
fn upsets(members: &[Node<'_>]) -> Vec<EventRecord> {
    let ids = [LeaderChanged::ENTRY, NodeDown::ENTRY, QuorumLost::ENTRY].map(|entry| entry.id);
    let own = |member: &Node<'_>| member.events(&format!("--node {}", member.name()));
    members.iter().flat_map(own).filter(|event| ids.contains(&event.id)).collect()
}
