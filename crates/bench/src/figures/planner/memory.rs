//! How much memory a plan takes, measured in a process that does nothing else: what was allocated
//! before, and given back, would be counted otherwise.

use super::cluster::Cluster;
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target};
use std::io;
use std::process::Command;

/// The option that turns this program into that process.
const OPTION: &str = "--memory-of-a-plan";

/// The most memory that the process ever had, before the plan and after it; in KiB.
pub(super) fn figures(size: (usize, usize), limit_mib: f64) -> Result<[Figure; 2], Problem> {
    let own = std::env::current_exe().doing(|| "find this program".to_owned())?;
    let sizes = format!("{},{}", size.0, size.1);
    let mut command = Command::new(own);
    let output = command.args([OPTION, &sizes]).output().doing(|| format!("run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [before, after] = numbers[..] else {
        let why = format!("{}; it said `{}`", output.status, said.trim());
        return Err(Problem::Command { command: format!("{command:?}"), why });
    };
    let mib = |kib: f64| kib / 1024.0;
    let note =
        format!("of these {:.1} MiB are for the plan, the rest is what it is made from", mib(after - before));
    Ok([
        Figure::number("plan: memory, of the whole process", mib(after), "MiB")
            .against(Target::AtMost(limit_mib))
            .note(note),
        Figure::number("of it the file, the view, the program", mib(before), "MiB"),
    ])
}

/// What that process does: `NODES,GROUPS`.
pub(crate) fn child(sizes: &str) -> Result<String, Problem> {
    let wrong = || io::Error::other(format!("`{sizes}` is not NODES,GROUPS"));
    let numbers =
        sizes.split_once(',').and_then(|(nodes, groups)| Some((nodes.parse().ok()?, groups.parse().ok()?)));
    let (nodes, groups) = numbers.ok_or_else(wrong).doing(|| format!("read {OPTION}"))?;
    let mut cluster = Cluster::placed(nodes, groups, true);
    cluster.lose_a_node();
    let before = most()?;
    let plan = planner::plan(&cluster.spec, &cluster.view);
    let after = most()?;
    drop(plan);
    Ok(format!("{before} {after}\n"))
}

/// The most memory that this process ever had, in KiB.
fn most() -> Result<u64, Problem> {
    let path = "/proc/self/status";
    let text = std::fs::read_to_string(path).doing(|| format!("read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other("it has no VmHWM")).doing(|| format!("read {path}"))
}
