//! The routes, one file per subject.

pub mod admin;
pub mod apply;
pub mod baseline;
pub mod components;
pub mod credentials;
pub mod events;
mod execution;
pub mod groups;
pub mod nodes;
mod peers;
pub mod plan;
pub mod resources;
pub mod status;
pub mod types;

use crate::node::Node;
use crate::peer::paths as peer_paths;
use api::paths;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use std::sync::Arc;

/// The largest request of an administrator: a declaration, in JSON.
const LARGEST_REQUEST: usize = 4 << 20;

/// The largest request of a stranger: a join request with its certificate request.
const LARGEST_JOIN: usize = 64 << 10;

/// The largest message of a peer: the engine's bound and some air. Read only after the peer is known.
const LARGEST_PEER_MESSAGE: usize = store::engine::MAX_MESSAGE_BYTES + (1 << 20);

/// All routes.
pub(super) fn all() -> Router<Arc<Node>> {
    Router::new()
        .merge(administrators().layer(DefaultBodyLimit::max(LARGEST_REQUEST)))
        .merge(members().layer(DefaultBodyLimit::max(LARGEST_PEER_MESSAGE)))
        .merge(
            Router::new()
                .route(peer_paths::JOIN_REQUEST, post(peers::join_request))
                .layer(DefaultBodyLimit::max(LARGEST_JOIN)),
        )
}

fn administrators() -> Router<Arc<Node>> {
    Router::new()
        .route(paths::STATUS, get(status::status))
        .route(paths::OPENAPI, get(status::openapi))
        .route(paths::INIT, post(admin::init))
        .route(paths::JOIN, post(admin::join))
        .route(paths::TOKENS, post(admin::create_token).get(admin::list_tokens))
        .route(paths::APPLY, post(apply::apply))
        .route(paths::EXPORT, get(apply::export))
        .route(paths::NODES, get(nodes::list))
        .route("/v1/nodes/{name}", get(nodes::show))
        .route("/v1/nodes/{name}/evict", post(nodes::evict))
        .route("/v1/nodes/{name}/drain", post(nodes::drain))
        .route("/v1/nodes/{name}/pause", post(nodes::pause))
        .route("/v1/nodes/{name}/resume", post(nodes::resume))
        .route("/v1/nodes/{name}/confirm-down", post(nodes::confirm_down))
        .route(paths::GROUPS, get(groups::list))
        .route("/v1/groups/{name}/online", post(groups::online))
        .route("/v1/groups/{name}/offline", post(groups::offline))
        .route("/v1/groups/{name}/move", post(groups::relocate))
        .route("/v1/groups/{name}/maintenance", post(groups::maintenance))
        .route(paths::MAINTENANCE, post(groups::maintenance_of_all))
        .route("/v1/resources/{group}/{resource}/{verb}", post(resources::act))
        .route(paths::EVENTS, get(events::list))
        .route(paths::EVENTS_STREAM, get(events::stream))
        .route(paths::PLAN, get(plan::plan))
        .route(paths::PLAN_INPUTS, get(plan::inputs))
        .route(paths::PLANS, get(plan::list))
        .route(paths::TYPES, get(types::list))
        .route("/v1/types/{name}", get(types::show))
        .route(paths::COMPONENTS, get(components::list))
        .route(paths::COMPONENTS_USED, post(components::used))
        .route(paths::BASELINE, get(baseline::show).post(baseline::install))
        .route(paths::BASELINE_HISTORY, get(baseline::history))
        .route(paths::BASELINE_DIFF, get(baseline::diff))
        .route(paths::BASELINE_DRAFT, post(baseline::draft))
        .route(paths::SIGNERS, get(baseline::signers).post(baseline::add_signer))
        .route("/v1/baseline/signers/{name}", delete(baseline::remove_signer))
        .route(paths::CREDENTIALS, post(credentials::create).get(credentials::list))
        .route("/v1/credentials/{name}", delete(credentials::revoke))
}

fn members() -> Router<Arc<Node>> {
    Router::new()
        .route(peer_paths::RAFT, post(peers::raft))
        .route(peer_paths::LEASE, post(execution::lease))
        .route(peer_paths::REPORT, post(execution::report))
        .route(peer_paths::GROUPS, post(execution::groups))
        .route(peer_paths::RESOURCE, post(resources::here))
        .route(peer_paths::NOTE, post(execution::note))
        .route(peer_paths::NOTIFY, post(execution::happens))
        .route(peer_paths::ORDER, post(execution::order))
        .route(peer_paths::PROPOSE, post(peers::propose))
        .route(peer_paths::HELLO, post(peers::hello))
        .route(peer_paths::MEMBERS, post(peers::members))
        .route(peer_paths::EVENTS, post(peers::events))
        .route(peer_paths::PLAN_INPUTS, post(peers::plan_inputs))
        .route(peer_paths::PLANS, post(peers::plans))
        .route(peer_paths::TYPES, post(peers::types))
        .route(peer_paths::COMPONENTS, post(peers::components))
        .route(peer_paths::TYPE, post(peers::describe_type))
        .route(peer_paths::LIBRARY_TYPE, post(peers::describe_library_type))
}
