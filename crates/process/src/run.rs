//! A program that is to end by itself, under a deadline.

use crate::job::{Job, SpawnError, Started};
use crate::record::Record;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// It took longer than it had, and was killed with its process group and all that descends from it.
    TimedOut,
}

/// A program that has ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// How.
    pub how: How,
    /// The end of what it printed.
    pub output: String,
    /// Whether it printed more than that.
    pub overflowed: bool,
    /// The end of what it printed to its standard error; the same again if that is not kept apart.
    pub errors: String,
}

/// After a program's end, what is still in its pipes is read for so long. Only children that it left
/// behind make anybody wait for it.
const DRAIN: Duration = Duration::from_millis(20);

/// Runs a program until its end or its deadline. Whoever drops the future has it killed, with its process
/// group and all that descends from it.
///
/// If it has a [record](Job::record), a run that the record names is ended first.
///
/// # Errors
/// If it cannot be started.
pub async fn run(job: &Job, deadline: Duration) -> Result<Ended, SpawnError> {
    let record = job.record.as_deref().map(Record);
    if let Some(record) = record {
        record.end_former(deadline).await.map_err(|pid| SpawnError::FormerRuns { pid })?;
    }
    let until = Instant::now() + deadline;
    let Ok(started) = timeout_at(until, job.clone().start()).await else {
        return Ok(never_ran(job, deadline));
    };
    let started = started?;
    let mut running = EndedIfDropped(started, record);
    let how = match timeout_at(until, running.0.ended()).await {
        Ok(Ok(status)) => match (status.code(), status.signal()) {
            (Some(code), _) => How::Exited(code),
            (None, signal) => How::Signalled(signal.unwrap_or(0)),
        },
        Ok(Err(source)) => {
            return Err(SpawnError::Run { program: job.program.clone(), source });
        }
        Err(_) => {
            running.0.kill_whole();
            // It cannot refuse; one in an uninterruptible system call ends some time later.
            let _ = tokio::time::timeout(DRAIN, running.0.ended()).await;
            How::TimedOut
        }
    };
    running.0.drained(DRAIN).await;
    let (output, errors) = (running.0.output(), running.0.errors());
    Ok(Ended { how, output: output.text(), overflowed: output.overflowed(), errors: errors.text() })
}

/// It is late like any other: most often because what its file lies on does not answer, which the output says.
fn never_ran(job: &Job, deadline: Duration) -> Ended {
    let places = job.folder.as_ref().map_or_else(String::new, |folder| format!(", or {},", folder.display()));
    let (program, ms) = (job.program.display(), deadline.as_millis());
    let output = format!(
        "{program} was not running after {ms} ms; perhaps what its file{places} lies on does not answer"
    );
    Ended { how: How::TimedOut, output, overflowed: false, errors: String::new() }
}

struct EndedIfDropped<'j>(Started, Option<Record<'j>>);

impl Drop for EndedIfDropped<'_> {
    fn drop(&mut self) {
        self.0.kill_whole();
        if let Some(record) = self.1 {
            record.remove();
        }
    }
}
