//! One monitor, kept running.
//!
//! The monitor of a plug-in has a library: it is started only while the library's files are as they
//! should be, and it is there only once the library has said which types it serves. Everything else is
//! the same for all monitors.

use super::flapping::Flapping;
use super::hearing::Noticed;
use super::library::Library;
use super::standing::Standing;
use super::trouble::{self, Trouble};
use super::{Change, Shared};
use futures::StreamExt as _;
use model::{GroupName, Moment, ResourceName, TypeName};
use monitor_client::{End, Monitor, Program};
use resource_api::message::TypeStanding;
use resource_api::{Checks, Cluster, Instance, Note, ResourceId, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// Probes of one adoption at a time. Each may be an agent, which is some processes; a thousand at once
/// would starve the very node that is to be rescued.
const PROBES_AT_ONCE: usize = 8;

/// A monitor that lived so long is no part of a series of ends.
const CALM: Duration = Duration::from_secs(60);

/// The longest wait before another start.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

/// From such a wait on nobody should wait for the next start: its types are lost meanwhile.
const TOO_LONG: Duration = Duration::from_secs(4);

/// How long a library may take to say what it serves. Its process gives up after 30 s by itself and says
/// why, which is better than being killed.
const LOAD_MAX: Duration = Duration::from_secs(40);

/// A monitor, or its absence, and what it has to be told.
pub(super) struct Slot {
    program: Program,
    /// Of a plug-in's monitor.
    library: Option<Library>,
    shared: Arc<Shared>,
    /// The types that are registered to it.
    types: Mutex<BTreeSet<TypeName>>,
    kept: Mutex<BTreeMap<ResourceId, Kept>>,
    /// What its groups' leases are. Changed only while `kept` is held.
    leases: Mutex<BTreeMap<GroupName, Lease>>,
    /// How the cluster is. Changed only while `kept` is held.
    cluster: Mutex<Option<Cluster>>,
    /// Changed only while `kept` is held, so that nothing is told to a monitor twice or not at all.
    current: watch::Sender<Current>,
    standing: Mutex<Standing>,
    /// Failures that are still to be told.
    flapping: Mutex<Flapping<Noticed>>,
    /// It kept ending: its types count as lost until one has lived for a while, or its files change.
    /// Otherwise whatever depends on them would be moved to and fro.
    given_up: AtomicBool,
}

/// A resource that it looks after.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) instance: Instance,
    pub(super) watched: bool,
}

/// Until when a group may run, and what is stopped first when that has passed.
struct Lease {
    until: Moment,
    stops: Vec<Vec<ResourceName>>,
}

#[derive(Clone)]
enum Current {
    /// It is being started, for the first time or again.
    Starting,
    /// It runs, and serves these types (told of a plug-in's alone).
    Runs(Monitor, Vec<TypeStanding>),
    /// It cannot be started. Tried again, but nobody should wait for it.
    Broken(Trouble),
    /// The daemon stops, or nobody wants it any more.
    Stopped,
}

impl Slot {
    pub(super) fn new(program: Program, library: Option<Library>, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            program,
            library,
            shared,
            types: Mutex::default(),
            kept: Mutex::default(),
            leases: Mutex::default(),
            cluster: Mutex::default(),
            current: watch::Sender::new(Current::Starting),
            standing: Mutex::new(Standing::Unknown),
            flapping: Mutex::default(),
            given_up: AtomicBool::new(false),
        })
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<ResourceId, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> Option<Monitor> {
        match &*self.current.borrow() {
            Current::Runs(monitor, _) => Some(monitor.clone()),
            _ => None,
        }
    }

    /// From now on these types are registered to it.
    pub(super) fn serve(&self, types: BTreeSet<TypeName>) {
        *self.types.lock().unwrap_or_else(PoisonError::into_inner) = types;
    }

    fn type_names(&self) -> BTreeSet<String> {
        let types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        types.iter().map(ToString::to_string).collect()
    }

    /// Whether its types can be used.
    pub(super) fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn open(&self, instance: Instance) {
        let mut kept = self.kept();
        let watched = kept.get(&instance.id).is_some_and(|known| known.watched);
        kept.insert(instance.id.clone(), Kept { instance: instance.clone(), watched });
        if let Some(monitor) = self.running() {
            monitor.open(instance);
        }
    }

    /// Forgets a resource; what it was is returned.
    pub(super) fn close(&self, id: &ResourceId) -> Option<Kept> {
        let mut kept = self.kept();
        let known = kept.remove(id);
        self.flapping().forget(id);
        if let Some(monitor) = self.running() {
            monitor.close(id);
        }
        known
    }

    pub(super) fn watch(&self, id: &ResourceId, on: bool) {
        let mut kept = self.kept();
        let Some(known) = kept.get_mut(id) else { return };
        known.watched = on;
        if let Some(monitor) = self.running() {
            monitor.watch(id, on);
        }
    }

    /// Tells what an agent on another node noted. A successor learns it with all other notes.
    pub(super) fn note(&self, note: Note) {
        let _kept = self.kept();
        if let Some(monitor) = self.running() {
            monitor.note(note);
        }
    }

    /// Tells how the cluster is, if that is another than before.
    pub(super) fn cluster(&self, cluster: Cluster) {
        let _kept = self.kept();
        let mut known = self.cluster.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref() == Some(&cluster) {
            return;
        }
        if let Some(monitor) = self.running() {
            monitor.cluster(cluster.clone());
        }
        *known = Some(cluster);
    }

    /// A group may run until then.
    pub(super) fn lease(&self, group: &GroupName, until: Moment, stops: &[Vec<ResourceName>]) {
        let _kept = self.kept();
        self.leases().insert(group.clone(), Lease { until, stops: stops.to_vec() });
        if let Some(monitor) = self.running() {
            monitor.lease(group.clone(), until, stops.to_vec());
        }
    }

    /// These may run until then.
    pub(super) fn renew(&self, groups: Vec<GroupName>, until: Moment) {
        let _kept = self.kept();
        let mut leases = self.leases();
        for group in &groups {
            if let Some(lease) = leases.get_mut(group) {
                lease.until = until;
            }
        }
        drop(leases);
        if let Some(monitor) = self.running() {
            monitor.renew(groups, until);
        }
    }

    /// Nothing of it runs any more.
    pub(super) fn unlease(&self, group: &GroupName) {
        let _kept = self.kept();
        self.leases().remove(group);
        if let Some(monitor) = self.running() {
            monitor.unlease(group.clone());
        }
    }

    fn leases(&self) -> MutexGuard<'_, BTreeMap<GroupName, Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of which type a resource is.
    pub(super) fn kind_of(&self, id: &ResourceId) -> Option<TypeName> {
        self.kept().get(id).map(|kept| kept.instance.kind.clone())
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn flapping(&self) -> MutexGuard<'_, Flapping<Noticed>> {
        self.flapping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The monitor, as soon as it runs. The error is why it does not.
    pub(super) async fn monitor(&self, limit: Duration) -> Result<Monitor, String> {
        let mut current = self.current.subscribe();
        let decided = current.wait_for(|current| !matches!(current, Current::Starting));
        let decided = timeout(limit, decided).await.map(|current| current.map(|current| current.clone()));
        match decided {
            Ok(Ok(Current::Runs(monitor, _))) => Ok(monitor),
            Ok(Ok(Current::Broken(trouble))) => Err(trouble.why),
            Ok(_) => Err("the daemon stops".to_owned()),
            Err(_) => Err(format!("the resource monitor for {} is being started", self.program.what)),
        }
    }

    /// Keeps it running until it is stopped.
    pub(super) async fn keep(self: &Arc<Self>) {
        match &self.library {
            None => self.keep_process().await,
            Some(library) => {
                let look = library.look(|| self.type_names(), || self.judge());
                tokio::join!(look, self.keep_process());
            }
        }
    }

    async fn keep_process(self: &Arc<Self>) {
        let mut in_a_row = 0;
        let mut first = true;
        while !matches!(*self.current.borrow(), Current::Stopped) {
            let mut looked = self.library.as_ref().map(Library::looked);
            if let Some(looked) = &mut looked {
                // Nothing is known before the first look; its sender lives as long as this.
                let _ = looked.wait_for(Option::is_some).await;
            }
            let began = Instant::now();
            let (broken, how) = match self.start().await {
                Ok((monitor, types)) => {
                    first = self.adopt(&monitor, types, first);
                    let end = self.until_its_end(&monitor).await;
                    self.ended(&end, monitor.pid());
                    (false, Some(end))
                }
                Err(trouble) => {
                    self.turn(Current::Broken(trouble));
                    (true, None)
                }
            };
            in_a_row = if began.elapsed() > CALM { 0 } else { in_a_row + 1 };
            let wait = back_off(in_a_row);
            if let Some(end) = how.filter(|_| wait >= TOO_LONG) {
                self.given_up.store(true, Ordering::Relaxed);
                self.turn(Current::Broken(trouble::keeps_ending(&end)));
            }
            let hopeless = broken || self.given_up.load(Ordering::Relaxed);
            let changed = async {
                match &mut looked {
                    // What does not work may be mended now; for one that ended once nothing is waited.
                    Some(looked) if hopeless => looked.changed().await.is_ok(),
                    _ => std::future::pending().await,
                }
            };
            let mended = tokio::select! { () = sleep(wait) => false, mended = changed => mended };
            if mended {
                in_a_row = 0;
                self.given_up.store(false, Ordering::Relaxed);
            }
        }
        // The part of the daemon that keeps monitors must not end before the daemon does.
        std::future::pending::<()>().await;
    }

    /// Waits for a monitor's end. One that lives for a while is trusted again.
    async fn until_its_end(&self, monitor: &Monitor) -> Arc<End> {
        if self.given_up.load(Ordering::Relaxed) {
            tokio::select! {
                end = monitor.ended() => return end,
                () = sleep(CALM) => {}
            }
            self.given_up.store(false, Ordering::Relaxed);
            self.judge();
        }
        monitor.ended().await
    }

    /// It is that from now on, unless it was stopped; whether it is.
    fn turn(&self, next: Current) -> bool {
        let turned = self.current.send_if_modified(|current| {
            let goes_on = !matches!(current, Current::Stopped);
            if goes_on {
                *current = next;
            }
            goes_on
        });
        self.judge();
        turned
    }

    /// Finds out whether its types can be used now, and tells of it if that has changed.
    fn judge(&self) {
        let broken = self.library.as_ref().and_then(Library::trouble);
        let next = match (broken, &*self.current.borrow()) {
            (Some(trouble), Current::Runs(..) | Current::Starting | Current::Broken(_)) => {
                Standing::Lost(trouble)
            }
            (None, Current::Runs(..)) if self.given_up.load(Ordering::Relaxed) => return,
            (None, Current::Runs(_, types)) => Standing::Serves(types.clone()),
            (None, Current::Broken(trouble)) => Standing::Lost(trouble.clone()),
            // As it was: a start takes a moment, and what is known is known until it is over.
            (_, Current::Starting | Current::Stopped) => return,
        };
        let before = {
            let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *standing, next.clone())
        };
        if before == next {
            return;
        }
        match (&before, &next) {
            // A reason that is the same with other types, or the same once more, has been told.
            (Standing::Lost(before), Standing::Lost(now)) if before.why == now.why => {}
            (_, Standing::Lost(Trouble { event: Some(event), .. })) => (self.shared.tell)(event.clone()),
            (Standing::Lost(Trouble { event: Some(_), .. }), Standing::Serves(_)) => {
                if let Some(library) = &self.library {
                    let types: Vec<String> = self.type_names().into_iter().collect();
                    let (types, plugin) = (types.join(", "), library.path().display().to_string());
                    (self.shared.tell)(events::PluginLoadable { types, plugin }.into());
                }
            }
            _ => {}
        }
        self.shared.changed.send_modify(|changes| *changes += 1);
    }

    async fn start(self: &Arc<Self>) -> Result<(Monitor, Vec<TypeStanding>), Trouble> {
        if let Some(trouble) = self.library.as_ref().and_then(Library::trouble) {
            return Err(trouble);
        }
        let (ground, what) = (&self.shared.ground, &self.program.what);
        let place = ground.place().map_err(|error| trouble::no_place(what, &error))?;
        let (news, heard) = monitor_client::news();
        let started = Monitor::start(&self.program, place, ground.monitors().as_deref(), news).await;
        let monitor = started.map_err(|error| trouble::not_started(what, &error))?;
        tokio::spawn(self.clone().listen(heard));
        let Some(library) = &self.library else { return Ok((monitor, Vec::new())) };
        match monitor.types(LOAD_MAX).await {
            Ok(types) => Ok((monitor, types)),
            Err(_) => {
                monitor.kill(format!("did not serve its library within {} s", LOAD_MAX.as_secs()));
                let end = monitor.ended().await;
                Err(trouble::ended_early(library.path(), &self.type_names(), &end))
            }
        }
    }

    /// Tells a new monitor everything, and has it look at everything. Returns false: the next one is not
    /// the first.
    fn adopt(self: &Arc<Self>, monitor: &Monitor, types: Vec<TypeStanding>, first: bool) -> bool {
        let kept = self.kept();
        if self.library.is_none() {
            // Only agents note anything.
            self.shared.notes.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|note| {
                monitor.note(note);
            });
        }
        if let Some(cluster) = &*self.cluster.lock().unwrap_or_else(PoisonError::into_inner) {
            monitor.cluster(cluster.clone());
        }
        for (group, Lease { until, stops }) in &*self.leases() {
            monitor.lease(group.clone(), *until, stops.clone());
        }
        for Kept { instance, watched } in kept.values() {
            monitor.open(instance.clone());
            if *watched {
                monitor.watch(&instance.id, true);
            }
        }
        if !self.turn(Current::Runs(monitor.clone(), types)) {
            monitor.kill("was ended: nobody wants it any more".to_owned());
            return false;
        }
        let probed: Vec<_> =
            kept.values().map(|kept| (kept.instance.id.clone(), kept.instance.checks)).collect();
        drop(kept);
        tracing::info!(pid = monitor.pid(), "the resource monitor for {} runs", self.program.what);
        if !first {
            let resources = probed.len() as u64;
            let monitor = self.program.what.clone();
            (self.shared.tell)(events::MonitorReplaced { monitor, resources }.into());
        }
        self.probe(monitor.clone(), probed);
        false
    }

    /// Has a monitor look at resources, some at a time; what it finds is told as news.
    fn probe(self: &Arc<Self>, monitor: Monitor, resources: Vec<(ResourceId, Checks)>) {
        let slot = self.clone();
        tokio::spawn(async move {
            let probe = |(id, checks): (ResourceId, Checks)| {
                let (slot, monitor) = (&slot, &monitor);
                async move {
                    let deadline = Duration::from_millis(checks.is_alive_deadline_ms);
                    let outcome = monitor.call(&id, Verb::Probe, deadline, BTreeMap::new()).await;
                    slot.hear(Change::Adopted { id, outcome });
                }
            };
            futures::stream::iter(resources.into_iter().map(probe))
                .buffer_unordered(PROBES_AT_ONCE)
                .count()
                .await;
        });
    }

    /// Takes over a resource that another monitor looked after until now.
    pub(super) fn take_over(self: &Arc<Self>, resource: Kept) {
        let (id, checks) = (resource.instance.id.clone(), resource.instance.checks);
        self.open(resource.instance);
        if resource.watched {
            self.watch(&id, true);
        }
        // One that does not run yet probes everything once it does.
        if let Some(monitor) = self.running() {
            self.probe(monitor, vec![(id, checks)]);
        }
    }

    fn ended(&self, end: &End, pid: u32) {
        let kept = self.kept();
        if !self.turn(Current::Starting) {
            return;
        }
        let names: Vec<String> = kept.keys().take(EVENT_RESOURCES_MAX).map(ToString::to_string).collect();
        let more = kept.len().saturating_sub(names.len());
        drop(kept);
        let resources = match (names.len(), more) {
            (0, _) => "no resource".to_owned(),
            (_, 0) => names.join(", "),
            (_, more) => format!("{}, and {more} more", names.join(", ")),
        };
        let printed = Some(end.said.clone()).filter(|said| !said.is_empty());
        let (monitor, how) = (self.program.what.clone(), end.how.clone());
        (self.shared.tell)(events::MonitorDied { monitor, pid, how, resources, printed }.into());
    }

    /// Asks it to end, for good.
    pub(super) async fn stop(&self, limit: Duration) {
        let monitor = {
            // As for all changes: nothing is opened between the two lines.
            let _kept = self.kept();
            let monitor = self.running();
            self.current.send_replace(Current::Stopped);
            monitor
        };
        if let Some(monitor) = monitor {
            monitor.quit(limit).await;
        }
    }
}

/// So many resources are named by the event that their monitor ended.
const EVENT_RESOURCES_MAX: usize = 20;

/// At once after a first end, then 1, 2, 4 seconds and so on.
fn back_off(in_a_row: u32) -> Duration {
    match in_a_row {
        0 | 1 => Duration::ZERO,
        more => Duration::from_secs(1 << (more - 2).min(6)).min(BACK_OFF_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_end_costs_nothing_and_a_series_ever_more() {
        let waits: Vec<u64> = (0..12).map(|in_a_row| back_off(in_a_row).as_secs()).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }
}
