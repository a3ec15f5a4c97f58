//! Every node's: the database says where this node serves, what it runs and which life it lives.

use crate::clock;
use crate::node::Node;
use crate::node::own::Own;
use model::stored::{Actor, Command, PROTOCOL, SoftwareVersion};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// After a write that was refused: what refused it will not change soon.
const REFUSED: Duration = Duration::from_secs(10);

/// Keeps this node's own record, for ever.
pub(crate) async fn keep_own_record(node: Arc<Node>) {
    loop {
        clock::beat(LOOK).await;
        let Some(id) = node.id() else { continue };
        let state = node.state();
        let Some(record) = state.nodes.get(&id) else { continue };
        let software = SoftwareVersion::current();
        let same = record.endpoints == node.config.endpoints
            && record.protocol == PROTOCOL
            && record.software == software
            && record.incarnation == Some(node.incarnation());
        if same || *node.own.borrow() != Own::Clear || !node.quorum().has {
            continue;
        }
        let command = Command::UpdateNode {
            node: id,
            endpoints: node.config.endpoints.clone(),
            protocol: PROTOCOL,
            software,
            incarnation: node.incarnation(),
        };
        if let Err(problem) = node.write(Actor::Node(node.name().clone()), command).await {
            tracing::warn!(%problem, "this node's record could not be brought up to date");
            tokio::time::sleep(REFUSED).await;
        }
    }
}
