//! Running a target on many inputs, and telling which one it did not stand.

use crate::targets::Target;
use crate::{mutate, panics};
use rustix::time::{ClockId, clock_gettime};
use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How much processor time one input may cost. The longest inputs take some milliseconds; whoever
/// can cost a node seconds with a quarter of a megabyte can stop it.
pub const CPU_MAX: Duration = Duration::from_secs(5);

/// After this long on one input, by the clock on the wall, it is taken for endless. Generous: the
/// machine may be busy with a compiler.
const ENDLESS: Duration = Duration::from_secs(60);

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The number of the first input.
    pub first: u64,
    /// At most so many.
    pub inputs: u64,
    /// At most so long.
    pub time: Duration,
}

/// A target that stood all inputs.
#[derive(Debug, Clone, Copy)]
pub struct Stood {
    /// How many.
    pub inputs: u64,
    /// The processor time of the slowest.
    pub slowest: Duration,
}

/// An input that a target did not stand.
#[derive(Debug)]
pub struct Failure {
    target: &'static str,
    number: u64,
    file: Option<PathBuf>,
    why: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, number, file, why } = self;
        writeln!(f, "{target}: {why}\nby input number {number}; to replay it:")?;
        match file {
            Some(file) => write!(f, "  cargo run --release -p fuzz -- {target} --replay {}", file.display()),
            None => write!(f, "  cargo run --release -p fuzz -- {target} --first {number} --inputs 1"),
        }
    }
}

/// Runs a target within `limits`.
///
/// # Errors
/// The first [`Failure`]. An input that does not end ends the process, after it was told.
pub fn drive(target: &'static Target, limits: Limits) -> Result<Stood, Box<Failure>> {
    let seeds = (target.seeds)();
    let began = Instant::now();
    let mut stood = Stood { inputs: 0, slowest: Duration::ZERO };
    let now = Mutex::new((limits.first, Instant::now()));
    std::thread::scope(|scope| {
        let (running, ended) = channel::<()>();
        let (seeds, now) = (&seeds, &now);
        scope.spawn(move || watch(target, seeds, now, &ended));
        // Dropped at the end of this block, which ends the watch.
        let _running = running;
        for number in limits.first..limits.first.saturating_add(limits.inputs) {
            if began.elapsed() >= limits.time {
                break;
            }
            if let Ok(mut now) = now.lock() {
                *now = (number, Instant::now());
            }
            let bytes = mutate::input(number, seeds, target.words);
            let cpu = once(target, &bytes).map_err(|why| Box::new(failure(target, number, &bytes, why)))?;
            stood.inputs += 1;
            stood.slowest = stood.slowest.max(cpu);
        }
        Ok(stood)
    })
}

/// Runs a target on one input; returns the processor time.
///
/// # Errors
/// What did not hold.
pub fn once(target: &Target, bytes: &[u8]) -> Result<Duration, String> {
    let before = cpu();
    panics::caught(|| (target.run)(bytes))?;
    let took = cpu().saturating_sub(before);
    if took > CPU_MAX {
        return Err(format!("it took {took:?} of processor time; at most {CPU_MAX:?} are accepted"));
    }
    Ok(took)
}

/// The processor time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn failure(target: &Target, number: u64, bytes: &[u8], why: String) -> Failure {
    let file = std::env::temp_dir().join(format!("steadfast-fuzz-{}-{number}", target.name));
    let file = std::fs::write(&file, bytes).is_ok().then_some(file);
    Failure { target: target.name, number, file, why }
}

/// Ends the process when an input does not end: a thread cannot be interrupted.
#[allow(clippy::print_stderr, reason = "the process ends here, and nobody else can say why")]
fn watch(target: &Target, seeds: &[Vec<u8>], now: &Mutex<(u64, Instant)>, ended: &Receiver<()>) {
    while ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
        let Ok((number, since)) = now.lock().map(|now| *now) else { return };
        if since.elapsed() > ENDLESS {
            let bytes = mutate::input(number, seeds, target.words);
            eprintln!("{}", failure(target, number, &bytes, format!("no end within {ENDLESS:?}")));
            std::process::exit(101);
        }
    }
}
