//! One resource, looked after.
//!
//! * One call at a time, in the order in which they were asked for.
//! * Whoever asks for an end does not wait for a look: `offline` cuts a running look short, and
//!   `terminate` cuts short whatever runs and forgets what waits.
//! * Each call has its deadline. What is not done by then is dropped, which ends what it started.
//! * While the resource is watched it is looked at, and what changes is told once: that it is not any
//!   more as it should be, and that it is again.

use crate::kind::{Future, Request, Resource, World};
use resource_api::message::NoticedBy;
use resource_api::{Failure, FromMonitor, Instance, Outcome, Verb, Verdict};
use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

/// What a resource is told to do.
pub(crate) enum Order {
    /// A call of this number.
    Call(u64, Request),
    /// It is not wanted any more.
    Cancel(u64),
    /// Look after it, or not.
    Watch(bool),
    /// Its lease has ended: stop it, in order until this moment, and then at any price.
    End(Instant, oneshot::Sender<()>),
    /// From now on it is this.
    Become(Box<Instance>, Result<Arc<dyn Resource>, Outcome>),
}

/// How long what is done by force may take: a signal, and some looks at whether it worked.
const BY_FORCE: Duration = Duration::from_secs(5);

/// Looks after a resource until nobody can give it orders any more.
pub(crate) async fn look_after(
    instance: Instance,
    resource: Result<Arc<dyn Resource>, Outcome>,
    world: Arc<World>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let mut this = LookedAfter {
        instance,
        resource,
        world,
        waiting: VecDeque::new(),
        running: None,
        watched: None,
        changed: Box::pin(pending()),
    };
    loop {
        this.begin();
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(order) => this.take(order),
                None => return,
            },
            outcome = progress(&mut this.running) => this.finished(outcome),
            outcome = &mut this.changed => this.noticed(outcome, NoticedBy::Event),
            () = this.watched.as_ref().map_or_else(far, Watch::next_look) => this.look(),
        }
    }
}

struct LookedAfter {
    instance: Instance,
    resource: Result<Arc<dyn Resource>, Outcome>,
    world: Arc<World>,
    waiting: VecDeque<(u64, Request)>,
    running: Option<Running>,
    watched: Option<Watch>,
    /// The kernel's word, while somebody wants to hear it.
    changed: Future<Outcome>,
}

struct Running {
    /// The call that it answers; nothing: a look of our own.
    call: Option<u64>,
    verb: Verb,
    began: Instant,
    work: Future<Outcome>,
}

struct Watch {
    looks_alive: Option<Instant>,
    is_alive: Option<Instant>,
    /// Whether the last thing that was told, or expected, is that it runs.
    good: bool,
}

async fn progress(running: &mut Option<Running>) -> Outcome {
    match running {
        Some(running) => (&mut running.work).await,
        None => pending().await,
    }
}

fn far() -> Future<()> {
    Box::pin(pending())
}

impl Watch {
    fn next_look(&self) -> Future<()> {
        match self.looks_alive.into_iter().chain(self.is_alive).min() {
            Some(at) => Box::pin(sleep_until(at)),
            None => far(),
        }
    }
}

/// When the next look is due. All resources look at the same moments, a tenth of a second apart, so that
/// a thousand of them wake this process ten times a second and not a thousand times.
fn after(interval_ms: u64) -> Option<Instant> {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    const GRID_MS: u64 = 100;
    if interval_ms == 0 {
        return None;
    }
    let elapsed = u64::try_from(FIRST.elapsed().as_millis()).unwrap_or(u64::MAX / 2);
    let due = elapsed.saturating_add(interval_ms);
    let due = if interval_ms > GRID_MS { due / GRID_MS * GRID_MS } else { due };
    Some(*FIRST + Duration::from_millis(due))
}

impl LookedAfter {
    fn take(&mut self, order: Order) {
        match order {
            Order::Call(call, request) => {
                let ends = matches!(request.verb, Verb::Offline | Verb::Terminate);
                let by_force = request.verb == Verb::Terminate;
                if self.running.as_ref().is_some_and(|running| ends && running.verb.only_looks() || by_force)
                {
                    self.cut_short();
                }
                if by_force {
                    for (call, request) in std::mem::take(&mut self.waiting) {
                        let why = format!("`{}` was overtaken by `terminate`", request.verb);
                        self.answer(Some(call), Outcome::failed(Failure::Cancelled, why), Duration::ZERO);
                    }
                }
                self.waiting.push_back((call, request));
            }
            Order::Cancel(call) => {
                if self.running.as_ref().is_some_and(|running| running.call == Some(call)) {
                    self.cut_short();
                } else if let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == call) {
                    self.waiting.remove(at);
                    self.answer(Some(call), Outcome::failed(Failure::Cancelled, ""), Duration::ZERO);
                }
            }
            Order::End(until, done) => {
                self.watched = None;
                self.changed = Box::pin(pending());
                self.cut_short();
                for (call, request) in std::mem::take(&mut self.waiting) {
                    let why = format!("`{}`: the lease of its group has ended", request.verb);
                    self.answer(Some(call), Outcome::failed(Failure::Cancelled, why), Duration::ZERO);
                }
                self.running = Some(self.ending(until, done));
            }
            Order::Watch(true) => {
                let checks = self.instance.checks;
                self.watched = Some(Watch {
                    looks_alive: after(checks.looks_alive_ms),
                    is_alive: after(checks.is_alive_ms),
                    good: true,
                });
                self.listen();
            }
            Order::Watch(false) => {
                self.watched = None;
                self.changed = Box::pin(pending());
            }
            Order::Become(instance, resource) => {
                self.instance = *instance;
                self.resource = resource;
                if self.watched.is_some() {
                    self.listen();
                }
            }
        }
    }

    /// Begins the next call, if none runs.
    fn begin(&mut self) {
        if self.running.is_none()
            && let Some((call, request)) = self.waiting.pop_front()
        {
            self.running = Some(self.work(Some(call), request));
        }
    }

    fn work(&self, call: Option<u64>, request: Request) -> Running {
        let (verb, deadline) = (request.verb, request.deadline);
        let work: Future<Outcome> = match &self.resource {
            Err(why) => {
                let why = why.clone();
                Box::pin(async move { why })
            }
            Ok(resource) => {
                let work = resource.clone().call(request);
                Box::pin(async move {
                    timeout(deadline, work).await.unwrap_or_else(|_| {
                        let why = format!("`{verb}` was ended after {} ms", deadline.as_millis());
                        Outcome::failed(Failure::TimedOut, why)
                    })
                })
            }
        };
        Running { call, verb, began: Instant::now(), work }
    }

    /// Offline for as long as there is time, and then by force.
    fn ending(&self, until: Instant, done: oneshot::Sender<()>) -> Running {
        let request = |verb, deadline| Request { verb, deadline, arguments: BTreeMap::new() };
        let left = until.saturating_duration_since(Instant::now());
        let (in_order, by_force) = (
            self.work(None, request(Verb::Offline, left)).work,
            self.work(None, request(Verb::Terminate, BY_FORCE)).work,
        );
        let work: Future<Outcome> = Box::pin(async move {
            let mut outcome = in_order.await;
            if !matches!(outcome.verdict, Verdict::Done | Verdict::NotRunning) {
                outcome = by_force.await;
            }
            let _ = done.send(());
            outcome
        });
        Running { call: None, verb: Verb::Terminate, began: Instant::now(), work }
    }

    /// Ends what runs.
    fn cut_short(&mut self) {
        if let Some(Running { call, verb, began, work }) = self.running.take() {
            drop(work);
            let why = format!("`{verb}` was cut short");
            self.answer(call, Outcome::failed(Failure::Cancelled, why), began.elapsed());
        }
    }

    fn finished(&mut self, outcome: Outcome) {
        let Some(Running { call, verb, began, .. }) = self.running.take() else { return };
        match (call, verb) {
            // What is not there any more is told by whoever looks next.
            (None, Verb::Terminate) => {}
            (None, Verb::IsAlive) => self.noticed(outcome, NoticedBy::IsAlive),
            (None, _) => self.noticed(outcome, NoticedBy::LooksAlive),
            (call, _) => {
                if let (Some(watch), Verb::Online, true) = (&mut self.watched, verb, outcome.is_good()) {
                    // Whoever is told that it is online is told of its next end too.
                    watch.good = true;
                }
                self.answer(call, outcome, began.elapsed());
                if self.watched.is_some() && !verb.only_looks() {
                    // What the kernel says is of what runs now.
                    self.listen();
                }
            }
        }
    }

    fn answer(&self, call: Option<u64>, outcome: Outcome, took: Duration) {
        if let Some(call) = call {
            let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            self.world.tell(FromMonitor::Answer { call, outcome, took_us });
        }
    }

    fn listen(&mut self) {
        self.changed = match &self.resource {
            Ok(resource) => resource.clone().changed(),
            Err(_) => Box::pin(pending()),
        };
    }

    fn noticed(&mut self, outcome: Outcome, noticed_by: NoticedBy) {
        if noticed_by == NoticedBy::Event {
            // It has been said. What comes next begins with the next call, or with a look that is good.
            self.changed = Box::pin(pending());
        }
        let Some(watch) = &mut self.watched else { return };
        let was_good = std::mem::replace(&mut watch.good, outcome.is_good());
        if was_good != outcome.is_good() {
            if outcome.is_good() {
                self.listen();
            }
            let id = self.instance.id.clone();
            self.world.tell(FromMonitor::Changed { id, outcome, noticed_by, left_out: 0 });
        }
    }

    /// A look is due. While something else runs it is not taken, and is due again later.
    fn look(&mut self) {
        let (checks, now) = (self.instance.checks, Instant::now());
        let Some(watch) = &mut self.watched else { return };
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let (looks_alive, is_alive) = (due(watch.looks_alive), due(watch.is_alive));
        if looks_alive {
            watch.looks_alive = after(checks.looks_alive_ms);
        }
        if is_alive {
            watch.is_alive = after(checks.is_alive_ms);
        }
        // The thorough look is worth the cheap one too.
        let (verb, deadline_ms) = match is_alive {
            true => (Verb::IsAlive, checks.is_alive_deadline_ms),
            false if looks_alive => (Verb::LooksAlive, checks.looks_alive_deadline_ms),
            false => return,
        };
        if self.running.is_none() && self.waiting.is_empty() {
            let deadline = Duration::from_millis(deadline_ms);
            self.running = Some(self.work(None, Request { verb, deadline, arguments: BTreeMap::new() }));
        }
    }
}
