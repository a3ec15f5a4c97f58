//! The engine's messages on the wire.

use super::links::CallError;
use super::paths::RAFT;
use crate::node::Node;
use crate::node::own::Own;
use api::ProblemKind;
use model::NodeId;
use std::sync::Weak;
use std::time::Duration;
use store::engine::{BoxFuture, Transport, TransportError};

/// Sends the engine's messages through the node's links. Weak, because the node holds the engine
/// that holds this.
#[derive(Debug, Clone)]
pub(crate) struct PeerTransport(pub Weak<Node>);

impl Transport for PeerTransport {
    fn send(
        &self,
        to: NodeId,
        message: Vec<u8>,
        within: Duration,
    ) -> BoxFuture<Result<Vec<u8>, TransportError>> {
        let node = self.0.upgrade();
        Box::pin(async move {
            let node = node.ok_or_else(|| TransportError::Unreachable("the daemon stops".to_owned()))?;
            let asked_as = node.id();
            match node.call(to, RAFT, message.into(), within).await {
                Ok(answer) => Ok(answer.into()),
                Err(CallError::Refused(problem)) => {
                    if let Some(asked_as) = asked_as.filter(|_| problem.kind == ProblemKind::Evicted) {
                        told_evicted(&node, asked_as, to, &problem.message);
                    }
                    Err(TransportError::Unreachable(problem.message))
                }
                Err(error) => Err(TransportError::Unreachable(error.to_string())),
            }
        })
    }
}

/// A member says that this node was evicted, when it asked under that number. Members do not say so
/// lightly: they have applied it.
pub(crate) fn told_evicted(node: &Node, asked_as: NodeId, by: NodeId, reason: &str) {
    let Some(member) = node.book.member(by) else { return };
    let told_by = member.name;
    let found = Own::Evicted { told_by: told_by.clone() };
    if node.find_of(asked_as, found, |own| matches!(own, Own::Evicted { .. })) {
        let identity = node.identity.borrow().clone();
        if let Some(identity) = identity {
            let cluster = identity.cluster_name.clone();
            node.log.raise(events::NotAMember { cluster, told_by, reason: reason.to_owned() });
        }
        node.engine_wanted.notify_one();
    }
}
