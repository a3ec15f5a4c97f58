//! Status, and the description of the API.

use crate::http::caller::Administrator;
use crate::http::problem::Answer;
use crate::node::Node;
use api::Status;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// The cluster as this node knows it. Answers without quorum, without a cluster, and at once.
#[utoipa::path(get, path = "/v1/status", responses((status = 200, body = Status)))]
pub async fn status(State(node): State<Arc<Node>>, _: Administrator) -> Answer<Status> {
    Ok(Json(crate::status::status(&node).await))
}

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", responses((status = 200)))]
pub async fn openapi(_: Administrator) -> Answer<utoipa::openapi::OpenApi> {
    Ok(Json(crate::http::openapi_document()))
}
