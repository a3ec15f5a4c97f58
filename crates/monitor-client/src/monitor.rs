//! A monitor that runs, and what can be asked of it.

use crate::calls::{Calls, Noted, crashed};
use crate::drive::{self, End};
use crate::news::Telling;
use crate::program::{Program, StartError, spawn};
use model::{GroupName, Moment, ResourceName, TypeName};
use resource_api::message::{Hello, Place, TypeStanding};
use resource_api::{Cluster, Failure, Instance, Note, Outcome, ResourceId, ToMonitor, TypeDescription, Verb};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{timeout, timeout_at};

/// The monitor has ended, or did not answer in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the resource monitor {0}")]
pub struct Lost(pub String);

/// A monitor that runs. Clones are handles on the same one.
#[derive(Clone)]
pub struct Monitor(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) pid: u32,
    pub(crate) to: mpsc::UnboundedSender<ToMonitor>,
    pub(crate) calls: Mutex<Calls>,
    pub(crate) news: Telling,
    /// Why it is to be killed, from whoever finds out first.
    pub(crate) condemned: watch::Sender<Option<String>>,
    pub(crate) ended: watch::Sender<Option<Arc<End>>>,
    pub(crate) pongs: watch::Sender<u64>,
}

impl Inner {
    pub(crate) fn new(pid: u32, to: mpsc::UnboundedSender<ToMonitor>, news: Telling) -> Arc<Self> {
        Arc::new(Self {
            pid,
            to,
            calls: Mutex::default(),
            news,
            condemned: watch::Sender::new(None),
            ended: watch::Sender::new(None),
            pongs: watch::Sender::new(0),
        })
    }

    /// It has ended: everybody who waits is told.
    pub(crate) fn end(&self, how: String, said: String) {
        let not_loaded = self.calls().end(&how);
        self.news.end();
        self.ended.send_replace(Some(Arc::new(End { how, said, not_loaded })));
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, message: ToMonitor) {
        // Fails only once it has ended, which whoever waits is told.
        let _ = self.to.send(message);
    }
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Monitor({})", self.0.pid)
    }
}

/// A call whose future is dropped is cancelled.
struct Cancelled<'m>(&'m Inner, u64);

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        if self.0.calls().forget(self.1) {
            self.0.say(ToMonitor::Cancel { call: self.1 });
        }
    }
}

impl Monitor {
    /// Starts a monitor and waits for its hello. It enters the cgroup, if one is given.
    ///
    /// # Errors
    /// [`StartError`]. Nothing is left running then.
    pub async fn start(
        program: &Program,
        place: Place,
        cgroup: Option<&Path>,
        news: Telling,
    ) -> Result<Self, StartError> {
        let spawned = spawn(program, cgroup)?;
        let (to, to_write) = mpsc::unbounded_channel();
        let ours = Hello::ours(concat!("steadfast ", env!("CARGO_PKG_VERSION")));
        let inner = Inner::new(spawned.pid, to, news);
        inner.say(ToMonitor::Hello { hello: ours, place });
        drive::begin(spawned, inner.clone(), to_write).await?;
        Ok(Self(inner))
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// From now on this resource may be asked for; of one that is known: with these parameters.
    pub fn open(&self, instance: Instance) {
        self.0.calls().opened(instance.id.clone(), instance.checks);
        self.0.say(ToMonitor::Open { instance });
    }

    /// Forgets a resource. What runs goes on running.
    pub fn close(&self, id: &ResourceId) {
        self.0.calls().closed(id);
        self.0.say(ToMonitor::Close { id: id.clone() });
    }

    /// Looks after a resource, or stops doing so.
    pub fn watch(&self, id: &ResourceId, on: bool) {
        self.0.calls().watched(id, on);
        self.0.say(ToMonitor::Watch { id: id.clone(), on });
    }

    /// Tells what was noted, before its start or elsewhere.
    pub fn note(&self, note: Note) {
        self.0.say(ToMonitor::Note { note });
    }

    /// Tells how the cluster is, from now on.
    pub fn cluster(&self, cluster: Cluster) {
        self.0.say(ToMonitor::Cluster { cluster });
    }

    /// A group may run there until then, on CLOCK_BOOTTIME; `stops` is what goes first if that passes.
    pub fn lease(&self, group: GroupName, until: Moment, stops: Vec<Vec<ResourceName>>) {
        self.0.say(ToMonitor::Lease { group, until_boot_ns: boot_ns(until), stops });
    }

    /// Groups that are leased may run until then.
    pub fn renew(&self, groups: Vec<GroupName>, until: Moment) {
        self.0.say(ToMonitor::Renew { groups, until_boot_ns: boot_ns(until) });
    }

    /// Nothing of a group runs there any more.
    pub fn unlease(&self, group: GroupName) {
        self.0.say(ToMonitor::Unlease { group });
    }

    /// Asks for something to be done. Dropping the future cancels it. An answer comes in any case: a
    /// monitor that lets its deadline pass is killed.
    pub async fn call(
        &self,
        id: &ResourceId,
        verb: Verb,
        deadline: Duration,
        arguments: BTreeMap<String, String>,
    ) -> Outcome {
        let noted = self.0.calls().begin(id, verb, deadline);
        let Noted { call, until, answer } = match noted {
            Ok(noted) => noted,
            Err(how) => return crashed(id, verb, &how),
        };
        let cancelled = Cancelled(&self.0, call);
        // Rounded up: no time at all would be something else.
        let deadline_ms = u64::try_from(deadline.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
        self.0.say(ToMonitor::Call { call, id: id.clone(), verb, deadline_ms, arguments });
        let outcome = match timeout_at(until, answer).await {
            Ok(Ok(outcome)) => outcome,
            // The sender is dropped with the monitor's end alone, and that answers first.
            Ok(Err(_)) => crashed(id, verb, "has ended"),
            Err(_) => {
                let how = format!("did not answer `{verb}` of {id}, which had {deadline_ms} ms");
                self.kill(format!("{how}, and was killed"));
                Outcome::failed(Failure::TimedOut, format!("the resource monitor {how}"))
            }
        };
        drop(cancelled);
        outcome
    }

    /// The types that it has.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn types(&self, limit: Duration) -> Result<Vec<TypeStanding>, Lost> {
        let answer = self.0.calls().list();
        self.0.say(ToMonitor::List);
        self.answer(answer, limit, "was asked for its types").await
    }

    /// What a type is; the inner error is why it does not say.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn describe(
        &self,
        kind: &TypeName,
        limit: Duration,
    ) -> Result<Result<TypeDescription, String>, Lost> {
        let answer = self.0.calls().describe(kind);
        self.0.say(ToMonitor::Describe { kind: kind.clone() });
        self.answer(answer, limit, &format!("was asked what {kind} is")).await
    }

    async fn answer<T>(
        &self,
        answer: Option<tokio::sync::oneshot::Receiver<T>>,
        limit: Duration,
        what: &str,
    ) -> Result<T, Lost> {
        let Some(answer) = answer else { return Err(self.lost()) };
        match timeout(limit, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(self.lost()),
            Err(_) => Err(Lost(format!("{what}, and has not answered within {} s", limit.as_secs()))),
        }
    }

    fn lost(&self) -> Lost {
        Lost(self.0.ended.borrow().as_ref().map_or_else(|| "has ended".to_owned(), |end| end.how.clone()))
    }

    /// Kills it; `how` is what its end is told as. What runs goes on running.
    pub fn kill(&self, how: String) {
        self.0.condemned.send_if_modified(|known| known.is_none() && known.replace(how).is_none());
    }

    /// Asks it to end, and kills it if it does not within this. What runs goes on running.
    pub async fn quit(&self, limit: Duration) {
        self.0.say(ToMonitor::Quit);
        if timeout(limit, self.ended()).await.is_err() {
            self.kill("did not end when it was asked to, and was killed".to_owned());
            self.ended().await;
        }
    }

    /// Waits for its end.
    pub async fn ended(&self) -> Arc<End> {
        let mut ended = self.0.ended.subscribe();
        match ended.wait_for(Option::is_some).await.map(|end| end.clone()) {
            Ok(Some(end)) => end,
            // Its sender lives as long as this handle.
            _ => std::future::pending().await,
        }
    }
}

fn boot_ns(moment: Moment) -> u64 {
    u64::try_from(moment.0.as_nanos()).unwrap_or(u64::MAX)
}
