//! What looking after resources costs, and how soon what happens to them is noticed.

use crate::cluster::Place;
use crate::monitor::Monitor;
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target};
use crate::sample::Sample;
use resource_api::{Checks, Verb};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Resources that are looked after, each ten seconds.
const MANY: usize = 1_000;
/// For how long.
const SPAN: Duration = Duration::from_secs(30);
/// Processor time for that, in percent of one core.
const CPU_PERCENT: f64 = 2.0;
/// Memory for that, in MiB.
const PSS_MIB: f64 = 60.0;
/// How soon a killed process is noticed, in milliseconds.
const NOTICED_MS: f64 = 20.0;
/// How long adding and announcing an address may take, in milliseconds.
const ADDRESS_MS: f64 = 10.0;
/// What a call of an agent may cost beside the agent itself, in milliseconds of processor time.
const CALL_MS: f64 = 1.0;
/// How often both are measured, in turns.
const ROUNDS: usize = 7;
/// How often each of these is done.
const TIMES: usize = 100;
/// An agent that does next to nothing.
const AGENT: &str = "/usr/lib/ocf/resource.d/heartbeat/Dummy";

const NEVER: Checks = Checks {
    looks_alive_ms: 0,
    looks_alive_deadline_ms: 20_000,
    is_alive_ms: 0,
    is_alive_deadline_ms: 20_000,
};

/// Measures.
pub(crate) async fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let folder = place.dir.join(format!("bench-monitor-{}", std::process::id()));
    fs::create_dir_all(&folder).doing(|| format!("make {}", folder.display()))?;
    let measured = all(place, &folder).await;
    let _ = fs::remove_dir_all(&folder);
    measured
}

async fn all(place: &Place, folder: &Path) -> Result<Vec<Figure>, Problem> {
    let mut figures = many(place, folder).await?;
    figures.push(killed(place, folder).await?);
    match Path::new(AGENT).exists() {
        true => figures.extend(agent(place, folder).await?),
        false => eprintln!("  SKIPPED the cost of an agent's call: no {AGENT}"),
    }
    match rustix::process::geteuid().is_root() {
        true => figures.push(address(place, folder).await?),
        false => eprintln!("  SKIPPED adding an address: only root may"),
    }
    Ok(figures)
}

/// A thousand dummies.
async fn many(place: &Place, folder: &Path) -> Result<Vec<Figure>, Problem> {
    let mut monitor = Monitor::start(&place.binary, folder, &[]).await?;
    let checks = Checks { looks_alive_ms: 10_000, is_alive_ms: 60_000, ..Checks::default() };
    for number in 0..MANY {
        let name = format!("d{number}");
        monitor.open(&name, "dummy", json!({}), checks).await?;
        monitor.call(&name, Verb::Online).await?;
        monitor.watch(&name).await?;
    }
    let (before, begun) = (cpu(monitor.pid())?, Instant::now());
    tokio::time::sleep(SPAN).await;
    let percent = (cpu(monitor.pid())? - before).as_secs_f64() / begun.elapsed().as_secs_f64() * 100.0;
    let pss = pss_mib(monitor.pid())?;
    for number in 0..MANY {
        monitor.call(&format!("d{number}"), Verb::Offline).await?;
    }
    let note = format!("{MANY} dummies, a look at each every 10 s");
    Ok(vec![
        Figure::number("monitor: processor time", percent, "%")
            .against(Target::AtMost(CPU_PERCENT))
            .note(note),
        Figure::number("monitor: memory (PSS)", pss, "MiB").against(Target::AtMost(PSS_MIB)),
    ])
}

/// From the kill of a process to the word of it.
async fn killed(place: &Place, folder: &Path) -> Result<Figure, Problem> {
    let mut monitor = Monitor::start(&place.binary, folder, &[]).await?;
    // No other process of this machine sleeps for so long.
    let seconds = format!("{}", 1_000_000 + u64::from(std::process::id()));
    monitor.open("p", "process", json!({ "command": ["/bin/sleep", &seconds] }), NEVER).await?;
    let mut all = Vec::new();
    for _ in 0..TIMES {
        monitor.call("p", Verb::Online).await?;
        monitor.watch("p").await?;
        // The answer to a call that comes after it shows that the order to watch has been taken.
        monitor.call("p", Verb::LooksAlive).await?;
        let pid = sleeping(&seconds).doing(|| "find the process".to_owned())?;
        let begun = Instant::now();
        kill_process(pid, Signal::KILL)
            .map_err(std::io::Error::from)
            .doing(|| "kill the process".to_owned())?;
        monitor.changed("p").await?;
        all.push(begun.elapsed());
    }
    let all = Sample::from(all);
    let note = format!("most of {} kills; median {:.2} ms", all.count(), all.median().as_secs_f64() * 1e3);
    Ok(Figure::time("a killed process is noticed after", all.most())
        .against(Target::AtMost(NOTICED_MS))
        .note(note))
}

fn sleeping(seconds: &str) -> std::io::Result<Pid> {
    let wanted = format!("/bin/sleep\0{seconds}\0");
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == wanted.as_bytes()) {
            return Pid::from_raw(pid).ok_or_else(|| std::io::Error::other("it has no number"));
        }
    }
    Err(std::io::Error::other("nobody sleeps"))
}

/// An agent's `monitor`, through the monitor and by hand.
async fn agent(place: &Place, folder: &Path) -> Result<Vec<Figure>, Problem> {
    let mut monitor = Monitor::start(&place.binary, folder, &[]).await?;
    monitor.open("a", "ocf:heartbeat:Dummy", json!({}), NEVER).await?;
    monitor.call("a", Verb::Online).await?;
    monitor.call("a", Verb::LooksAlive).await?;
    let mut beyond = Vec::new();
    let mut alone = Vec::new();
    // In turns, so that what else this machine does meets both alike.
    for _ in 0..ROUNDS {
        let before = cpu_of_the_whole(monitor.pid())?;
        for _ in 0..TIMES {
            monitor.call("a", Verb::LooksAlive).await?;
        }
        let through = cpu_of_the_whole(monitor.pid())? - before;
        let by_hand = by_hand()?;
        beyond.push(through - by_hand);
        alone.push(by_hand);
    }
    monitor.call("a", Verb::Offline).await?;
    let each = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2] * 1e3 / f64::from(u32::try_from(TIMES).unwrap_or(u32::MAX))
    };
    let note = format!(
        "median of {ROUNDS} times {TIMES} calls of {AGENT}; the agent by hand takes {:.1} ms",
        each(alone)
    );
    Ok(vec![
        Figure::number("an agent's call, beside the agent", each(beyond), "ms CPU")
            .against(Target::AtMost(CALL_MS))
            .note(note),
    ])
}

/// What as many calls cost that nobody looks after, in seconds.
fn by_hand() -> Result<f64, Problem> {
    let before = cpu_of_the_whole(std::process::id())?;
    for _ in 0..TIMES {
        let mut command = Command::new(AGENT);
        command
            .arg("monitor")
            .env_clear()
            .env("OCF_ROOT", "/usr/lib/ocf")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("OCF_RESOURCE_INSTANCE", "by-hand").env("OCF_RESOURCE_TYPE", "Dummy");
        command.env("OCF_RESOURCE_PROVIDER", "heartbeat").env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().doing(|| format!("run {AGENT}"))?;
    }
    Ok(cpu_of_the_whole(std::process::id())? - before)
}

/// An address is added and announced, in a network of its own.
async fn address(place: &Place, folder: &Path) -> Result<Figure, Problem> {
    let space = Space::make(format!("steadfast-bench-{}", std::process::id()))?;
    let wrapped = ["ip", "netns", "exec", space.0.as_str()];
    let mut monitor = Monitor::start(&place.binary, folder, &wrapped).await?;
    monitor.open("ip", "ip-address", json!({ "address": "10.77.0.100/24" }), NEVER).await?;
    let mut all = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        monitor.call("ip", Verb::Online).await?;
        all.push(begun.elapsed());
        monitor.call("ip", Verb::Offline).await?;
    }
    let all = Sample::from(all);
    let note = format!("median of {}; most {:.1} ms", all.count(), all.most().as_secs_f64() * 1e3);
    Ok(Figure::time("an address added and announced", all.median())
        .against(Target::AtMost(ADDRESS_MS))
        .note(note))
}

/// A network with one interface, removed with this value.
struct Space(String);

impl Space {
    fn make(name: String) -> Result<Self, Problem> {
        let ip = |arguments: &[&str]| {
            let status = Command::new("ip").args(arguments).status();
            let done = status.and_then(|status| match status.success() {
                true => Ok(()),
                false => Err(std::io::Error::other(status.to_string())),
            });
            done.doing(|| format!("ip {}", arguments.join(" ")))
        };
        ip(&["netns", "add", &name])?;
        let space = Self(name);
        let name = space.0.as_str();
        ip(&["-n", name, "link", "add", "d0", "type", "veth", "peer", "name", "d1"])?;
        ip(&["-n", name, "address", "add", "10.77.0.1/24", "dev", "d0"])?;
        ip(&["-n", name, "link", "set", "d1", "up"])?;
        ip(&["-n", name, "link", "set", "d0", "up"])?;
        Ok(space)
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "delete", &self.0]).status();
    }
}

/// The time that a process has run, to the nanosecond, all its threads together.
fn cpu(pid: u32) -> Result<Duration, Problem> {
    let folder = format!("/proc/{pid}/task");
    let mut nanos = 0;
    for task in fs::read_dir(&folder).doing(|| format!("read {folder}"))?.flatten() {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        nanos += text.split(' ').next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanos))
}

/// The time that a process and the children that it has waited for have run, in seconds. The kernel
/// counts it in hundredths, which is why a hundred calls are measured at once.
pub(super) fn cpu_of_the_whole(pid: u32) -> Result<f64, Problem> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).doing(|| format!("read {path}"))?;
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u32 = fields.skip(11).take(4).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(f64::from(ticks) / 100.0)
}

fn pss_mib(pid: u32) -> Result<f64, Problem> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).doing(|| format!("read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    Ok(line.and_then(|rest| rest.trim().split(' ').next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1_024.0)
}
