//! What this monitor has said and the daemon has not read yet.
//!
//! A daemon that stands still reads nothing, while resources go on changing. So of each resource only
//! its latest change waits, with the count of those that it overtook, and of each note the latest; of
//! everything else there is as much as the daemon itself has asked for.

use resource_api::notes::NoteAbout;
use resource_api::{FromMonitor, Latest, ResourceId};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: Latest<About, FromMonitor>,
    closed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    State(ResourceId),
    Note(NoteAbout),
}

impl Outbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, message: FromMonitor) {
        let messages = &mut self.waiting().messages;
        match message {
            FromMonitor::Changed { id, outcome, noticed_by, left_out } => {
                messages.push(About::State(id.clone()), |before| {
                    let before = match before {
                        Some(FromMonitor::Changed { left_out, .. }) => left_out + 1,
                        _ => 0,
                    };
                    FromMonitor::Changed { id, outcome, noticed_by, left_out: left_out + before }
                });
            }
            FromMonitor::Note { note } => {
                messages.push(About::Note(note.about()), |_| FromMonitor::Note { note });
            }
            message => messages.push_for_good(message),
        }
        self.more.notify_one();
    }

    /// Nothing will be put any more.
    pub(crate) fn close(&self) {
        self.waiting().closed = true;
        self.more.notify_one();
    }

    /// The next, as soon as there is one; nothing, once it is closed and empty. For one reader.
    pub(crate) async fn next(&self) -> Option<FromMonitor> {
        loop {
            {
                let mut waiting = self.waiting();
                match waiting.messages.pop() {
                    Some(message) => return Some(message),
                    None if waiting.closed => return None,
                    None => {}
                }
            }
            self.more.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use resource_api::Outcome;
    use resource_api::message::NoticedBy;

    #[test]
    fn of_a_resource_that_flaps_while_nobody_reads_the_latest_state_waits_with_its_count() {
        let outbox = Outbox::default();
        for number in 0..100_000 {
            let id = ResourceId { group: "g".parse().unwrap(), resource: "r".parse().unwrap() };
            let outcome = if number % 2 == 0 { Outcome::not_running() } else { Outcome::running() };
            outbox.put(FromMonitor::Changed { id, outcome, noticed_by: NoticedBy::Event, left_out: 0 });
            if number == 0 {
                outbox.put(FromMonitor::Pong { nonce: 1 });
            }
        }
        outbox.close();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let said = runtime.block_on(async {
            let mut said = Vec::new();
            while let Some(message) = outbox.next().await {
                said.push(message);
            }
            said
        });
        let [FromMonitor::Pong { .. }, FromMonitor::Changed { outcome, left_out: 99_999, .. }] = &said[..]
        else {
            panic!("{said:?}")
        };
        assert_eq!(*outcome, Outcome::running());
    }
}
