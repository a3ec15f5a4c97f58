//! Events as they happen.

use super::connect::Line;
use super::error::{Attempt, Cause, ClientError};
use super::sse::Parser;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use model::stored::EventRecord;
use std::time::Duration;
use tokio::time::timeout;

/// How long a stream may be silent, comments included. A daemon sends one at least every 15 s
/// (the usual interval of server-sent events), so this is three of them lost.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// A connection on which events arrive. It does not reconnect: who reads it knows what was seen.
pub struct EventStream {
    place: String,
    _line: Line,
    body: Incoming,
    parser: Parser,
}

impl EventStream {
    pub(super) fn new((place, line, response): (String, Line, Response<Incoming>)) -> Self {
        Self { place, _line: line, body: response.into_body(), parser: Parser::default() }
    }

    /// The next event; nothing when the node has ended the stream in order, as it does when it stops.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`]: the connection broke, or was silent for too long.
    /// [`ClientError::Foreign`]: what arrives is not an event.
    pub async fn next(&mut self) -> Result<Option<EventRecord>, ClientError> {
        loop {
            while let Some(message) = self.parser.pop() {
                // Other types of messages may be added later; this version has no use for them.
                if matches!(message.event.as_str(), "" | "message" | "event") {
                    return self.read(&message.data).map(Some);
                }
            }
            let frame = match timeout(SILENCE_MAX, self.body.frame()).await {
                Err(_) => return Err(self.lost(Cause::AnswerTimedOut(SILENCE_MAX))),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(self.lost(Cause::Broken(error.to_string()))),
                Ok(Some(Ok(frame))) => frame,
            };
            if let Some(bytes) = frame.data_ref() {
                self.parser
                    .push(bytes)
                    .map_err(|_| self.foreign("an event of more than 1 MiB".to_owned()))?;
            }
        }
    }

    fn read(&self, data: &[u8]) -> Result<EventRecord, ClientError> {
        serde_json::from_slice(data)
            .map_err(|error| self.foreign(format!("an event that this version cannot read: {error}")))
    }

    fn foreign(&self, why: String) -> ClientError {
        ClientError::Foreign { place: self.place.clone(), why }
    }

    fn lost(&self, cause: Cause) -> ClientError {
        ClientError::Unreachable { tried: vec![Attempt { place: self.place.clone(), cause }] }
    }
}
