//! One request and its answer, with a bound on time and size.

use super::connect::{Line, Place};
use super::error::{Attempt, Cause, ClientError, tls_error};
use super::{Client, SERVER_NAME};
use crate::{Problem, ProblemKind};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;

/// The longest answer that is read. 10,000 events of the longest kind are below 20 MiB.
const BODY_BYTES_MAX: usize = 64 << 20;

/// What to ask for.
pub(super) struct Ask {
    method: Method,
    path: String,
    body: Bytes,
    accept: &'static str,
    answer_max: Duration,
}

impl Ask {
    /// A read.
    pub(super) fn get(path: impl Into<String>, answer_max: Duration) -> Self {
        let (body, accept) = (Bytes::new(), "application/json");
        Self { method: Method::GET, path: path.into(), body, accept, answer_max }
    }

    /// A removal.
    pub(super) fn delete(path: impl Into<String>, answer_max: Duration) -> Self {
        Self { method: Method::DELETE, ..Self::get(path, answer_max) }
    }

    /// A write.
    pub(super) fn post<T: Serialize>(path: impl Into<String>, body: &T, answer_max: Duration) -> Self {
        // The API's types have text keys only, so JSON can write them; an empty body would be
        // answered with a problem that says so.
        let body = serde_json::to_vec(body).unwrap_or_default().into();
        Self { method: Method::POST, body, ..Self::get(path, answer_max) }
    }

    /// A write that its path says all about.
    pub(super) fn act(path: impl Into<String>, answer_max: Duration) -> Self {
        Self { method: Method::POST, ..Self::get(path, answer_max) }
    }

    /// A read of a stream of server-sent events.
    pub(super) fn stream(path: impl Into<String>, answer_max: Duration) -> Self {
        Self { accept: "text/event-stream", ..Self::get(path, answer_max) }
    }
}

impl Client {
    /// Asks, and reads the whole answer.
    pub(super) async fn ask<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, ClientError> {
        let (place, status, body) = self.try_places(&ask, Self::whole).await?;
        understand(&place, status, &body)
    }

    /// Asks, and hands back the answer while its body still arrives.
    pub(super) async fn open(&self, ask: Ask) -> Result<(String, Line, Response<Incoming>), ClientError> {
        let (place, line, response) = self.try_places(&ask, Self::head).await?;
        if response.status().is_success() {
            return Ok((place, line, response));
        }
        let status = response.status();
        let body = match timeout(ask.answer_max, read(&place, response)).await {
            Ok(body) => body?,
            Err(_) => return Err(silent(&place, ask.answer_max)),
        };
        Err(understand::<Problem>(&place, status, &body).map_or_else(|error| error, ClientError::from))
    }

    /// Tries one place after the other, as the module header of `client` says.
    async fn try_places<T>(
        &self,
        ask: &Ask,
        exchange: impl AsyncFn(&Self, &Place<'_>, Line, &Ask) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut tried = Vec::new();
        for place in self.way.places() {
            let line = match place.connect().await {
                Ok(line) => line,
                Err(attempt) => {
                    tried.push(attempt);
                    continue;
                }
            };
            let answer = match timeout(ask.answer_max, exchange(self, &place, line, ask)).await {
                Ok(answer) => answer,
                Err(_) => Err(silent(&place.to_string(), ask.answer_max)),
            };
            match answer {
                Err(ClientError::Unanswered(attempt)) if ask.method == Method::GET => tried.push(attempt),
                answered => return answered,
            }
        }
        Err(ClientError::Unreachable { tried })
    }

    async fn whole(
        &self,
        place: &Place<'_>,
        line: Line,
        ask: &Ask,
    ) -> Result<(String, StatusCode, Bytes), ClientError> {
        let (place, _line, response) = self.head(place, line, ask).await?;
        let status = response.status();
        let body = read(&place, response).await?;
        Ok((place, status, body))
    }

    async fn head(
        &self,
        place: &Place<'_>,
        mut line: Line,
        ask: &Ask,
    ) -> Result<(String, Line, Response<Incoming>), ClientError> {
        let place = place.to_string();
        let request = self.request(ask).map_err(|error| ClientError::Foreign {
            place: place.clone(),
            why: format!("the request cannot be written: {error}"),
        })?;
        match line.sender.send_request(request).await {
            Ok(response) => Ok((place, line, response)),
            Err(error) => Err(broken(&place, &error)),
        }
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(&ask.path)
            .header(HOST, SERVER_NAME)
            .header(USER_AGENT, concat!("steadfast/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, ask.accept);
        if !ask.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(token) = self.way.token() {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(Full::new(ask.body.clone()))
    }
}

async fn read(place: &str, response: Response<Incoming>) -> Result<Bytes, ClientError> {
    match Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ClientError::Foreign {
            place: place.to_owned(),
            why: format!("its answer is longer than {} MiB", BODY_BYTES_MAX >> 20),
        }),
        Err(error) => Err(unanswered(place, Cause::Broken(error.to_string()))),
    }
}

/// What an answer means: what was asked for, a problem, or nothing that this version understands.
fn understand<T: DeserializeOwned>(place: &str, status: StatusCode, body: &[u8]) -> Result<T, ClientError> {
    let foreign = |error: serde_json::Error| ClientError::Foreign {
        place: place.to_owned(),
        why: format!("HTTP status {status}, and a body that this version cannot read: {error}"),
    };
    if status.is_success() {
        return serde_json::from_slice(body).map_err(foreign);
    }
    Err(serde_json::from_slice::<Problem>(body).map_err(foreign)?.into())
}

fn silent(place: &str, answer_max: Duration) -> ClientError {
    unanswered(place, Cause::AnswerTimedOut(answer_max))
}

fn unanswered(place: &str, cause: Cause) -> ClientError {
    ClientError::Unanswered(Attempt { place: place.to_owned(), cause })
}

/// Why a request that was sent has no answer. In TLS 1.3 a client learns only now that its
/// certificate was refused; the server has read nothing of the request then.
fn broken(place: &str, error: &hyper::Error) -> ClientError {
    if error.is_parse() {
        return ClientError::Foreign {
            place: place.to_owned(),
            why: "it does not speak HTTP/1.1".to_owned(),
        };
    }
    if let Some(rustls::Error::AlertReceived(alert)) = tls_error(error) {
        let message = format!(
            "{place} refuses the client certificate ({alert:?}): it was revoked, has expired, or is of another cluster"
        );
        let next = "steadfast credential list, on a node";
        return Problem::new(ProblemKind::Unauthenticated, message).next(next).into();
    }
    let why = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    unanswered(place, Cause::Broken(why))
}
