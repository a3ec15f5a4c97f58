//! Asking the database and the nodes for what a plan wants now.

use super::{Became, answered};
use crate::clock;
use crate::node::Node;
use crate::peer::paths;
use execution::{Dispatch, Key, Order};
use model::stored::{Actor, Command, Outcome, Proposal};
use model::{Incarnation, NodeId, RequestId};
use std::sync::Arc;
use std::time::Duration;

/// How long a node may take to say that it is at it: it may have to wait for the database to arrive there.
const LIMIT: Duration = Duration::from_secs(3);

/// Asks, and tells the executor what became of it.
pub(super) fn take(node: &Arc<Node>, key: Key, dispatch: Dispatch) {
    let node = node.clone();
    tracing::debug!(?key, "asked");
    tokio::spawn(async move {
        let became = match dispatch {
            Dispatch::Order { node: whom, order } => ordered(&node, whom, &order).await,
            Dispatch::Own { group, node: owner, if_generation, failover } => {
                write(&node, Command::Own { group, node: owner, if_generation, failover }).await
            }
            Dispatch::SetPrimary { group, node: whom, generation, primary } => {
                write(&node, Command::SetPrimary { group, node: whom, generation, primary }).await
            }
            Dispatch::Revoke { node: whom, copies } => {
                write(&node, Command::Revoke { node: whom, copies }).await
            }
            Dispatch::Free { node: whom, copies } => {
                write(&node, Command::Release { node: whom, copies }).await
            }
        };
        tracing::debug!(?key, ?became, "answered");
        answered(&node, &key, &became);
    });
}

async fn ordered(node: &Arc<Node>, whom: NodeId, order: &Order) -> Became {
    let answer = if Some(whom) == node.id() {
        crate::running::order(node, order)
    } else {
        node.call_json::<(Incarnation, u64)>(whom, paths::ORDER, order, LIMIT)
            .await
            .map_err(|error| error.to_string())
    };
    match answer {
        Ok((incarnation, number)) => Became::Told(incarnation, number),
        Err(why) => {
            let whom = node.book.name(whom);
            tracing::info!(%whom, action = %order.action, group = %order.group, why, "an order was not followed");
            Became::Refused
        }
    }
}

/// Proposed here and nowhere else: another leader has its own plan.
async fn write(node: &Arc<Node>, command: Command) -> Became {
    let Some(engine) = node.engine() else { return Became::Refused };
    let (request, actor) = (RequestId(clock::random()), Actor::Node(node.name().clone()));
    let what = command.verb();
    let proposal = Proposal { request, at: clock::wall(), actor, command };
    match node.propose_here(&engine, proposal).await {
        Ok(Outcome::Done { revision, .. }) => {
            // The others learn at once what is committed, not with the next heartbeat.
            engine.beat_now().await;
            Became::Done(revision)
        }
        Ok(refused) => {
            tracing::info!(what, %refused, "the database refused a step");
            Became::Refused
        }
        Err(error) => {
            tracing::info!(what, %error, "a step was not written");
            Became::Refused
        }
    }
}
