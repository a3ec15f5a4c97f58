//! `steadfast events --follow`: each event as it happens, also across a node's restart.

use super::Format;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::Out;
use crate::render::events::line;
use api::EventQuery;
use api::client::{Client, ClientError};
use model::stored::EventRecord;
use model::{NodeName, Revision, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long to wait before a lost connection is tried again: a daemon restarts in less than that.
const RETRY: Duration = Duration::from_secs(1);

/// How far before the last event to begin again. Events of several nodes arrive in the order of
/// their clocks, which may differ by that much without anybody noticing.
const OVERLAP: Duration = Duration::from_secs(60);

/// How many changes of the cluster to remember, so that no node tells them a second time. More
/// than happen within the overlap.
const REVISIONS_MAX: usize = 10_000;

/// Prints events as they happen, until interrupted.
pub(crate) async fn run(
    client: &Client,
    mut query: EventQuery,
    format: Format,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let mut seen = Seen::default();
    let mut connected_once = false;
    let mut told = false;
    loop {
        match client.events_stream(&query).await {
            Ok(mut stream) => {
                (connected_once, told) = (true, false);
                while let Some(event) = next(&mut stream).await? {
                    if seen.is_new(&event) {
                        show(&event, format, out)?;
                    }
                }
            }
            Err(error) if !connected_once || matches!(error, ClientError::Problem(_)) => {
                return Err(error.into());
            }
            Err(_) => {}
        }
        if !told {
            out.say("the connection ended; trying again until it comes back");
            told = true;
        }
        seen.resume(&mut query);
        tokio::time::sleep(RETRY).await;
    }
}

/// The next event; nothing when the connection is over, however it ended.
async fn next(stream: &mut api::client::EventStream) -> Result<Option<EventRecord>, Failure> {
    match stream.next().await {
        Ok(event) => Ok(event),
        Err(error @ ClientError::Foreign { .. }) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

fn show(event: &EventRecord, format: Format, out: &mut Out) -> Result<(), Failure> {
    if format.json { out.json_line(event) } else { out.data(&line(event)) }
}

/// What was printed already.
#[derive(Default)]
struct Seen {
    /// The last number of each node.
    last: BTreeMap<NodeName, u64>,
    /// The latest changes of the cluster; every node logs them.
    revisions: BTreeSet<(Revision, u32)>,
    /// The latest time.
    until: Option<Timestamp>,
}

impl Seen {
    fn is_new(&mut self, event: &EventRecord) -> bool {
        let last = self.last.entry(event.node.clone()).or_default();
        let is_new =
            event.seq > *last && event.revision.is_none_or(|at| self.revisions.insert((at, event.id)));
        *last = event.seq.max(*last);
        self.until = self.until.max(Some(event.time));
        if self.revisions.len() > REVISIONS_MAX {
            self.revisions.pop_first();
        }
        is_new
    }

    /// Makes a query begin where this ends.
    fn resume(&self, query: &mut EventQuery) {
        let Some(until) = self.until else { return };
        let from = until.unix_ms().saturating_sub(u64::try_from(OVERLAP.as_millis()).unwrap_or(0));
        query.since = Some(Timestamp::from_unix_ms(from).to_string());
        query.limit = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn after_a_lost_connection_nothing_is_printed_twice() {
        let mut seen = Seen::default();
        let mut query = EventQuery { limit: Some(10), ..EventQuery::default() };
        seen.resume(&mut query);
        assert_eq!(query.limit, Some(10), "nothing was seen: begin as at first");
        let first = samples::event("n1", 1, Some(7));
        assert!(seen.is_new(&first));
        assert!(!seen.is_new(&first));
        assert!(!seen.is_new(&samples::event("n2", 9, Some(7))), "the same change, told by another node");
        assert!(seen.is_new(&samples::event("n2", 10, None)));
        seen.resume(&mut query);
        assert_eq!((query.limit, query.since.as_deref()), (None, Some("2026-11-22T18:29:00.000Z")));
    }
}
