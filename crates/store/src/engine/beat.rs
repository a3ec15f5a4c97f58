//! The daemon's runtime: tokio, with one beat for all.
//!
//! A wake-up costs an idle machine far more than what is then looked at. openraft looks at its timers
//! five times per heartbeat, at moments of its own; the daemon has a dozen parts that look at something
//! from time to time. Here all of them wake at the same moments, counted from one beginning: with
//! heartbeats every 100 ms, an idle node wakes 20 times a second for its timers and not 100 times.
//!
//! What it costs: a timer of openraft (an election time-out, a heartbeat that is due) is seen up to
//! half a heartbeat late. Nothing here may come early.

use openraft::OptionalSend;
use openraft::async_runtime::{AsyncRuntime, Instant};
use openraft_rt_tokio::{TokioInstant, TokioRuntime};
use std::future::Future;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Waits for the next of the moments that are `every` apart, counted from one beginning for all.
pub fn beat(every: Duration) -> impl Future<Output = ()> + Send {
    TokioRuntime::sleep_until(next(TokioInstant::now(), every))
}

/// The runtime of the daemon.
#[derive(Debug)]
pub struct Tokio(TokioRuntime);

/// How far the moments are apart at which openraft looks at its timers; zero: as it likes.
static LOOK_US: AtomicU64 = AtomicU64::new(0);

/// From now on openraft's timers are looked at twice per heartbeat. One for the whole process: a daemon
/// has one engine, and engines of tests that differ only look more often or more seldom.
pub fn engine_follows(heartbeat: Duration) {
    let half = u64::try_from(heartbeat.as_micros() / 2).unwrap_or(0);
    LOOK_US.store(half, Ordering::Relaxed);
}

fn next(at: TokioInstant, every: Duration) -> TokioInstant {
    static FIRST: LazyLock<TokioInstant> = LazyLock::new(TokioInstant::now);
    let every_us = every.as_micros().max(1);
    let beats = (at - *FIRST).as_micros() / every_us + 1;
    *FIRST + Duration::from_micros(u64::try_from(beats * every_us).unwrap_or(u64::MAX))
}

/// tokio's in everything but the one wait that openraft uses for its timers.
impl AsyncRuntime for Tokio {
    type JoinError = <TokioRuntime as AsyncRuntime>::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::JoinHandle<T>;
    type Sleep = <TokioRuntime as AsyncRuntime>::Sleep;
    type Instant = TokioInstant;
    type TimeoutError = <TokioRuntime as AsyncRuntime>::TimeoutError;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = <TokioRuntime as AsyncRuntime>::Timeout<R, T>;
    type ThreadLocalRng = <TokioRuntime as AsyncRuntime>::ThreadLocalRng;
    type Mpsc = <TokioRuntime as AsyncRuntime>::Mpsc;
    type Watch = <TokioRuntime as AsyncRuntime>::Watch;
    type Oneshot = <TokioRuntime as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::Mutex<T>;

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        let every = Duration::from_micros(LOOK_US.load(Ordering::Relaxed));
        let at = if every.is_zero() { deadline } else { next(deadline, every) };
        TokioRuntime::sleep_until(at)
    }

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        TokioRuntime::spawn(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        TokioRuntime::sleep(duration)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout_at(deadline, future)
    }

    fn is_panic(join_error: &Self::JoinError) -> bool {
        TokioRuntime::is_panic(join_error)
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        TokioRuntime::thread_rng()
    }

    fn new(threads: usize) -> Self {
        Self(TokioRuntime::new(threads))
    }

    fn block_on<F: Future<Output = T>, T>(&mut self, future: F) -> T {
        self.0.block_on(future)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_a_beat_apart_and_never_early() {
        let every = Duration::from_millis(50);
        let beginning = next(TokioInstant::now(), every);
        let mut at = beginning;
        let mut before = next(at, every);
        for _ in 0..100 {
            let then = next(at, every);
            assert!(then > at && then - at <= every);
            assert!(then == before || then - before == every);
            before = then;
            at += Duration::from_micros(7_001);
        }
        assert_eq!(next(before, every) - before, every, "a moment's next is the one after it");
    }
}
