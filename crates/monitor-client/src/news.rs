//! What a monitor tells unasked, until somebody hears it.
//!
//! A resource that flaps, or a monitor that has lost its mind, may tell faster than anybody listens. So
//! what waits is bounded by construction: of each resource that is open no more than its latest state,
//! with the count of those that it overtook; of each note the latest, and no more of them than are ever
//! kept. What is told of a resource that was not opened is nobody's, and is dropped.

use resource_api::message::NoticedBy;
use resource_api::notes::NoteAbout;
use resource_api::{Latest, Note, Notes, Outcome, ResourceId};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Something that a monitor told unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A watched resource is not any more as it was.
    Changed {
        /// Which.
        id: ResourceId,
        /// How it is now.
        outcome: Outcome,
        /// Who noticed.
        noticed_by: NoticedBy,
        /// How many changes before this one nobody has heard of, because it overtook them.
        left_out: u64,
    },
    /// An agent noted something. Whoever keeps the monitor keeps the notes, and tells them to its
    /// successor.
    Noted(Note),
}

/// The end at which news come in: for [`Monitor::start`](crate::Monitor::start).
#[derive(Debug)]
pub struct Telling(Arc<Shared>);

/// The end at which they are heard.
#[derive(Debug)]
pub struct Hearing(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    news: Latest<About, News>,
    notes: usize,
    ended: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    State(ResourceId),
    Note(NoteAbout),
}

/// Both ends, for one monitor.
#[must_use]
pub fn news() -> (Telling, Hearing) {
    let shared = Arc::<Shared>::default();
    (Telling(shared.clone()), Hearing(shared))
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Telling {
    /// A resource that is open has changed.
    pub(crate) fn changed(&self, id: ResourceId, outcome: Outcome, noticed_by: NoticedBy, left_out: u64) {
        self.0.waiting().news.push(About::State(id.clone()), |before| {
            let before = match before {
                Some(News::Changed { left_out, .. }) => left_out.saturating_add(1),
                _ => 0,
            };
            News::Changed { id, outcome, noticed_by, left_out: left_out.saturating_add(before) }
        });
        self.0.more.notify_one();
    }

    /// An agent noted something. What is longer, or more, than is ever kept is dropped.
    pub(crate) fn noted(&self, note: Note) {
        let mut waiting = self.0.waiting();
        if note.is_too_long() || waiting.notes >= Notes::MAX {
            return;
        }
        let mut new = 1;
        waiting.news.push(About::Note(note.about()), |before| {
            new -= usize::from(before.is_some());
            News::Noted(note)
        });
        waiting.notes += new;
        self.0.more.notify_one();
    }

    /// Nothing more will come.
    pub(crate) fn end(&self) {
        self.0.waiting().ended = true;
        self.0.more.notify_one();
    }
}

impl Hearing {
    /// All that waits, as soon as there is something; nothing, once the monitor has ended and all was heard.
    pub async fn next(&mut self) -> Vec<News> {
        loop {
            let (waits, ended) = self.now();
            if ended || !waits.is_empty() {
                return waits;
            }
            self.0.more.notified().await;
        }
    }

    /// All that waits at this moment, and whether the monitor has ended.
    #[must_use]
    pub fn now(&mut self) -> (Vec<News>, bool) {
        let mut waiting = self.0.waiting();
        waiting.notes = 0;
        (std::iter::from_fn(|| waiting.news.pop()).collect(), waiting.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use resource_api::frame::encode;
    use resource_api::{Checks, FromMonitor, Instance};
    use std::collections::BTreeMap;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    fn id(name: &str) -> ResourceId {
        ResourceId { group: "g".parse().unwrap(), resource: name.parse().unwrap() }
    }

    fn changed(name: &str, outcome: Outcome) -> Vec<u8> {
        let (id, noticed_by) = (id(name), NoticedBy::LooksAlive);
        encode(&FromMonitor::Changed { id, outcome, noticed_by, left_out: 0 }).unwrap()
    }

    fn noted(number: usize, value: &str) -> Vec<u8> {
        let (node, name) = ("n1".to_owned(), number.to_string());
        let note = Note::Attribute { node, name, value: Some(value.to_owned()), lasting: false };
        encode(&FromMonitor::Note { note }).unwrap()
    }

    #[test]
    fn of_a_flood_the_last_state_of_each_resource_waits_and_is_heard_with_the_count_of_the_rest() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (news, ended) = runtime.block_on(async {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let (telling, mut hearing) = news();
            let monitor = crate::fuzzing::monitor(ours, telling);
            for name in ["a", "b"] {
                let (kind, parameters) = ("dummy".parse().unwrap(), BTreeMap::new());
                monitor.open(Instance { id: id(name), kind, parameters, checks: Checks::default() });
            }
            for number in 0..100_000 {
                let outcome = if number % 2 == 0 { Outcome::running() } else { Outcome::not_running() };
                theirs.write_all(&changed("a", outcome)).await.unwrap();
                if number % 100 == 0 {
                    // Whose is that?
                    theirs.write_all(&changed(&format!("x{number}"), Outcome::not_running())).await.unwrap();
                    theirs.write_all(&noted(7, &"x".repeat(Notes::TEXT_MAX_BYTES + 1))).await.unwrap();
                }
            }
            for number in 0..Notes::MAX + 100 {
                theirs.write_all(&noted(number, "1")).await.unwrap();
            }
            theirs.write_all(&noted(7, "2")).await.unwrap();
            theirs.write_all(&changed("b", Outcome::not_running())).await.unwrap();
            drop(theirs);
            monitor.ended().await;
            hearing.now()
        });
        assert!(ended);
        let states: Vec<_> = news
            .iter()
            .filter_map(|one| match one {
                News::Changed { id, outcome, left_out, .. } => Some((id, outcome, *left_out)),
                News::Noted(_) => None,
            })
            .collect();
        let down = Outcome::not_running();
        assert_eq!(states, [(&id("a"), &down, 99_999), (&id("b"), &down, 0)]);
        assert_eq!(news.len(), 2 + Notes::MAX);
    }
}
