//! How a node becomes a member: by forming a cluster, or by joining one.
//!
//! Both end in the same three steps, in this order, so that a daemon killed between them is either
//! still a stranger or goes on by itself: the database file is made; the identity is stored; the
//! identity is taken on.

mod admit;
mod form;
mod join;
mod tokens;

pub(crate) use admit::admit;
pub(crate) use form::form;
pub(crate) use join::join;
pub(crate) use tokens::{USUAL_LIFE, create as create_token, list as list_tokens};

use crate::clock;
use crate::http::problem::internal;
use crate::identity;
use crate::node::Node;
use crate::node::own::Own;
use api::{Problem, ProblemKind};
use model::stored::Identity;
use std::time::Duration;
use store::engine::{IfMissing, open_file};

/// How long forming or joining may take until it is complete, once nothing can refuse it any more.
const COMPLETE: Duration = Duration::from_secs(60);

/// Whether this node may become a member of something: it is none, or can be none any more.
fn may_enter(node: &Node) -> Result<(), Problem> {
    let own = node.own.borrow().clone();
    if matches!(own, Own::Evicted { .. } | Own::Unusable { .. } | Own::Duplicate { .. }) {
        return Ok(());
    }
    let Some(identity) = node.identity.borrow().clone() else { return Ok(()) };
    let name = node.name();
    let text = format!("this node is a member of cluster {} already", identity.cluster_name);
    Err(Problem::new(ProblemKind::Conflict, text)
        .next(format!("to leave it, on another member: steadfast node evict {name}")))
}

/// Takes on a new identity, in an order that survives a kill at any point.
async fn enter(node: &Node, identity: Identity) -> Result<(), Problem> {
    crate::engine::stop(node).await;
    let aside = node
        .dir
        .set_aside(&clock::wall().unix_ms().to_string())
        .map_err(|error| internal("cannot set the old files aside", &error))?;
    // Empty unless there was something; a folder that is not empty stays.
    let _ = std::fs::remove_dir(&aside);
    let (path, id) = (node.dir.database(), identity.node);
    let made = tokio::task::spawn_blocking(move || open_file(&path, id, IfMissing::Create).map(drop)).await;
    made.map_err(|error| internal("cannot make the cluster database", &error))?
        .map_err(|error| internal("cannot make the cluster database", &error))?;
    identity::store(&node.dir, &identity).map_err(|error| internal("cannot store the identity", &error))?;
    node.become_member(identity).map_err(|error| internal("the new certificate is not usable", &error))
}

/// Waits until `done` says so.
async fn wait_until(mut done: impl FnMut() -> bool, limit: Duration) -> bool {
    let until = tokio::time::Instant::now() + limit;
    while !done() {
        if tokio::time::Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}
