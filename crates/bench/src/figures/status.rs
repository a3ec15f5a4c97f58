//! `steadfast status` as a process: what every script and every person waits for.

use crate::cluster::{Cluster, Place};
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target};
use crate::sample::Sample;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Runs that are measured.
const RUNS: usize = 50;
/// How long a run may take, in milliseconds.
const MAX_MS: f64 = 20.0;

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let mut cluster = Cluster::form(place).await?;
    cluster.whole().await?;
    let mut command = Command::new(&place.binary);
    command.arg("status").arg("--socket").arg(&cluster.daemons[0].socket).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut all = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let status = command.status().doing(|| format!("start {}", place.binary.display()))?;
        all.push(begun.elapsed());
        if !status.success() {
            return Err(Problem::Command { command: format!("{command:?}"), why: status.to_string() });
        }
    }
    let all = Sample::from(all);
    let target = Target::Below(MAX_MS);
    let note = format!("{RUNS} runs");
    Ok(vec![
        Figure::time("`steadfast status`, median", all.median()).against(target).note(note),
        Figure::time("`steadfast status`, p99", all.percentile(99)),
    ])
}
