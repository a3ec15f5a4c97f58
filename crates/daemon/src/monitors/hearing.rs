//! What a monitor tells unasked: heard, handed on, and made an event of where a person should know.

use super::slot::Slot;
use super::{Change, failures};
use monitor_client::Hearing;
use resource_api::ResourceId;
use resource_api::message::NoticedBy;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// After a change was heard, the next are heard so much later, of each resource the latest. It is far less
/// than anybody notices, and a resource that flaps costs whoever decides no more than a hundred looks a
/// second.
const PACE: Duration = Duration::from_millis(10);

/// A failure that was noticed.
#[derive(Debug, Clone)]
pub(super) struct Noticed {
    outcome: resource_api::Outcome,
    by: NoticedBy,
}

impl Slot {
    /// Hears a monitor until its end.
    pub(super) async fn listen(self: Arc<Self>, mut heard: Hearing) {
        loop {
            let due = self.flapping().next();
            let due = async {
                match due {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                all = heard.next() => {
                    if all.is_empty() {
                        break;
                    }
                    all.into_iter().for_each(|one| self.hear(one.into()));
                    sleep(PACE).await;
                }
                () = due => {}
            }
            let due = self.flapping().due(Instant::now());
            due.into_iter().for_each(|(id, failure, left_out)| self.tell_failure(&id, &failure, left_out));
        }
        // Its successor has others to tell of.
        let rest = self.flapping().rest(Instant::now());
        rest.into_iter().for_each(|(id, failure, left_out)| self.tell_failure(&id, &failure, left_out));
    }

    /// What was noticed goes to everybody; what a person should know of it becomes an event.
    pub(super) fn hear(&self, change: Change) {
        if let Change::Noted(note) = &change {
            // More than is sensible is told to whoever listens, and to no successor.
            let _ = self.shared().note(note);
        }
        if let Change::Changed { id, outcome, noticed_by, left_out } = &change
            && !outcome.is_good()
        {
            let noticed = Noticed { outcome: outcome.clone(), by: *noticed_by };
            let now = self.flapping().offer(id, noticed, *left_out, Instant::now());
            if let Some((failure, left_out)) = now {
                self.tell_failure(id, &failure, left_out);
            }
        }
        // Nobody has to listen.
        let _ = self.shared().news.send(change);
    }

    fn tell_failure(&self, id: &ResourceId, failure: &Noticed, left_out: u64) {
        let Some(kind) = self.kind_of(id) else { return };
        let occasion = failures::noticed(failure.by, left_out);
        if let Some(event) = failures::of(id, &kind, &occasion, &failure.outcome) {
            (self.shared().tell)(event);
        }
    }
}
