//! The runtime of the simulation: openraft's, on machines that may stand still, all at once.
//!
//! Everything that a simulated node does follows from a timer, messages included. So while a machine stands
//! still its timers do not fire; those that would have, fire when it wakes, in any order.

use openraft::OptionalSend;
use openraft::async_runtime::{AsyncRuntime, Instant};
use openraft_rt_sim::{SimInstant, SimRuntime};
use rand::RngExt;
use std::cell::RefCell;
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

/// The longest time, in microseconds, from waking until what was due in the sleep runs: machines do not wake
/// at one moment, nor does all that is on them.
const WAKING_MICROS: u64 = 20_000;

thread_local! {
    /// When the machines stand still: spans since the beginning of the simulation that this thread runs.
    static STALLS: RefCell<Vec<Range<Duration>>> = const { RefCell::new(Vec::new()) };
}

/// From now on the machines never stand still.
pub(crate) fn forget_stalls() {
    STALLS.with_borrow_mut(Vec::clear);
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

/// The runtime. openraft's in everything but its timers.
#[derive(Debug)]
pub(crate) struct Machines(SimRuntime);

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
        SimRuntime::spawn(future)
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
