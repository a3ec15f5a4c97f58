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
//! * `ground` is where monitors work: a folder, and a cgroup where there is one.
//!
//! Whoever asks for something during an outage waits for the successor, as long as the call's own
//! deadline lets it. What changes, unasked or found at an adoption, is told to all who
//! [listen](Monitors::news).
//!
//! Deliberately absent: what should run. That is the executor's, which is the user of all this.

mod ground;
mod slot;

pub use ground::Ground;
pub use monitor_client::Program;

use crate::monitors::slot::Slot;
use model::TypeName;
use monitor_client::News;
use resource_api::message::{NoticedBy, TypeStanding};
use resource_api::{Failure, Instance, Outcome, ResourceId, TypeDescription, Verb};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::Instant;

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
    },
    /// Its monitor has just been started, for the first time or after an end, and has probed it.
    Adopted {
        /// Which.
        id: ResourceId,
        /// What was found.
        outcome: Outcome,
    },
    /// An instance rates itself as a future primary.
    Score {
        /// Which.
        id: ResourceId,
        /// How well; nothing: not at all any more.
        score: Option<i64>,
    },
}

impl From<News> for Change {
    fn from(news: News) -> Self {
        match news {
            News::Changed { id, outcome, noticed_by } => Self::Changed { id, outcome, noticed_by },
            News::Score { id, score } => Self::Score { id, score },
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
    /// Which monitor looks after a resource.
    resources: Mutex<BTreeMap<ResourceId, Arc<Slot>>>,
    news: broadcast::Sender<Change>,
}

impl std::fmt::Debug for Monitors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Monitors")
    }
}

impl Monitors {
    /// Monitors that work there, with this program for the built-in types, agents and units. None runs
    /// before [`Self::keep_built_in`].
    #[must_use]
    pub fn new(
        ground: Ground,
        built_in: Program,
        tell: impl Fn(events::Draft) + Send + Sync + 'static,
    ) -> Self {
        let news = broadcast::Sender::new(NEWS_KEPT);
        let built_in = Slot::new(built_in, Arc::new(ground), Arc::new(tell), news.clone());
        Self(Arc::new(Inner { built_in, resources: Mutex::default(), news }))
    }

    /// Keeps the monitor of the built-in types, agents and units running, until [`Self::stop`].
    pub async fn keep_built_in(&self) {
        self.0.built_in.keep().await;
    }

    /// Which monitor looks after resources of that type.
    fn slot_of(&self, _: &TypeName) -> &Arc<Slot> {
        &self.0.built_in
    }

    /// From now on this resource may be asked for; of one that is known: with these parameters. A
    /// successor of its monitor will be told.
    pub fn open(&self, instance: Instance) {
        let slot = self.slot_of(&instance.kind).clone();
        let mut resources = self.0.resources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = resources.insert(instance.id.clone(), slot.clone())
            && !Arc::ptr_eq(&before, &slot)
        {
            before.close(&instance.id);
        }
        slot.open(instance);
    }

    /// Forgets a resource. What runs goes on running.
    pub fn close(&self, id: &ResourceId) {
        let slot = self.0.resources.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(slot) = slot {
            slot.close(id);
        }
    }

    /// Looks after a resource, or stops doing so. A successor of its monitor will do the same.
    pub fn watch(&self, id: &ResourceId, on: bool) {
        if let Some(slot) = self.slot(id) {
            slot.watch(id, on);
        }
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
        match slot.monitor(deadline).await {
            Ok(monitor) => {
                let left = deadline.saturating_sub(began.elapsed());
                monitor.call(id, verb, left, arguments).await
            }
            Err(why) => Outcome::failed(Failure::NotLoadable, why),
        }
    }

    /// The types that there are on this node.
    ///
    /// # Errors
    /// Why nobody can tell: the monitor does not run.
    pub async fn types(&self) -> Result<Vec<TypeStanding>, String> {
        let monitor = self.0.built_in.monitor(LIST_MAX).await?;
        monitor.types(LIST_MAX).await.map_err(|lost| lost.to_string())
    }

    /// What a type is.
    ///
    /// # Errors
    /// Why it does not say: it is not there, it is broken, or the monitor does not run.
    pub async fn describe(&self, kind: &TypeName) -> Result<TypeDescription, String> {
        let monitor = self.slot_of(kind).monitor(DESCRIBE_MAX).await?;
        monitor.describe(kind, DESCRIBE_MAX).await.map_err(|lost| lost.to_string())?
    }

    /// What is noticed from now on.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<Change> {
        self.0.news.subscribe()
    }

    /// Asks all monitors to end, and waits for that. What runs goes on running.
    pub async fn stop(&self) {
        self.0.built_in.stop(QUIT_MAX).await;
    }
}
