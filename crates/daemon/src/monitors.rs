//! The supervisor of this node's resource monitors.
//!
//! A monitor runs what the daemon must never run itself: agents, and other people's code. Each is a
//! process, and this module sees to it that it is there, and that it can be lost:
//!
//! * [`Monitors`] is the handle: it knows which monitor looks after which resource, and everything that
//!   a monitor has to be told again after its end.
//! * `slot` keeps one monitor running. After an end, which is event 1146, it is started again, at once
//!   the first time and later and later if it goes on ending; all its resources are opened again,
//!   probed, and watched as before.
//! * `library` looks at the files of a plug-in's library, and `trouble` says what is wrong with them.
//!   While something is, its types are lost on this node and everything else goes on.
//! * `hearing` takes what a monitor tells unasked, and `failures` makes events of resources that fail;
//!   `flapping` sees to it that one that fails endlessly does not fill the log.
//! * `ground` is where monitors work: a folder, and a cgroup where there is one.
//!
//! There is one monitor for the built-in types, agents and units, and one for each library of plug-ins
//! that the desired state [registers](Monitors::register). A type that is registered to a library is
//! served by it alone, whether it can be loaded or not.
//!
//! Whoever asks for something during an outage waits for the successor, as long as the call's own
//! deadline lets it. What changes, unasked or found at an adoption, is told to all who
//! [listen](Monitors::news).
//!
//! Deliberately absent: what should run. That is the executor's, which is the user of all this.

mod failures;
mod flapping;
mod ground;
mod hearing;
mod library;
mod registered;
mod slot;
mod standing;
mod trouble;

pub use ground::Ground;
pub use monitor_client::Program;
pub use standing::{Standings, TypeProblem};

use crate::monitors::registered::Registered;
use crate::monitors::slot::Slot;
use model::{AbsolutePath, GroupName, Moment, ResourceName, TypeName};
use monitor_client::News;
use resource_api::message::{NoticedBy, TypeStanding};
use resource_api::{Cluster, Failure, Instance, Note, Notes, Outcome, ResourceId, TypeDescription, Verb};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, timeout};

/// How long a monitor may take to list its types: it reads some folders.
const LIST_MAX: Duration = Duration::from_secs(10);

/// How long it may take to describe one: an agent is run for it.
const DESCRIBE_MAX: Duration = Duration::from_secs(15);

/// How long monitors are waited for when the daemon stops. They have nothing to finish.
const QUIT_MAX: Duration = Duration::from_secs(2);

/// So many changes are kept for whoever is slow to hear them. Who missed some has to look at everything
/// anew, which is right however many there were.
const NEWS_KEPT: usize = 4096;

/// What was noticed about a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
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
    /// Its monitor has just been started, for the first time or after an end, and has probed it.
    Adopted {
        /// Which.
        id: ResourceId,
        /// What was found.
        outcome: Outcome,
    },
    /// An agent noted something: how well it would do as the primary, or an attribute of a node.
    Noted(Note),
}

impl From<News> for Change {
    fn from(news: News) -> Self {
        match news {
            News::Changed { id, outcome, noticed_by, left_out } => {
                Self::Changed { id, outcome, noticed_by, left_out }
            }
            News::Noted(note) => Self::Noted(note),
        }
    }
}

/// What raises events.
pub(crate) type Tell = Arc<dyn Fn(events::Draft) + Send + Sync>;

/// This node's resource monitors. Clones are the same.
#[derive(Clone)]
pub struct Monitors(Arc<Inner>);

struct Inner {
    built_in: Arc<Slot>,
    /// The program that loads plug-ins.
    host: Program,
    registered: Mutex<Registered>,
    /// Which monitor looks after a resource.
    resources: Mutex<BTreeMap<ResourceId, Arc<Slot>>>,
    shared: Arc<Shared>,
}

/// What all slots share.
struct Shared {
    ground: Ground,
    tell: Tell,
    news: broadcast::Sender<Change>,
    /// What agents noted, for the successors of the monitors that told it.
    notes: Mutex<Notes>,
    /// Counts the changes of what can be used.
    changed: watch::Sender<u64>,
}

impl Shared {
    /// Keeps what an agent noted; whether it says something new.
    fn note(&self, note: &Note) -> Result<bool, resource_api::notes::TooMuch> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).take(note.clone())
    }
}

impl std::fmt::Debug for Monitors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Monitors")
    }
}

impl Monitors {
    /// Monitors that work there, with this program for the built-in types, agents and units, and that one
    /// for plug-ins, which is told the library as its last argument. None runs before
    /// [`Self::keep_built_in`] and [`Self::register`].
    #[must_use]
    pub fn new(
        ground: Ground,
        built_in: Program,
        host: Program,
        tell: impl Fn(events::Draft) + Send + Sync + 'static,
    ) -> Self {
        let (news, changed) = (broadcast::Sender::new(NEWS_KEPT), watch::Sender::new(0));
        let shared =
            Arc::new(Shared { ground, tell: Arc::new(tell), news, notes: Mutex::default(), changed });
        let built_in = Slot::new(built_in, None, shared.clone());
        let (registered, resources) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { built_in, host, registered, resources, shared }))
    }

    /// Keeps the monitor of the built-in types, agents and units running, until [`Self::stop`].
    pub async fn keep_built_in(&self) {
        self.0.built_in.keep().await;
    }

    /// The folder below which each resource has its cgroup, where there are any.
    #[must_use]
    pub fn cgroups(&self) -> Option<std::path::PathBuf> {
        self.0.shared.ground.resources()
    }

    /// Which monitor looks after resources of that type.
    fn slot_of(&self, kind: &TypeName) -> Arc<Slot> {
        self.registered().slot(kind).unwrap_or_else(|| self.0.built_in.clone())
    }

    /// From now on this resource may be asked for; of one that is known: with these parameters. A
    /// successor of its monitor will be told.
    pub fn open(&self, instance: Instance) {
        // Held first, so that no other library takes over the type between the two lines.
        let mut resources = self.0.resources.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = self.slot_of(&instance.kind);
        if let Some(before) = resources.insert(instance.id.clone(), slot.clone())
            && !Arc::ptr_eq(&before, &slot)
        {
            let _ = before.close(&instance.id);
        }
        slot.open(instance);
    }

    /// Forgets a resource. What runs goes on running.
    pub fn close(&self, id: &ResourceId) {
        let slot = self.0.resources.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(slot) = slot {
            let _ = slot.close(id);
        }
        self.0.shared.notes.lock().unwrap_or_else(PoisonError::into_inner).forget(id);
    }

    /// Looks after a resource, or stops doing so. A successor of its monitor will do the same.
    pub fn watch(&self, id: &ResourceId, on: bool) {
        if let Some(slot) = self.slot(id) {
            slot.watch(id, on);
        }
    }

    /// A group may run here until then, on CLOCK_BOOTTIME. When that has passed, the monitor of the built-in
    /// types, agents and units stops what is its of it, whatever became of this process. `stops` is what goes
    /// first. Monitors of plug-ins are not told: foreign code may hold them up for as long as it likes.
    pub fn lease(&self, group: &GroupName, until: Moment, stops: &[Vec<ResourceName>]) {
        self.0.built_in.lease(group, until, stops);
    }

    /// Groups that are leased may run until then.
    pub fn renew(&self, groups: Vec<GroupName>, until: Moment) {
        self.0.built_in.renew(groups, until);
    }

    /// Nothing of a group runs here any more.
    pub fn unlease(&self, group: &GroupName) {
        self.0.built_in.unlease(group);
    }

    /// Takes up what an agent on another node noted.
    pub fn note(&self, note: &Note) {
        // More than is sensible is not kept.
        if self.0.shared.note(note).is_ok_and(|is_new| is_new) {
            self.0.built_in.note(note.clone());
        }
    }

    /// What agents noted, here or elsewhere.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        self.0.shared.notes.lock().unwrap_or_else(PoisonError::into_inner).iter().collect()
    }

    /// How the cluster is, for agents that ask.
    pub fn cluster(&self, cluster: Cluster) {
        self.0.built_in.cluster(cluster);
    }

    fn slot(&self, id: &ResourceId) -> Option<Arc<Slot>> {
        self.0.resources.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Asks for something to be done with a resource that was opened. There is an answer in any case,
    /// soon after the deadline at the latest; dropping the future cancels the call.
    pub async fn call(
        &self,
        id: &ResourceId,
        verb: Verb,
        deadline: Duration,
        arguments: BTreeMap<String, String>,
    ) -> Outcome {
        let Some(slot) = self.slot(id) else {
            return Outcome::failed(Failure::Undefined, format!("{id} was not opened"));
        };
        let began = Instant::now();
        let monitor = match slot.monitor(deadline).await {
            Ok(monitor) => monitor,
            Err(why) => return Outcome::failed(Failure::NotLoadable, why),
        };
        let left = deadline.saturating_sub(began.elapsed());
        let outcome = monitor.call(id, verb, left, arguments).await;
        if let Some((occasion, kind)) = failures::call(verb).zip(slot.kind_of(id))
            && let Some(event) = failures::of(id, &kind, occasion, &outcome)
        {
            (self.0.shared.tell)(event);
        }
        outcome
    }

    /// The types that there are on this node, those of plug-ins included.
    ///
    /// # Errors
    /// Why nobody can tell: the monitor of the built-in types does not run.
    pub async fn types(&self) -> Result<Vec<TypeStanding>, String> {
        let monitor = self.0.built_in.monitor(LIST_MAX).await?;
        let built_in = monitor.types(LIST_MAX).await.map_err(|lost| lost.to_string())?;
        let mut types: BTreeMap<TypeName, Option<String>> =
            built_in.into_iter().map(|standing| (standing.name, standing.problem)).collect();
        for (name, standing) in self.registered().standings() {
            let problem = match standing {
                None => Some("it is being loaded".to_owned()),
                Some(standing) => standing.err().map(|problem| problem.reason),
            };
            types.insert(name, problem);
        }
        Ok(types.into_iter().map(|(name, problem)| TypeStanding { name, problem }).collect())
    }

    /// What a type is.
    ///
    /// # Errors
    /// Why it does not say: it is not there, it is broken, or the monitor does not run.
    pub async fn describe(&self, kind: &TypeName) -> Result<TypeDescription, String> {
        let monitor = self.slot_of(kind).monitor(DESCRIBE_MAX).await?;
        monitor.describe(kind, DESCRIBE_MAX).await.map_err(|lost| lost.to_string())?
    }

    /// What a type of this library is, whether or not it is registered. For a library that is not, a
    /// process is started and ended again.
    ///
    /// # Errors
    /// Why it does not say: the library cannot be loaded, or has no such type.
    pub async fn describe_in(
        &self,
        kind: &TypeName,
        library: &AbsolutePath,
    ) -> Result<TypeDescription, String> {
        let known = self.registered().library(library);
        if let Some(slot) = known {
            let monitor = slot.monitor(DESCRIBE_MAX).await?;
            return monitor.describe(kind, DESCRIBE_MAX).await.map_err(|lost| lost.to_string())?;
        }
        let described = registered::describe_once(&self.0.host, &self.0.shared.ground, kind, library);
        timeout(DESCRIBE_MAX, described)
            .await
            .unwrap_or_else(|_| Err(format!("it was not loaded within {} s", DESCRIBE_MAX.as_secs())))
    }

    /// What is noticed from now on.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<Change> {
        self.0.shared.news.subscribe()
    }

    /// Below which folder each resource has its cgroup, where there are cgroups.
    #[must_use]
    pub fn cgroup_of_resources(&self) -> Option<std::path::PathBuf> {
        self.0.shared.ground.resources()
    }

    /// Counts the changes of what can be used on this node, so that they can be waited for.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.shared.changed.subscribe()
    }

    /// Asks all monitors to end, and waits for that. What runs goes on running.
    pub async fn stop(&self) {
        let plugins = self.registered().slots();
        let all = plugins.iter().chain([&self.0.built_in]).map(|slot| slot.stop(QUIT_MAX));
        futures::future::join_all(all).await;
        self.0.shared.ground.tidy();
    }
}
