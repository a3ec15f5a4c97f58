//! Pacemaker's `crm_simulate`, where it is installed, on the same plain cluster in the same run.
//!
//! It needs no daemon: it reads a CIB from a file and plans. What it costs is the processor time of that
//! process and the most memory that it has; both hold reading the file too. Beside it stands the
//! processor time of `planner::plan` for the same cluster.

use super::cluster::{Cluster, OF_GROUP};
use super::{cib, cpu_seconds};
use crate::figures::resources::cpu_of_the_whole;
use crate::problem::{Doing as _, Problem};
use crate::report::Figure;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Nodes and groups of each comparison.
const SIZES: [(usize, usize); 2] = [(32, 250), (32, 1_000)];
/// The program.
const PROGRAM: &str = "crm_simulate";

/// Compares.
pub(super) fn figures() -> Result<Vec<Figure>, Problem> {
    let version = Command::new(PROGRAM).arg("--version").output();
    let Ok(version) = version else {
        eprintln!("  SKIPPED the comparison with {PROGRAM}: not installed (Debian: pacemaker-cli-utils)");
        return Ok(Vec::new());
    };
    let version = String::from_utf8_lossy(&version.stdout).lines().next().unwrap_or_default().to_owned();
    let mut figures = Vec::new();
    for (nodes, groups) in SIZES {
        let mut plain = Cluster::placed(nodes, groups, false);
        plain.lose_a_node();
        let ours = cpu_seconds(&plain.spec, &plain.view);
        let theirs = theirs(nodes, groups)?;
        let size = format!("{nodes} x {}", groups * OF_GROUP);
        figures.push(Figure::number(format!("plain, a node lost: {size}"), ours * 1e3, "ms CPU"));
        figures.push(
            Figure::number(format!("the same by {PROGRAM}: {size}"), theirs.seconds, "s CPU")
                .note(format!("{:.0} times as long; {version}", theirs.seconds / ours)),
        );
        figures.push(Figure::number(format!("its memory: {size}"), theirs.mib, "MiB"));
    }
    Ok(figures)
}

struct Theirs {
    seconds: f64,
    mib: f64,
}

fn theirs(nodes: usize, groups: usize) -> Result<Theirs, Problem> {
    let file = std::env::temp_dir().join(format!("steadfast-bench-cib-{}.xml", std::process::id()));
    fs::write(&file, cib::cib(nodes, groups)).doing(|| format!("write {}", file.display()))?;
    let measured = simulate(&file);
    let _ = fs::remove_file(&file);
    measured
}

fn simulate(file: &Path) -> Result<Theirs, Problem> {
    let mut command = Command::new(PROGRAM);
    // `-S` would also carry out what was planned, and cost three times as much.
    command.arg("--xml-file").arg(file).arg("--show-scores").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let before = cpu_of_the_whole(std::process::id())?;
    let mut child = command.spawn().doing(|| format!("run {PROGRAM}"))?;
    let mib = most_of(&mut child)?;
    let seconds = cpu_of_the_whole(std::process::id())? - before;
    let status = child.wait().doing(|| format!("wait for {PROGRAM}"))?;
    match status.success() {
        true => Ok(Theirs { seconds, mib }),
        false => Err(Problem::Command { command: format!("{command:?}"), why: status.to_string() }),
    }
}

/// The most memory that a process had, in MiB: looked at until it has ended.
fn most_of(child: &mut Child) -> Result<f64, Problem> {
    let path = format!("/proc/{}/status", child.id());
    let mut most = 0.0;
    while child.try_wait().doing(|| format!("wait for {PROGRAM}"))?.is_none() {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        most = kib.map_or(most, |kib| kib / 1024.0);
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(most)
}
