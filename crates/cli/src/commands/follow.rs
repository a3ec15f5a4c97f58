//! `steadfast events --follow`: each event as it happens, also across a node's restart.

use super::Format;
use super::events::name_silent;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::Out;
use crate::render::events::line;
use api::EventQuery;
use api::client::{Client, ClientError, EventStream};
use model::stored::EventRecord;
use model::{NodeName, Revision, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// How many past events to begin with where nobody says, as `tail -f` does.
const FIRST: usize = 10;

/// How long to wait before a lost connection is tried again: a daemon restarts in less than that.
const RETRY: Duration = Duration::from_secs(1);

/// How far before the last event to begin again. Events of several nodes arrive in the order of
/// their clocks, which may differ by that much without anybody noticing.
const OVERLAP: Duration = Duration::from_secs(60);

/// How many changes of the cluster to remember, so that no node tells them a second time. More
/// than happen within the overlap.
const REVISIONS_MAX: usize = 10_000;

/// Prints events as they happen, until interrupted. A node that does not answer at the start is a
/// failure; one that stops answering later is waited for.
pub(crate) async fn run(
    client: &Client,
    query: EventQuery,
    format: Format,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let mut seen = Seen::since(now());
    // The past is asked for once the stream stands, so that nothing falls between the two.
    let mut stream = client.events_stream(&EventQuery { limit: None, ..query.clone() }).await?;
    if query.since.is_none() {
        // More is asked for than is printed: what is older must not be printed later either.
        let mut past = client.events(&EventQuery { limit: None, ..query.clone() }).await?;
        name_silent(&past, out);
        let printed = query.limit.map_or(FIRST, |limit| limit as usize);
        let latest = past.events.split_off(past.events.len().saturating_sub(printed));
        for event in &past.events {
            seen.is_new(event);
        }
        show(latest, &mut seen, format, out)?;
    }
    loop {
        while let Some(event) = next(&mut stream).await? {
            show(vec![event], &mut seen, format, out)?;
        }
        out.say("the connection ended; trying again until it comes back");
        stream = reconnect(client, &seen.resume(&query)).await?;
    }
}

async fn reconnect(client: &Client, query: &EventQuery) -> Result<EventStream, Failure> {
    loop {
        tokio::time::sleep(RETRY).await;
        match client.events_stream(query).await {
            Ok(stream) => return Ok(stream),
            Err(error @ (ClientError::Problem(_) | ClientError::Foreign { .. })) => return Err(error.into()),
            Err(_) => {}
        }
    }
}

/// The next event; nothing when the connection is over, however it ended.
async fn next(stream: &mut EventStream) -> Result<Option<EventRecord>, Failure> {
    match stream.next().await {
        Ok(event) => Ok(event),
        Err(error @ ClientError::Foreign { .. }) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Prints what was not printed yet.
fn show(events: Vec<EventRecord>, seen: &mut Seen, format: Format, out: &mut Out) -> Result<(), Failure> {
    for event in events {
        match seen.is_new(&event) {
            true if format.json => out.json_line(&event)?,
            true => out.data(&line(&event))?,
            false => {}
        }
    }
    Ok(())
}

/// By this machine's clock; it matters only until the first event has arrived.
fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
}

/// What was printed already.
struct Seen {
    /// The last number of each node.
    last: BTreeMap<NodeName, u64>,
    /// The latest changes of the cluster; every node logs them.
    revisions: BTreeSet<(Revision, u32, String)>,
    /// When the first connection was made.
    began: Timestamp,
    /// The latest event's time.
    until: Option<Timestamp>,
}

impl Seen {
    fn since(began: Timestamp) -> Self {
        Self { last: BTreeMap::new(), revisions: BTreeSet::new(), began, until: None }
    }

    /// Whether this was not told yet; it is from now on.
    fn is_new(&mut self, event: &EventRecord) -> bool {
        let last = self.last.entry(event.node.clone()).or_default();
        let mut tell = |at| self.revisions.insert((at, event.id, event.text.clone()));
        let is_new = event.seq > *last && event.revision.is_none_or(&mut tell);
        *last = event.seq.max(*last);
        self.until = self.until.max(Some(event.time));
        if self.revisions.len() > REVISIONS_MAX {
            self.revisions.pop_first();
        }
        is_new
    }

    /// The query that goes on where this ends.
    fn resume(&self, query: &EventQuery) -> EventQuery {
        let overlap_ms = u64::try_from(OVERLAP.as_millis()).unwrap_or(0);
        let from = self.until.unwrap_or(self.began).unix_ms().saturating_sub(overlap_ms);
        let since = Some(Timestamp::from_unix_ms(from).to_string());
        EventQuery { since, limit: None, ..query.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn after_a_lost_connection_nothing_is_printed_twice() {
        let mut seen = Seen::since("2026-11-22T12:01:00Z".parse().unwrap());
        let query = EventQuery { limit: Some(10), ..EventQuery::default() };
        assert_eq!(
            seen.resume(&query).since.as_deref(),
            Some("2026-11-22T12:00:00.000Z"),
            "nothing was seen"
        );
        let first = samples::event("n1", 1, Some(7));
        assert!(seen.is_new(&first));
        assert!(!seen.is_new(&first));
        assert!(!seen.is_new(&samples::event("n2", 9, Some(7))), "the same change, told by another node");
        assert!(seen.is_new(&samples::event("n2", 10, None)));
        let query = seen.resume(&query);
        assert_eq!((query.limit, query.since.as_deref()), (None, Some("2026-11-22T18:29:00.000Z")));
    }
}
