//! What a resource type has to be.

use crate::outbox::Outbox;
use model::TypeName;
use resource_api::message::{Place, TypeStanding};
use resource_api::{Cluster, FromMonitor, Instance, Notes, Outcome, TypeDescription, Verb};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is awaited. Dropping it ends what it started and has not finished.
pub type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// A type.
pub trait ResourceType: Send + Sync {
    /// Why it cannot be used on this node; nothing: it can. Cheap: asked for each type of a list.
    fn problem(&self) -> Option<String> {
        None
    }

    /// What it is. The error is why it does not say.
    fn describe(&self) -> Future<Result<TypeDescription, String>>;

    /// A resource of this type. Touches nothing yet.
    ///
    /// # Errors
    /// If it cannot be one: why.
    fn open(&self, instance: &Instance, world: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome>;
}

/// Types that share the first word of their names, such as `ocf` in `ocf:heartbeat:Dummy`.
pub trait Family: Send + Sync {
    /// The type of this name, if there is one on this node.
    fn find(&self, kind: &TypeName) -> Option<Arc<dyn ResourceType>>;

    /// Why there is none, and what to do about it.
    fn why_not(&self, kind: &TypeName) -> String;

    /// All that there are on this node. May read folders.
    fn list(&self) -> Vec<TypeStanding>;
}

/// A resource. Calls never overlap, except that `terminate` may come while another is cut short.
pub trait Resource: Send + Sync {
    /// Does something. The deadline is kept by the caller, by dropping the future; a type that tells its
    /// agent how long it has finds it in the request.
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome>;

    /// Ends when the kernel, or a service manager, says that the resource is not any more as it was:
    /// with how it is now. Only awaited while the resource is watched, and after each call anew.
    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(std::future::pending())
    }
}

/// A call.
#[derive(Debug, Clone)]
pub struct Request {
    /// What.
    pub verb: Verb,
    /// How long it may take.
    pub deadline: Duration,
    /// What the verb has to know besides.
    pub arguments: BTreeMap<String, String>,
}

/// Where a monitor works, and to whom it tells what nobody asked for.
#[derive(Debug)]
pub struct World {
    /// The node, a folder, and perhaps a cgroup.
    pub place: Place,
    pub(crate) outbox: Arc<Outbox>,
    /// What the daemon told, and agents noted since.
    pub(crate) known: Mutex<Known>,
}

/// What agents may ask about the cluster.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) notes: Notes,
    pub(crate) cluster: Cluster,
}

impl World {
    pub(crate) fn new(place: Place, outbox: Arc<Outbox>) -> Self {
        let known = Known { notes: Notes::default(), cluster: Cluster::alone(&place.node) };
        Self { place, outbox, known: Mutex::new(known) }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the daemon something.
    pub fn tell(&self, news: FromMonitor) {
        self.outbox.put(news);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Nobody is left who could say something.
        self.outbox.close();
    }
}

/// A verb that a type does not have.
#[must_use]
pub fn unimplemented(verb: Verb) -> Outcome {
    Outcome::failed(resource_api::Failure::Unimplemented, format!("it has no `{verb}`"))
}
