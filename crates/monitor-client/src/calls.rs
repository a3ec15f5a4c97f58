//! What was asked and is not answered yet.

use crate::drive::NotLoaded;
use model::TypeName;
use resource_api::message::TypeStanding;
use resource_api::{Checks, Failure, Outcome, ResourceId, TypeDescription, Verb};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// After a call's deadline the monitor has so long to say so. It says it at once, so this is for a
/// machine that is busy; after it the monitor is taken to hang.
const GRACE: Duration = Duration::from_secs(3);

/// What is not answered yet; and once the monitor has ended, how.
#[derive(Default)]
pub(crate) struct Calls {
    last: u64,
    calls: BTreeMap<u64, Call>,
    lists: VecDeque<oneshot::Sender<Vec<TypeStanding>>>,
    descriptions: BTreeMap<TypeName, VecDeque<oneshot::Sender<Result<TypeDescription, String>>>>,
    /// The longest look at each resource that is open: what a call may have to wait for at first, while it
    /// is watched.
    looks: BTreeMap<ResourceId, Look>,
    ended: Option<String>,
    not_loaded: Option<NotLoaded>,
}

struct Look {
    longest: Duration,
    watched: bool,
}

struct Call {
    id: ResourceId,
    verb: Verb,
    until: Instant,
    answer: oneshot::Sender<Outcome>,
}

/// A call that was noted: its number, until when its answer is waited for, and where that comes.
pub(crate) struct Noted {
    pub(crate) call: u64,
    pub(crate) until: Instant,
    pub(crate) answer: oneshot::Receiver<Outcome>,
}

impl Calls {
    /// Notes a call. The error is how the monitor has ended.
    pub(crate) fn begin(&mut self, id: &ResourceId, verb: Verb, deadline: Duration) -> Result<Noted, String> {
        if let Some(how) = &self.ended {
            return Err(how.clone());
        }
        self.last += 1;
        let look = self.looks.get(id).filter(|look| look.watched).map_or(Duration::ZERO, |look| look.longest);
        // A resource does one thing at a time: what was asked of it before comes first.
        let before = self.calls.values().filter(|call| call.id == *id).map(|call| call.until).max();
        let begins = before.unwrap_or_else(|| Instant::now() + look);
        // A deadline of centuries is none.
        let until = begins + deadline.min(Duration::from_secs(u64::from(u32::MAX))) + GRACE;
        let (sender, answer) = oneshot::channel();
        self.calls.insert(self.last, Call { id: id.clone(), verb, until, answer: sender });
        Ok(Noted { call: self.last, until, answer })
    }

    /// The answer is not waited for any more; whether it was still to come.
    pub(crate) fn forget(&mut self, call: u64) -> bool {
        self.calls.remove(&call).is_some()
    }

    pub(crate) fn answered(&mut self, call: u64, outcome: Outcome) {
        if let Some(waiting) = self.calls.remove(&call) {
            let _ = waiting.answer.send(outcome);
        }
    }

    pub(crate) fn list(&mut self) -> Option<oneshot::Receiver<Vec<TypeStanding>>> {
        let (sender, answer) = oneshot::channel();
        self.ended.is_none().then(|| self.lists.push_back(sender))?;
        Some(answer)
    }

    pub(crate) fn listed(&mut self, types: Vec<TypeStanding>) {
        if let Some(waiting) = self.lists.pop_front() {
            let _ = waiting.send(types);
        }
    }

    pub(crate) fn describe(
        &mut self,
        kind: &TypeName,
    ) -> Option<oneshot::Receiver<Result<TypeDescription, String>>> {
        let (sender, answer) = oneshot::channel();
        self.ended.is_none().then(|| self.descriptions.entry(kind.clone()).or_default().push_back(sender))?;
        Some(answer)
    }

    pub(crate) fn described(&mut self, kind: &TypeName, described: Result<TypeDescription, String>) {
        let Some(waiting) = self.descriptions.get_mut(kind) else { return };
        if let Some(first) = waiting.pop_front() {
            let _ = first.send(described);
        }
        if waiting.is_empty() {
            self.descriptions.remove(kind);
        }
    }

    pub(crate) fn opened(&mut self, id: ResourceId, checks: Checks) {
        let taken = [
            (checks.looks_alive_ms, checks.looks_alive_deadline_ms),
            (checks.is_alive_ms, checks.is_alive_deadline_ms),
        ];
        let taken = taken.into_iter().filter(|(every, _)| *every > 0).map(|(_, deadline)| deadline);
        let longest = Duration::from_millis(taken.max().unwrap_or_default());
        let watched = self.looks.get(&id).is_some_and(|look| look.watched);
        self.looks.insert(id, Look { longest, watched });
    }

    pub(crate) fn is_open(&self, id: &ResourceId) -> bool {
        self.looks.contains_key(id)
    }

    pub(crate) fn watched(&mut self, id: &ResourceId, on: bool) {
        if let Some(look) = self.looks.get_mut(id) {
            look.watched = on;
        }
    }

    pub(crate) fn closed(&mut self, id: &ResourceId) {
        self.looks.remove(id);
    }

    /// It says why it ends.
    pub(crate) fn not_loaded(&mut self, why: NotLoaded) {
        self.not_loaded = Some(why);
    }

    /// The monitor has ended: everybody who waits is told. Returns why it could not load its plug-in.
    pub(crate) fn end(&mut self, how: &str) -> Option<NotLoaded> {
        self.ended = Some(how.to_owned());
        for (_, Call { id, verb, answer, .. }) in std::mem::take(&mut self.calls) {
            let _ = answer.send(crashed(&id, verb, how));
        }
        self.lists.clear();
        self.descriptions.clear();
        self.not_loaded.take()
    }
}

/// What is answered for a monitor that has ended.
pub(crate) fn crashed(id: &ResourceId, verb: Verb, how: &str) -> Outcome {
    Outcome::failed(Failure::Crashed, format!("`{verb}` of {id}: the resource monitor {how}"))
}
