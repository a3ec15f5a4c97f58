//! The runtime of the simulation: openraft's, on machines that may stand still, and processes that may freeze
//! and die.
//!
//! All machines at once (`stand_still`): everything that a simulated node does follows from a timer, messages
//! included. So while a machine stands still its timers do not fire; those that would have, fire when it
//! wakes, in any order.
//!
//! One process alone ([`Process`]): a task that is spawned while a task of a process is polled, or by
//! [`Process::enter`], belongs to that process. Nothing of a frozen process is polled until it thaws, and
//! nothing of one that has ended, ever again: it is dropped where it stands, as `kill -9` leaves it.

use openraft::OptionalSend;
use openraft::async_runtime::{AsyncRuntime, Instant};
use openraft_rt_sim::{SimInstant, SimRuntime, SimSleep};
use rand::RngExt;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The longest time, in microseconds, from waking until what was due in the sleep runs: machines do not wake
/// at one moment, nor does all that is on them.
const WAKING_MICROS: u64 = 20_000;

thread_local! {
    /// When the machines stand still: spans since the beginning of the simulation that this thread runs.
    static STALLS: RefCell<Vec<Range<Duration>>> = const { RefCell::new(Vec::new()) };
}

/// A new simulation begins on this thread: no machine stands still, and there is no process.
pub fn forget() {
    STALLS.with_borrow_mut(Vec::clear);
    ALIVE.with_borrow_mut(BTreeMap::clear);
    POLLED.set(None);
}

/// All machines will stand still. Timers that are set already do not know of it, so it must not begin before
/// those that run now have fired.
pub(crate) fn stand_still(from: Duration, until: Duration) {
    STALLS.with_borrow_mut(|stalls| stalls.push(from..until));
}

fn awake(mut deadline: SimInstant) -> SimInstant {
    let stall_at =
        |at: Duration| STALLS.with_borrow(|stalls| stalls.iter().find(|stall| stall.contains(&at)).cloned());
    while let Some(stall) = stall_at(deadline.elapsed_since_start()) {
        let late = Duration::from_micros(SimRuntime::thread_rng().random_range(0..WAKING_MICROS));
        deadline += stall.end - deadline.elapsed_since_start() + late;
    }
    deadline
}

thread_local! {
    /// Which process each machine has, and until when it is frozen.
    static ALIVE: RefCell<BTreeMap<u64, (u64, Duration)>> = const { RefCell::new(BTreeMap::new()) };
    /// Whose task is being polled.
    static POLLED: Cell<Option<Process>> = const { Cell::new(None) };
}

/// A process on a machine. There is one at a time on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// The machine.
    pub machine: u64,
    /// Which of its processes, by number.
    pub life: u64,
}

impl Process {
    /// It is the one that runs on its machine from now on.
    pub fn begin(self) {
        ALIVE.with_borrow_mut(|alive| alive.insert(self.machine, (self.life, Duration::ZERO)));
    }

    /// No process runs on a machine any more.
    pub fn end(machine: u64) {
        ALIVE.with_borrow_mut(|alive| alive.remove(&machine));
    }

    /// Whatever runs on a machine does nothing before that moment, since the beginning of the simulation.
    pub fn freeze(machine: u64, until: Duration) {
        ALIVE.with_borrow_mut(|alive| {
            if let Some((_, thaws)) = alive.get_mut(&machine) {
                *thaws = until.max(*thaws);
            }
        });
    }

    /// What is spawned in there belongs to it.
    pub fn enter<T>(self, what: impl FnOnce() -> T) -> T {
        let before = POLLED.replace(Some(self));
        let result = what();
        POLLED.set(before);
        result
    }

    /// Nothing: it has ended. Otherwise until when it is frozen.
    fn thaws(self) -> Option<Duration> {
        ALIVE.with_borrow(|alive| {
            alive.get(&self.machine).filter(|(life, _)| *life == self.life).map(|(_, thaws)| *thaws)
        })
    }
}

/// A task of a process.
struct OfProcess<F> {
    process: Process,
    task: Option<Pin<Box<F>>>,
    thaw: Option<SimSleep>,
}

impl<F: Future> Future for OfProcess<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        loop {
            let Some(thaws) = this.process.thaws() else {
                this.thaw = None;
                this.process.enter(|| this.task = None);
                return Poll::Pending;
            };
            let now = SimInstant::now();
            let left = thaws.saturating_sub(now.elapsed_since_start());
            if left.is_zero() && this.thaw.is_none() {
                break;
            }
            let thaw = this.thaw.get_or_insert_with(|| {
                let late = Duration::from_micros(SimRuntime::thread_rng().random_range(0..WAKING_MICROS));
                SimRuntime::sleep_until(now + left + late)
            });
            if Pin::new(thaw).poll(context).is_pending() {
                return Poll::Pending;
            }
            this.thaw = None;
        }
        match &mut this.task {
            Some(task) => this.process.enter(|| task.as_mut().poll(context)),
            None => Poll::Pending,
        }
    }
}

/// The runtime. openraft's in everything but its timers, and whose task is polled when.
#[derive(Debug)]
pub struct Machines(SimRuntime);

impl AsyncRuntime for Machines {
    type JoinError = <SimRuntime as AsyncRuntime>::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = <SimRuntime as AsyncRuntime>::JoinHandle<T>;
    type Sleep = <SimRuntime as AsyncRuntime>::Sleep;
    type Instant = SimInstant;
    type TimeoutError = <SimRuntime as AsyncRuntime>::TimeoutError;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = <SimRuntime as AsyncRuntime>::Timeout<R, T>;
    type ThreadLocalRng = <SimRuntime as AsyncRuntime>::ThreadLocalRng;
    type Mpsc = <SimRuntime as AsyncRuntime>::Mpsc;
    type Watch = <SimRuntime as AsyncRuntime>::Watch;
    type Oneshot = <SimRuntime as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <SimRuntime as AsyncRuntime>::Mutex<T>;

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        SimRuntime::sleep_until(awake(deadline))
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        Self::sleep_until(SimInstant::now() + duration)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        SimRuntime::timeout_at(awake(deadline), future)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Self::Timeout<R, F> {
        Self::timeout_at(SimInstant::now() + duration, future)
    }

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        match POLLED.get() {
            None => SimRuntime::spawn(future),
            Some(process) => {
                SimRuntime::spawn(OfProcess { process, task: Some(Box::pin(future)), thaw: None })
            }
        }
    }

    fn is_panic(join_error: &Self::JoinError) -> bool {
        SimRuntime::is_panic(join_error)
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        SimRuntime::thread_rng()
    }

    fn new(threads: usize) -> Self {
        Self(SimRuntime::new(threads))
    }

    fn block_on<F: Future<Output = T>, T>(&mut self, future: F) -> T {
        self.0.block_on(future)
    }

    fn spawn_blocking<F, T>(what: F) -> impl Future<Output = Result<T, std::io::Error>> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SimRuntime::spawn_blocking(what)
    }
}
