//! One monitor, kept running.

use super::{Change, Ground, Tell};
use futures::StreamExt as _;
use monitor_client::{End, Monitor, Program, StartError};
use resource_api::{Instance, ResourceId, Verb};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

/// Probes of one adoption at a time. Each may be an agent, which is some processes; a thousand at once
/// would starve the very node that is to be rescued.
const PROBES_AT_ONCE: usize = 8;

/// A monitor that lived so long is no part of a series of ends.
const CALM: Duration = Duration::from_secs(60);

/// The longest wait before another start.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

/// A monitor, or its absence, and what it has to be told.
pub(super) struct Slot {
    program: Program,
    ground: Arc<Ground>,
    tell: Tell,
    news: broadcast::Sender<Change>,
    kept: Mutex<BTreeMap<ResourceId, Kept>>,
    /// Changed only while `kept` is held, so that nothing is told to a monitor twice or not at all.
    current: watch::Sender<Current>,
}

struct Kept {
    instance: Instance,
    watched: bool,
}

#[derive(Clone)]
enum Current {
    /// It is being started, for the first time or again.
    Starting,
    Runs(Monitor),
    /// It cannot be started. Tried again, but nobody should wait for it.
    Broken(String),
    /// The daemon stops.
    Stopped,
}

impl Slot {
    pub(super) fn new(
        program: Program,
        ground: Arc<Ground>,
        tell: Tell,
        news: broadcast::Sender<Change>,
    ) -> Arc<Self> {
        let (kept, current) = (Mutex::default(), watch::Sender::new(Current::Starting));
        Arc::new(Self { program, ground, tell, news, kept, current })
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<ResourceId, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> Option<Monitor> {
        match &*self.current.borrow() {
            Current::Runs(monitor) => Some(monitor.clone()),
            _ => None,
        }
    }

    pub(super) fn open(&self, instance: Instance) {
        let mut kept = self.kept();
        let watched = kept.get(&instance.id).is_some_and(|known| known.watched);
        kept.insert(instance.id.clone(), Kept { instance: instance.clone(), watched });
        if let Some(monitor) = self.running() {
            monitor.open(instance);
        }
    }

    pub(super) fn close(&self, id: &ResourceId) {
        let mut kept = self.kept();
        kept.remove(id);
        if let Some(monitor) = self.running() {
            monitor.close(id);
        }
    }

    pub(super) fn watch(&self, id: &ResourceId, on: bool) {
        let mut kept = self.kept();
        let Some(known) = kept.get_mut(id) else { return };
        known.watched = on;
        if let Some(monitor) = self.running() {
            monitor.watch(id, on);
        }
    }

    /// The monitor, as soon as it runs. The error is why it does not.
    pub(super) async fn monitor(&self, limit: Duration) -> Result<Monitor, String> {
        let mut current = self.current.subscribe();
        let decided = current.wait_for(|current| !matches!(current, Current::Starting));
        let decided = timeout(limit, decided).await.map(|current| current.map(|current| current.clone()));
        match decided {
            Ok(Ok(Current::Runs(monitor))) => Ok(monitor),
            Ok(Ok(Current::Broken(why))) => Err(why),
            Ok(_) => Err("the daemon stops".to_owned()),
            Err(_) => Err(format!("the resource monitor for {} is being started", self.program.what)),
        }
    }

    /// Keeps it running until the daemon stops.
    pub(super) async fn keep(self: &Arc<Self>) {
        let (mut in_a_row, mut broken) = (0, false);
        let mut first = true;
        while !matches!(*self.current.borrow(), Current::Stopped) {
            let began = Instant::now();
            match self.start().await {
                Ok(monitor) => {
                    (first, broken) = (self.adopt(&monitor, first), false);
                    let end = monitor.ended().await;
                    self.ended(&end, monitor.pid());
                }
                Err(why) => {
                    // A series is told once; its reason is in the state of every type.
                    if !std::mem::replace(&mut broken, true) {
                        let (monitor, problem) = (self.program.what.clone(), why.clone());
                        (self.tell)(events::MonitorNotStarted { monitor, problem }.into());
                    }
                    self.turn(Current::Broken(why));
                }
            }
            in_a_row = if began.elapsed() > CALM { 0 } else { in_a_row + 1 };
            sleep(back_off(in_a_row)).await;
        }
        // The part of the daemon that keeps monitors must not end before the daemon does.
        std::future::pending::<()>().await;
    }

    /// It is that from now on, unless the daemon stops; whether it is.
    fn turn(&self, next: Current) -> bool {
        self.current.send_if_modified(|current| {
            let goes_on = !matches!(current, Current::Stopped);
            if goes_on {
                *current = next;
            }
            goes_on
        })
    }

    async fn start(&self) -> Result<Monitor, String> {
        let place = self.ground.place().map_err(|error| format!("its folder cannot be made: {error}"))?;
        let (news, mut heard) = mpsc::unbounded_channel();
        let started = Monitor::start(&self.program, place, self.ground.monitors().as_deref(), news).await;
        let monitor = started.map_err(|error: StartError| error.to_string())?;
        let all = self.news.clone();
        tokio::spawn(async move {
            while let Some(one) = heard.recv().await {
                // Nobody has to listen.
                let _ = all.send(one.into());
            }
        });
        Ok(monitor)
    }

    /// Tells a new monitor everything, and has it look at everything. Returns false: the next one is not
    /// the first.
    fn adopt(self: &Arc<Self>, monitor: &Monitor, first: bool) -> bool {
        let kept = self.kept();
        for Kept { instance, watched } in kept.values() {
            monitor.open(instance.clone());
            if *watched {
                monitor.watch(&instance.id, true);
            }
        }
        if !self.turn(Current::Runs(monitor.clone())) {
            monitor.kill("was ended: the daemon stops".to_owned());
            return false;
        }
        let probed: Vec<_> =
            kept.values().map(|kept| (kept.instance.id.clone(), kept.instance.checks)).collect();
        drop(kept);
        tracing::info!(pid = monitor.pid(), "the resource monitor for {} runs", self.program.what);
        if !first {
            let resources = probed.len() as u64;
            (self.tell)(events::MonitorReplaced { monitor: self.program.what.clone(), resources }.into());
        }
        let (news, monitor) = (self.news.clone(), monitor.clone());
        tokio::spawn(async move {
            let probe = |(id, checks): (ResourceId, resource_api::Checks)| {
                let (news, monitor) = (&news, &monitor);
                async move {
                    let deadline = Duration::from_millis(checks.is_alive_deadline_ms);
                    let outcome = monitor.call(&id, Verb::Probe, deadline, BTreeMap::new()).await;
                    let _ = news.send(Change::Adopted { id, outcome });
                }
            };
            futures::stream::iter(probed.into_iter().map(probe))
                .buffer_unordered(PROBES_AT_ONCE)
                .count()
                .await;
        });
        false
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
        (self.tell)(events::MonitorDied { monitor, pid, how, resources, printed }.into());
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
        self.ground.tidy();
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
