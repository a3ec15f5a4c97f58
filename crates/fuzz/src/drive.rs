//! Running a target on many inputs, and telling which one it did not stand.
//!
//! A process that died without a word left the number of its input in
//! `steadfast-fuzz-TARGET-died-PID`, in the folder for temporary files.

use crate::targets::Target;
use crate::{mutate, panics};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
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

/// How much memory the process may ask for. The longest input has a quarter of a megabyte, and the
/// rest of the process is small beside this: who asks for more would bring a node down.
const MEMORY_MAX: u64 = 4 << 30;

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
    limit_memory();
    let mut mark = Mark::of(target);
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
            mark.note(number);
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

/// Beyond [`MEMORY_MAX`] an allocation fails, which ends the process.
fn limit_memory() {
    let limit = Rlimit { current: Some(MEMORY_MAX), maximum: getrlimit(Resource::As).maximum };
    // It was lower already, or this system has no such limit: then that is what holds.
    let _ = setrlimit(Resource::As, limit);
}

/// Where the number of the present input is kept: in a file, because neither an allocation that
/// fails nor a stack that overflows lets a process say its last word. It is removed at the end; what
/// is found there after a process died is what killed it.
struct Mark {
    path: PathBuf,
    file: Option<File>,
}

impl Mark {
    fn of(target: &Target) -> Self {
        let name = format!("steadfast-fuzz-{}-died-{}", target.name, std::process::id());
        let path = std::env::temp_dir().join(name);
        let file = File::create(&path).ok();
        Self { path, file }
    }

    fn note(&mut self, number: u64) {
        if let Some(file) = &self.file {
            // Without it, a violent end is only harder to understand.
            let _ = file.write_all_at(format!("{number:<20}\n").as_bytes(), 0);
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
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
