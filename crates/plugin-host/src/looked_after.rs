//! One resource: what waits, what runs and until when, and when to look next.
//!
//! * One call at a time, in the order in which they were asked for.
//! * A call cannot be cut short: foreign code comes back when it likes. Whoever cancels one gets the
//!   answer at once, and the resource stays busy until it is back, or at its deadline ends the process.
//! * `terminate` does not wait for what runs, and what waits is forgotten.
//! * While the resource is watched it is looked at, and what changes is told once.

use crate::house::{World, noticed_by};
use crate::library::NativeType;
use crate::worker::{By, Work, Worker};
use resource_api::message::NoticedBy;
use resource_api::{Failure, FromMonitor, Instance, Outcome, Verb};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Giving a handle back frees memory and closes files. What takes longer hangs.
const CLOSE_DEADLINE: Duration = Duration::from_secs(30);

/// A deadline that the clock cannot hold is as good as this one: a century.
const FOREVER: Duration = Duration::from_secs(3_153_600_000);

/// A call.
pub(crate) struct Request {
    pub(crate) verb: Verb,
    pub(crate) deadline: Duration,
    pub(crate) arguments: BTreeMap<String, String>,
}

pub(crate) struct LookedAfter {
    instance: Arc<Instance>,
    kind: Result<Arc<NativeType>, Outcome>,
    /// Nothing before the first call.
    worker: Option<Worker>,
    waiting: VecDeque<(u64, Request)>,
    running: Option<Running>,
    /// `terminate`, beside what runs.
    terminating: Option<Running>,
    watch: Option<Watch>,
    closing: bool,
}

struct Running {
    answers: Answers,
    verb: Verb,
    began: Instant,
    until: Instant,
}

/// Who waits for what is running.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    Call(u64),
    Look(NoticedBy),
    /// It was cancelled.
    Nobody,
    /// What is open is being closed.
    Close,
}

struct Watch {
    looks_alive: Option<Instant>,
    is_alive: Option<Instant>,
    /// Whether the last thing that was told, or expected, is that it runs.
    good: bool,
    /// The library said that it failed, and why: to be looked at now.
    said: Option<String>,
}

fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or_else(|| now + FOREVER)
}

fn interval(now: Instant, interval_ms: u64) -> Option<Instant> {
    (interval_ms > 0).then(|| after(now, Duration::from_millis(interval_ms)))
}

impl LookedAfter {
    pub(crate) fn new(instance: Instance, kind: Result<Arc<NativeType>, Outcome>) -> Self {
        Self {
            instance: Arc::new(instance),
            kind,
            worker: None,
            waiting: VecDeque::new(),
            running: None,
            terminating: None,
            watch: None,
            closing: false,
        }
    }

    /// From now on it is this. The next call closes what is open and opens it anew.
    pub(crate) fn becomes(&mut self, instance: Instance, kind: Result<Arc<NativeType>, Outcome>) {
        self.closing = false;
        if *self.instance != instance {
            self.instance = Arc::new(instance);
        }
        self.kind = kind;
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Forgets it; true: at once.
    pub(crate) fn close(&mut self, world: &mut World) -> bool {
        self.forget_what_waits("it was closed", world);
        self.watch = None;
        self.closing = true;
        if self.running.is_none() && self.terminating.is_none() {
            self.begin(world);
        }
        self.worker.is_none()
    }

    pub(crate) fn watch(&mut self, on: bool) {
        let (checks, now) = (self.instance.checks, Instant::now());
        self.watch = on.then(|| Watch {
            looks_alive: interval(now, checks.looks_alive_ms),
            is_alive: interval(now, checks.is_alive_ms),
            good: true,
            said: None,
        });
    }

    pub(crate) fn said_to_have_failed(&mut self, why: String) {
        if let Some(watch) = &mut self.watch {
            watch.said = Some(why);
        }
    }

    pub(crate) fn call(&mut self, call: u64, request: Request, world: &mut World) {
        if request.verb == Verb::Terminate {
            self.forget_what_waits("it was overtaken by `terminate`", world);
            if self.running.is_some() && self.terminating.is_none() {
                self.terminate_beside(call, &request, world);
                return;
            }
        }
        self.waiting.push_back((call, request));
        self.begin(world);
    }

    fn terminate_beside(&mut self, call: u64, request: &Request, world: &mut World) {
        let (Ok(kind), Some(worker)) = (&self.kind, &self.worker) else { return };
        let now = Instant::now();
        match worker.terminate(kind.clone()) {
            Ok(()) => {
                let until = after(now, request.deadline);
                let answers = Answers::Call(call);
                self.terminating = Some(Running { answers, verb: request.verb, began: now, until });
            }
            Err(error) => world.answer(call, no_thread(&error), Duration::ZERO),
        }
    }

    fn forget_what_waits(&mut self, why: &str, world: &mut World) {
        for (call, request) in std::mem::take(&mut self.waiting) {
            let why = format!("`{}` was not begun: {why}", request.verb);
            world.answer(call, Outcome::failed(Failure::Cancelled, why), Duration::ZERO);
        }
    }

    pub(crate) fn cancel(&mut self, wanted: u64, world: &mut World) {
        let cancelled = |verb: Verb| Outcome::failed(Failure::Cancelled, format!("`{verb}` was cancelled"));
        for running in self.running.iter_mut().chain(self.terminating.iter_mut()) {
            if running.answers == Answers::Call(wanted) {
                running.answers = Answers::Nobody;
                world.answer(wanted, cancelled(running.verb), running.began.elapsed());
            }
        }
        if let Some(at) = self.waiting.iter().position(|(call, _)| *call == wanted)
            && let Some((call, request)) = self.waiting.remove(at)
        {
            world.answer(call, cancelled(request.verb), Duration::ZERO);
        }
    }

    /// Begins what waits, if nothing runs.
    fn begin(&mut self, world: &mut World) {
        while self.running.is_none() && self.terminating.is_none() {
            if let Some((call, request)) = self.waiting.pop_front() {
                if let Err(outcome) = self.run(Answers::Call(call), request, world) {
                    world.answer(call, outcome, Duration::ZERO);
                }
                continue;
            }
            if self.closing
                && let Some(worker) = &self.worker
            {
                worker.order(Work::Close);
                let now = Instant::now();
                let until = after(now, CLOSE_DEADLINE);
                self.running =
                    Some(Running { answers: Answers::Close, verb: Verb::Release, began: now, until });
            }
            return;
        }
    }

    fn run(&mut self, answers: Answers, request: Request, world: &World) -> Result<(), Outcome> {
        let kind = self.kind.clone()?;
        let worker = match &mut self.worker {
            Some(worker) => worker,
            none => {
                let started = Worker::start(&self.instance.id, &world.place.node, &world.events);
                none.insert(started.map_err(|error| no_thread(&error))?)
            }
        };
        let Request { verb, deadline, mut arguments } = request;
        let request = arguments.remove("request").unwrap_or_default();
        worker.order(Work::Call { instance: self.instance.clone(), kind, verb, request });
        let now = Instant::now();
        self.running = Some(Running { answers, verb, began: now, until: after(now, deadline) });
        Ok(())
    }

    /// Something came back; true: the resource is closed and can be forgotten.
    pub(crate) fn done(&mut self, by: By, outcome: Outcome, world: &mut World) -> bool {
        let finished = match by {
            By::Terminator => self.terminating.take(),
            By::Worker => self.running.take(),
            By::Closed => {
                self.running = None;
                self.worker = None;
                if self.closing {
                    return true;
                }
                // It was opened again meanwhile.
                None
            }
        };
        if let Some(finished) = finished {
            match finished.answers {
                Answers::Call(call) => world.answer(call, outcome, finished.began.elapsed()),
                Answers::Look(noticed_by) => self.noticed(outcome, noticed_by, world),
                Answers::Nobody | Answers::Close => {}
            }
        }
        self.begin(world);
        false
    }

    fn noticed(&mut self, outcome: Outcome, noticed_by: NoticedBy, world: &mut World) {
        let Some(watch) = &mut self.watch else { return };
        let was_good = std::mem::replace(&mut watch.good, outcome.is_good());
        if was_good != outcome.is_good() {
            let id = self.instance.id.clone();
            world.tell(&FromMonitor::Changed { id, outcome, noticed_by, left_out: 0 });
        }
    }

    /// The next moment at which something is due here.
    pub(crate) fn next_moment(&self) -> Option<Instant> {
        let ends = self.running.iter().chain(&self.terminating).map(|running| running.until);
        let idle = self.running.is_none() && self.terminating.is_none();
        let looks = self.watch.iter().filter(|_| idle).flat_map(|watch| {
            let said = watch.said.as_ref().map(|_| Instant::now());
            watch.looks_alive.into_iter().chain(watch.is_alive).chain(said)
        });
        ends.chain(looks).min()
    }

    /// Takes a look, if one is due and nothing runs.
    pub(crate) fn look_if_due(&mut self, now: Instant, world: &mut World) {
        if self.running.is_some() || self.terminating.is_some() {
            return;
        }
        let checks = self.instance.checks;
        let Some(watch) = &mut self.watch else { return };
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let (looks_alive, is_alive) = (due(watch.looks_alive), due(watch.is_alive));
        if looks_alive {
            watch.looks_alive = interval(now, checks.looks_alive_ms);
        }
        if is_alive {
            watch.is_alive = interval(now, checks.is_alive_ms);
        }
        let said = watch.said.take();
        // The thorough look is worth the cheap one too.
        let (verb, deadline_ms) = match is_alive || said.is_some() {
            true => (Verb::IsAlive, checks.is_alive_deadline_ms),
            false if looks_alive => (Verb::LooksAlive, checks.looks_alive_deadline_ms),
            false => return,
        };
        let by = if said.is_some() { NoticedBy::Event } else { noticed_by(verb) };
        let deadline = Duration::from_millis(deadline_ms);
        let request = Request { verb, deadline, arguments: BTreeMap::new() };
        if let Err(outcome) = self.run(Answers::Look(by), request, world) {
            self.noticed(outcome, by, world);
        }
    }

    /// Whether something here is past its deadline: it is told so, and what it is comes back in words.
    pub(crate) fn hung(&mut self, now: Instant, world: &mut World) -> Option<String> {
        let is_late = |running: &&mut Option<Running>| running.as_ref().is_some_and(|it| it.until <= now);
        let late = [&mut self.running, &mut self.terminating].into_iter().find(is_late)?.take()?;
        let ms = late.until.saturating_duration_since(late.began).as_millis();
        let verb = if late.answers == Answers::Close { "close" } else { late.verb.as_str() };
        let why = format!("`{verb}` did not come back within {ms} ms, and its process was ended");
        let outcome = Outcome::failed(Failure::TimedOut, why);
        match late.answers {
            Answers::Call(call) => world.answer(call, outcome, late.began.elapsed()),
            Answers::Look(noticed_by) => self.noticed(outcome, noticed_by, world),
            Answers::Nobody | Answers::Close => {}
        }
        Some(format!("`{verb}` of {}", self.instance.id))
    }

    /// The process ends: whoever waits for an answer gets this one.
    pub(crate) fn fail_all(&mut self, outcome: &Outcome, world: &mut World) {
        for running in self.running.take().into_iter().chain(self.terminating.take()) {
            if let Answers::Call(call) = running.answers {
                world.answer(call, outcome.clone(), running.began.elapsed());
            }
        }
        for (call, _) in std::mem::take(&mut self.waiting) {
            world.answer(call, outcome.clone(), Duration::ZERO);
        }
    }
}

fn no_thread(error: &io::Error) -> Outcome {
    Outcome::failed(Failure::Generic, format!("no thread can be started for it: {error}"))
}
