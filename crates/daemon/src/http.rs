//! The API server: on the local socket and, over TLS, on every network.

pub mod body;
pub mod caller;
pub mod doors;
pub mod listen;
pub mod local;
mod openapi;
pub mod problem;
pub mod routes;

use crate::node::Node;
use axum::Router;
use std::sync::Arc;

/// All routes.
pub fn router(node: Arc<Node>) -> Router {
    routes::all().fallback(problem::no_such_path).with_state(node)
}

pub use openapi::document as openapi_document;
