//! What fails is noticed and started again where it is.

use super::{file, of, outage, pause};
use crate::cluster::Place;
use crate::hosts::{ADDRESS, Hosts};
use crate::problem::{Doing as _, Problem};
use crate::report::Figure;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// Beyond the interval of the monitor, which is none for what the kernel tells of.
const RESTARTED_MAX: Duration = Duration::from_millis(100);
/// Where the program writes which process it is.
const NUMBER: &str = "/run/steadfast/bench.pid";
/// Between two looks at that.
const LOOK: Duration = Duration::from_millis(1);
/// By then a restart has failed.
const NEVER: Duration = Duration::from_secs(30);

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    // No other process of this machine sleeps for so long.
    let seconds = format!("{}", 2_000_000 + u64::from(std::process::id()));
    let script = format!("echo $$ > {NUMBER}; exec sleep {seconds}");
    let app = format!("type = \"process\"\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]");
    let hosts = Hosts::form(&place.binary, &file("default", &app)).await?;
    hosts.place(0).await?;
    let (mut killed, mut removed) = (Vec::new(), Vec::new());
    for _ in 0..place.rounds {
        killed.push(kill(&hosts, &seconds).await?);
        hosts.calm().await?;
        removed.push(remove_address(&hosts).await?);
        hosts.calm().await?;
    }
    Ok(vec![
        of("a killed process runs again after", killed, RESTARTED_MAX, "the kernel tells of its end"),
        of(
            "an address removed by hand is back after",
            removed,
            RESTARTED_MAX,
            "the kernel tells of it; Pacemaker 3400 (3000 to 9000), looking every 10 s",
        ),
    ])
}

/// From the kill of a process until there is another one.
async fn kill(hosts: &Hosts, seconds: &str) -> Result<Duration, Problem> {
    let before = hosts.peek(0, NUMBER);
    let pid = sleeping(seconds).doing(|| "find the process".to_owned())?;
    let begun = Instant::now();
    kill_process(pid, Signal::KILL).map_err(io::Error::from).doing(|| "kill the process".to_owned())?;
    while hosts.peek(0, NUMBER).is_none_or(|now| now.is_empty() || Some(now) == before) {
        if begun.elapsed() > NEVER {
            let last = before.unwrap_or_default();
            return Err(Problem::Late { what: "another process".to_owned(), waited: NEVER, last });
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(begun.elapsed())
}

/// The process that sleeps for so long, as this machine numbers it.
fn sleeping(seconds: &str) -> io::Result<Pid> {
    let wanted = format!("sleep\0{seconds}\0");
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if fs::read_to_string(entry.path().join("cmdline")).is_ok_and(|text| text == wanted) {
            return Pid::from_raw(pid).ok_or_else(|| ErrorKind::NotFound.into());
        }
    }
    Err(ErrorKind::NotFound.into())
}

/// For how long an address does not answer that somebody has removed.
async fn remove_address(hosts: &Hosts) -> Result<Duration, Problem> {
    let referee = hosts.referee()?;
    pause().await;
    let address = format!("{ADDRESS}/24");
    let removed = hosts.host(0).command("ip").args(["addr", "del", &address, "dev", "eth0"]).output()?;
    if !removed.status.success() {
        let why = String::from_utf8_lossy(&removed.stderr).into_owned();
        return Err(Problem::Command { command: format!("ip addr del {address} dev eth0"), why });
    }
    pause().await;
    hosts.calm().await?;
    Ok(outage(&referee.end()))
}
