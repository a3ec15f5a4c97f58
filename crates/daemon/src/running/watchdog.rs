//! The watchdog of this node, if `steadfast.toml` names one.
//!
//! It is fed by a thread of crate `gate` until the deadline that the runner says ([`execution::Feeding`]), which is
//! moved under the lock under which everything about what runs here is decided, before anything is carried out. So a
//! daemon that is frozen, killed or stuck feeds it no longer than its lease lasts, and one whose monitor is frozen no
//! longer than what the monitor should have stopped may run. ARCHITECTURE.md has the argument.
//!
//! Others count on it only as long as the database says that it is armed. So it is armed first and reported then;
//! and it is disarmed only once the database does not promise it any more, or when nothing here depends on it and
//! nothing is opened any more. A device that cannot be had, or not be fed, is told (event 20912, and an alarm), and
//! the node goes on without it.
//!
//! Deliberately absent: feeding in another process. The daemon knows of everything that runs here whether it was
//! stopped, also of plug-ins; and one that stays away for longer than the time-out is what a watchdog is for.

use super::{gates, lease, with};
use crate::clock;
use crate::config;
use crate::node::Node;
use execution::Feeding;
use membership::timers::Timers;
use model::stored::WatchdogRecord;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Devices count in seconds, and may be late by one.
const GRANULARITY: Duration = Duration::from_secs(1);

/// Beyond a lease, where the administrator says nothing: what the monitor stops when the lease has ended gets half a
/// second to end in order, and then some until it is known to have ended. More only makes takeovers wait, twice.
const BEYOND_LEASE: Duration = Duration::from_secs(3);

/// Between two looks at whether all is as it should be.
const LOOK: Duration = Duration::from_millis(100);

/// Between two tries to arm what could not be armed.
const AGAIN: Duration = Duration::from_secs(5);

/// So long after a start it is told what keeps the watchdog from being armed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The watchdog, or why there is none.
pub(crate) struct Watchdog {
    is_configured: bool,
    /// Until when it may be fed, in nanoseconds since boot.
    until_ns: Arc<AtomicU64>,
    state: Mutex<State>,
}

struct State {
    armed: Option<Armed>,
    /// It is to be disarmed, and nobody may count on it any more.
    withdrawn: bool,
    /// The daemon stops: it is not armed again.
    ended: bool,
    feeding: Feeding,
    problem: Option<String>,
    /// The group for which it is not fed any more has been told.
    told_unfed: bool,
}

struct Armed {
    dog: gate::Watchdog,
    record: WatchdogRecord,
}

impl Watchdog {
    pub(super) fn new(is_configured: bool) -> Self {
        let state = State {
            armed: None,
            withdrawn: false,
            ended: false,
            feeding: Feeding::NOT_YET,
            problem: None,
            told_unfed: false,
        };
        Self { is_configured, until_ns: Arc::default(), state: Mutex::new(state) }
    }

    /// It may be fed until then. Called before anything that follows from it is carried out.
    pub(super) fn follow(&self, feeding: impl FnOnce() -> Feeding) {
        if !self.is_configured {
            return;
        }
        let feeding = feeding();
        self.until_ns.store(u64::try_from(feeding.until.0.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
        self.state().feeding = feeding;
    }

    /// What others may count on.
    pub(super) fn promised(&self) -> Option<WatchdogRecord> {
        let state = self.state();
        let armed = state.armed.as_ref().filter(|armed| !state.withdrawn && armed.dog.trouble().is_none());
        armed.map(|armed| armed.record)
    }

    /// Why it is not armed, or not fed.
    pub(crate) fn problem(&self) -> Option<String> {
        self.state().problem.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_be_fed(&self) -> bool {
        self.state().feeding.until > clock::moment()
    }
}

/// What it should be, by the timers in force.
fn wanted(node: &Node, config: &config::Watchdog) -> Result<WatchdogRecord, String> {
    let timeout = config.timeout.unwrap_or_else(|| usual(&node.timers()));
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match lease::settings(node).watchdog(timeout, GRANULARITY) {
        Ok(_) => Ok(WatchdogRecord { timeout_ms: ms(timeout), granularity_ms: ms(GRANULARITY) }),
        Err(contradiction) => Err(format!("{contradiction}; set `watchdog_timeout` in steadfast.toml")),
    }
}

/// The time-out where none is given: in whole seconds.
fn usual(timers: &Timers) -> Duration {
    let span = timers.lease + BEYOND_LEASE;
    Duration::from_secs(span.as_secs() + u64::from(span.subsec_nanos() > 0))
}

/// Arms the watchdog, and keeps it as it should be, for ever.
pub(crate) async fn look_after(node: Arc<Node>) {
    let Some(config) = node.config.watchdog.clone() else { return std::future::pending().await };
    let began = clock::moment();
    loop {
        let armed = node.running.watchdog.state().armed.as_ref().map(|armed| armed.record);
        let wanted = wanted(&node, &config);
        let again = match (armed, wanted) {
            // Others count on what the database promises: this one is armed once they do not count on another.
            (None, Ok(record)) if promised(&node).is_some_and(|other| other != record) => LOOK,
            (None, Ok(record)) if node.running.watchdog.may_be_fed() => arm(&node, &config, record).await,
            (None, Ok(_)) => {
                if clock::moment().since(began) > PATIENCE {
                    tell(&node, &config.device, what_may_be_left(&node));
                }
                LOOK
            }
            (None, Err(why)) => {
                tell(&node, &config.device, Some(why));
                AGAIN
            }
            (Some(record), Ok(wanted)) if record == wanted => {
                watch(&node, &config.device);
                LOOK
            }
            (Some(_), _) => {
                withdraw(&node, &config.device).await;
                LOOK
            }
        };
        clock::beat(again).await;
    }
}

async fn arm(node: &Arc<Node>, config: &config::Watchdog, record: WatchdogRecord) -> Duration {
    let dog = &node.running.watchdog;
    if dog.state().ended {
        return AGAIN;
    }
    let timeout = Duration::from_millis(record.timeout_ms);
    let every = node.timers().heartbeat.max(timeout / 10);
    let (device, until) = (config.device.clone(), dog.until_ns.clone());
    // A driver may take its time.
    let armed =
        tokio::task::spawn_blocking(move || gate::Watchdog::arm(&device, timeout, every, until)).await;
    let problem = match armed {
        Ok(Ok(armed)) => {
            let identity = armed.identity().to_owned();
            dog.state().armed = Some(Armed { dog: armed, record });
            tell(node, &config.device, None);
            let (device, timeout_s) = (config.device.display().to_string(), timeout.as_secs());
            node.log.raise(events::WatchdogArmed { device, identity, timeout_s });
            if dog.state().ended {
                let_go(node, &config.device).await;
            }
            return LOOK;
        }
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tell(node, &config.device, Some(problem));
    AGAIN
}

/// What keeps it from being armed after a start.
fn what_may_be_left(node: &Node) -> Option<String> {
    let group = node.running.watchdog.state().feeding.group.clone();
    let group = group.filter(|_| node.quorum().has)?;
    Some(format!(
        "group {group} may run here since before this daemon was started; `steadfast explain {group}` says what \
         is in the way of stopping it"
    ))
}

/// Of one that is armed: whether it can be fed, and is.
fn watch(node: &Node, device: &Path) {
    let (trouble, unfed) = {
        let mut state = node.running.watchdog.state();
        let Some(armed) = &state.armed else { return };
        let (trouble, record) = (armed.dog.trouble(), armed.record);
        let overdue = clock::moment().since(state.feeding.until);
        // Whatever is stopped in order when its lease ends is late for a moment.
        let is_unfed = overdue > Duration::from_millis(record.timeout_ms / 2);
        let was_told = std::mem::replace(&mut state.told_unfed, is_unfed);
        let group = state.feeding.group.clone().filter(|_| is_unfed && !was_told);
        (trouble, group.map(|group| (group, record)))
    };
    tell(node, device, trouble);
    if let Some((group, record)) = unfed {
        let within_s = (record.timeout_ms + record.granularity_ms).div_ceil(1_000);
        node.log.raise(events::WatchdogUnfed { group, within_s });
    }
}

/// It is not as it should be any more: nobody may count on it; then it is disarmed, and armed anew.
async fn withdraw(node: &Arc<Node>, device: &Path) {
    withhold(node);
    if promised(node).is_none() {
        disarm(node, device).await;
        node.running.watchdog.state().withdrawn = false;
    }
}

/// What the database promises.
fn promised(node: &Node) -> Option<WatchdogRecord> {
    node.state().nodes.get(&node.id()?)?.means.watchdog
}

/// Nobody may count on it any more; and as long as somebody does, nothing is opened here.
fn withhold(node: &Arc<Node>) {
    node.running.watchdog.state().withdrawn = true;
    if let Some(id) = node.id() {
        let keeps = gates::keeps_its_word(node, id, &node.state());
        with(node, |runner| runner.keeps_its_word(keeps));
    }
}

async fn disarm(node: &Arc<Node>, device: &Path) {
    let Some(armed) = node.running.watchdog.state().armed.take() else { return };
    let disarmed = tokio::task::spawn_blocking(move || armed.dog.disarm()).await;
    if let Ok(Err(error)) = disarmed {
        tell(node, device, Some(error.to_string()));
    }
}

/// Tells what is wrong with it, once.
fn tell(node: &Node, device: &Path, problem: Option<String>) {
    let before = std::mem::replace(&mut node.running.watchdog.state().problem, problem.clone());
    if let Some(problem) = problem.filter(|problem| before.as_ref() != Some(problem)) {
        node.log.raise(events::WatchdogNotArmed { device: device.display().to_string(), problem });
    }
}

/// The daemon stops, and has stopped what it could: with nothing left that depends on the watchdog, it is disarmed.
/// Otherwise it is left armed, and restarts the node.
pub(crate) async fn end(node: &Arc<Node>) {
    let Some(config) = &node.config.watchdog else { return };
    node.running.watchdog.state().ended = true;
    withhold(node);
    let_go(node, &config.device).await;
}

async fn let_go(node: &Arc<Node>, device: &Path) {
    let (feeding, is_armed) = {
        let state = node.running.watchdog.state();
        (state.feeding.clone(), state.armed.is_some())
    };
    if feeding == Feeding::FOR_EVER {
        disarm(node, device).await;
    } else if is_armed {
        let group = feeding.group.map_or_else(|| "something".to_owned(), |group| group.to_string());
        tracing::error!(
            "{group} may still run here, so the watchdog is left armed and restarts this machine"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::desired::{Profile, StallPolicy};

    #[test]
    fn the_usual_time_out_agrees_with_the_timers_of_every_profile() {
        for profile in Profile::ALL {
            let timers = Timers::of(profile);
            let (timeout, settings) =
                (usual(&timers), lease::settings_of(&timers, StallPolicy::Strict, None));
            assert!(settings.watchdog(timeout, GRANULARITY).is_ok(), "{profile}: {timeout:?}");
            // A daemon that is back within its lease has lost nothing, its node neither.
            assert!(timeout > timers.lease && timeout.subsec_nanos() == 0, "{profile}: {timeout:?}");
        }
        assert_eq!(usual(&Timers::of(Profile::Default)), Duration::from_secs(5));
    }
}
