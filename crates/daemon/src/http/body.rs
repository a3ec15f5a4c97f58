//! Reading requests: bounded, and refused with a reason.

use super::problem::Failed;
use api::{Problem, ProblemKind};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// A JSON body. The content type is not asked for: what is sent is what counts.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failed;
    async fn from_request(request: Request, state: &S) -> Result<Self, Failed> {
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            Problem::new(
                ProblemKind::BadRequest,
                format!("the request's body was not read: {}", error.body_text()),
            )
        })?;
        let value = serde_json::from_slice(&bytes).map_err(|error| {
            Problem::new(
                ProblemKind::BadRequest,
                format!("the request's body is not what this path takes: {error}"),
            )
        })?;
        Ok(Self(value))
    }
}

/// A query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failed> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await.map_err(|error| {
            Problem::new(
                ProblemKind::BadRequest,
                format!("the query is not what this path takes: {}", error.body_text()),
            )
        })?;
        Ok(Self(query.0))
    }
}

/// Reads a name, an address or the like out of a request.
///
/// # Errors
/// A [`Problem`] with the type's own words.
pub fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::new(ProblemKind::BadRequest, error.to_string()))
}
