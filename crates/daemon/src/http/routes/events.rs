//! Events, from every node.

use crate::clock;
use crate::http::body::Query;
use crate::http::caller::Administrator;
use crate::http::problem::{Answer, Failed};
use crate::node::Node;
use crate::peer::paths;
use api::{EventQuery, Events, Problem, ProblemKind, Silent};
use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use events::Level;
use futures::Stream;
use model::desired::parse_duration;
use model::stored::EventRecord;
use model::{NodeName, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How many events are returned where nothing is asked for.
const USUAL_LIMIT: u32 = 1_000;
/// How many at most.
const MOST: u32 = 10_000;
/// How long another node may take.
const LIMIT: Duration = Duration::from_secs(2);
/// Between two looks for new events while following.
const LOOK: Duration = Duration::from_millis(300);

/// A query whose words were understood.
#[derive(Debug, Clone)]
struct Wanted {
    since: Option<Timestamp>,
    level: Option<Level>,
    query: EventQuery,
}

fn level(text: &str) -> Option<Level> {
    [Level::Information, Level::Warning, Level::Error, Level::Critical]
        .into_iter()
        .find(|level| level.as_str() == text)
}

impl Wanted {
    fn new(query: EventQuery) -> Result<Self, Problem> {
        let bad = |text: String| Problem::new(ProblemKind::BadRequest, text);
        let since = match query.since.as_deref() {
            None => None,
            Some(text) => Some(match parse_duration(text) {
                Some(ago) => {
                    let now = clock::wall().unix_ms();
                    Timestamp::from_unix_ms(now.saturating_sub(ago.as_millis() as u64))
                }
                None => text.parse().map_err(|_| {
                    bad(format!(
                        "`{text}` is neither a time such as 2026-11-22T18:30:00Z nor a duration such as 15m"
                    ))
                })?,
            }),
        };
        let level = match query.level.as_deref() {
            None => None,
            Some(text) => Some(level(text).ok_or_else(|| {
                bad(format!("`{text}` is not a level: expected information, warning, error or critical"))
            })?),
        };
        Ok(Self { since, level, query })
    }

    fn wants(&self, event: &EventRecord) -> bool {
        self.since.is_none_or(|since| event.time >= since)
            && self.query.id.is_none_or(|id| event.id == id)
            && self.query.node.as_ref().is_none_or(|node| event.node.as_str() == node)
            && self.level.is_none_or(|level| self::level(&event.level).is_some_and(|of| of >= level))
    }

    fn limit(&self) -> usize {
        self.query.limit.unwrap_or(USUAL_LIMIT).min(MOST) as usize
    }
}

/// This node's own events.
pub(super) fn own(node: &Node, query: EventQuery) -> Result<Vec<EventRecord>, Problem> {
    let wanted = Wanted::new(query)?;
    node.log
        .query(wanted.query.after.unwrap_or(0), wanted.limit(), |event| wanted.wants(event))
        .map_err(|error| crate::http::problem::internal("the event log cannot be read", &error))
}

/// The events of all nodes that answer.
#[utoipa::path(get, path = "/v1/events",
    params(("since" = Option<String>, Query), ("id" = Option<u32>, Query), ("node" = Option<String>, Query),
        ("level" = Option<String>, Query), ("limit" = Option<u32>, Query), ("after" = Option<u64>, Query)),
    responses((status = 200, body = Events), (status = "default", body = Problem)))]
pub async fn list(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<EventQuery>,
) -> Answer<Events> {
    let wanted = Wanted::new(query.clone())?;
    // Peers get the instant, not "15m": each would count it from its own now.
    let query = EventQuery { since: wanted.since.map(|since| since.to_string()), ..query };
    let mut all = own(&node, query.clone())?;
    let mut silent = Vec::new();
    if query.after.is_none() {
        let others = node.others();
        let asked =
            others.iter().filter(|other| query.node.as_ref().is_none_or(|name| other.name.as_str() == name));
        let answers = asked.map(|other| async {
            (
                other.name.clone(),
                node.call_json::<Vec<EventRecord>>(other.id, paths::EVENTS, &query, LIMIT).await,
            )
        });
        for (name, answer) in futures::future::join_all(answers).await {
            match answer {
                Ok(events) => all.extend(events),
                Err(error) => silent.push(Silent { node: name.to_string(), reason: error.to_string() }),
            }
        }
    }
    // A change of the cluster is told by every node; asked of one node, all it told is shown, as it
    // told it: a change that it learned of late has an earlier time than its own events before it.
    let mut merged = if query.node.is_some() {
        all.sort_by(|a, b| (&a.node, a.seq).cmp(&(&b.node, b.seq)));
        all
    } else {
        merge(all, &mut BTreeSet::new())
    };
    let surplus = merged.len().saturating_sub(wanted.limit());
    merged.drain(..surplus);
    Ok(Json(Events { events: merged, silent }))
}

/// What tells one telling of a change from the tellings of other changes.
type Telling = (u64, u32, String);

fn merge(mut events: Vec<EventRecord>, told: &mut BTreeSet<Telling>) -> Vec<EventRecord> {
    events.sort_by(|a, b| (a.time, &a.node, a.seq).cmp(&(b.time, &b.node, b.seq)));
    events.retain(|event| {
        event.revision.is_none_or(|revision| told.insert((revision.0, event.id, event.text.clone())))
    });
    events
}

/// New events as they come, from all nodes; those since `since` first, where it is given.
#[utoipa::path(get, path = "/v1/events/stream",
    params(("since" = Option<String>, Query), ("id" = Option<u32>, Query), ("node" = Option<String>, Query),
        ("level" = Option<String>, Query)),
    responses((status = 200, content_type = "text/event-stream"), (status = "default", body = Problem)))]
pub async fn stream(
    State(node): State<Arc<Node>>,
    _: Administrator,
    Query(query): Query<EventQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failed> {
    let wanted = Wanted::new(query)?;
    let begun = clock::wall();
    let mut follower = Follower {
        node,
        wanted,
        begun,
        seen: BTreeMap::new(),
        told: BTreeSet::new(),
        ready: VecDeque::new(),
    };
    if follower.wanted.since.is_none() {
        follower.skip_what_was().await;
    }
    let stream = futures::stream::unfold(follower, |mut follower| async move {
        let record = follower.next().await;
        let event = Event::default().json_data(&record).unwrap_or_default();
        Some((Ok(event), follower))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(10))))
}

/// Follows the events of all nodes, each from the last one seen of it.
struct Follower {
    node: Arc<Node>,
    wanted: Wanted,
    /// When following began: of a node that is met later, what is older is not news.
    begun: Timestamp,
    seen: BTreeMap<NodeName, u64>,
    told: BTreeSet<Telling>,
    ready: VecDeque<EventRecord>,
}

impl Follower {
    async fn skip_what_was(&mut self) {
        let newest = EventQuery { limit: Some(1), ..EventQuery::default() };
        for (name, events) in self.ask(|_| newest.clone()).await {
            self.seen.insert(name, events.last().map_or(0, |event| event.seq));
        }
    }

    /// Asks every node, this one included, and returns who answered with what.
    async fn ask(&self, query: impl Fn(&NodeName) -> EventQuery) -> Vec<(NodeName, Vec<EventRecord>)> {
        let name = self.node.name().clone();
        let mut answers = vec![(name.clone(), own(&self.node, query(&name)).unwrap_or_default())];
        let others = self.node.others();
        let asked = others.iter().filter(|other| self.node.is_up(other.id)).map(|other| {
            let query = query(&other.name);
            let node = self.node.clone();
            async move {
                let answer = node.call_json::<Vec<EventRecord>>(other.id, paths::EVENTS, &query, LIMIT).await;
                (other.name.clone(), answer.unwrap_or_default())
            }
        });
        answers.extend(futures::future::join_all(asked).await);
        answers
    }

    async fn next(&mut self) -> EventRecord {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            let seen = self.seen.clone();
            let since = Some(self.wanted.since.unwrap_or(self.begun).to_string());
            let after = |name: &NodeName| EventQuery {
                after: Some(seen.get(name).copied().unwrap_or(0)),
                since: since.clone().filter(|_| !seen.contains_key(name)),
                limit: Some(MOST),
                ..EventQuery::default()
            };
            let mut fresh = Vec::new();
            for (name, events) in self.ask(after).await {
                if let Some(last) = events.last() {
                    self.seen.insert(name, last.seq);
                }
                fresh.extend(events);
            }
            let fresh = if self.wanted.query.node.is_some() { fresh } else { merge(fresh, &mut self.told) };
            self.ready.extend(fresh.into_iter().filter(|event| self.wanted.wants(event)));
            // What is older than this is behind every node's last event, and is not asked for again.
            while self.told.len() > MOST as usize {
                self.told.pop_first();
            }
            if self.ready.is_empty() {
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}
