//! The daemon's supervisor, and real resource monitors: the program itself, started as the daemon
//! starts it. No cluster and no host is needed.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]

use daemon::monitors::{Change, Ground, Monitors, Program};
use resource_api::{Checks, Failure, Instance, Note, Outcome, ResourceId, Verb, Verdict};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::broadcast;

/// Generous: whatever a test waits for comes within it, or never.
const PATIENCE: Duration = Duration::from_secs(60);

struct Under {
    monitors: Monitors,
    told: Arc<Mutex<Vec<events::Draft>>>,
    folder: TempDir,
}

fn program(path: &str) -> Program {
    Program { path: path.into(), ..Program::built_in() }
}

/// Runs a test with monitors of this program, which are kept from the beginning.
fn with<F: Future<Output = ()>>(path: &str, test: impl FnOnce(Under) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let told: Arc<Mutex<Vec<events::Draft>>> = Arc::default();
        let noted = told.clone();
        let ground = Ground::folder("n1", folder.path().to_owned());
        let monitors = {
            let (host, tell) = (Program::plugin_host(), move |event| noted.lock().unwrap().push(event));
            Monitors::new(ground, program(path), host, tell)
        };
        let kept = monitors.clone();
        tokio::spawn(async move { kept.keep_built_in().await });
        tokio::time::timeout(PATIENCE * 2, test(Under { monitors: monitors.clone(), told, folder }))
            .await
            .unwrap();
        monitors.stop().await;
    });
}

const STEADFAST: &str = env!("CARGO_BIN_EXE_steadfast");

fn id(name: &str) -> ResourceId {
    ResourceId { group: "g".parse().unwrap(), resource: name.parse().unwrap() }
}

impl Under {
    fn open(&self, name: &str) {
        let checks = Checks { looks_alive_ms: 50, is_alive_ms: 0, ..Checks::default() };
        let (id, kind) = (id(name), "dummy".parse().unwrap());
        self.monitors.open(Instance { id, kind, parameters: BTreeMap::new(), checks });
    }

    async fn call(&self, name: &str, verb: Verb) -> Outcome {
        self.monitors.call(&id(name), verb, PATIENCE, BTreeMap::new()).await
    }

    /// The monitor's process: each test is a process of its own, with one monitor at a time.
    async fn pid(&self, but: Option<Pid>) -> Pid {
        loop {
            self.monitors.types().await.unwrap();
            if let Some(pid) = monitor_of(std::process::id()).filter(|pid| Some(*pid) != but) {
                return pid;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn tells(&self, id: u32) -> String {
        loop {
            let found =
                self.told.lock().unwrap().iter().find(|draft| draft.entry.id == id).map(events::Draft::text);
            if let Some(text) = found {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The child of a process that is a monitor, and was started from this folder's test.
fn monitor_of(parent: u32) -> Option<Pid> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).ok()?.flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let all = children.collect::<Vec<_>>().join(" ");
    let is_monitor =
        |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.ends_with(b"\0monitor\0"));
    all.split_whitespace().filter_map(|pid| pid.parse().ok()).find(is_monitor).and_then(Pid::from_raw)
}

async fn hear(news: &mut broadcast::Receiver<Change>, meant: impl Fn(&Change) -> bool) -> Change {
    loop {
        let change = news.recv().await.unwrap();
        if meant(&change) {
            return change;
        }
    }
}

fn state_file(folder: &Path, name: &str) -> std::path::PathBuf {
    folder.join("dummy").join(id(name).file_name())
}

#[test]
fn after_the_end_of_a_monitor_everything_is_opened_probed_and_watched_as_before() {
    with(STEADFAST, async |under| {
        let mut news = under.monitors.news();
        for name in ["runs", "rests"] {
            under.open(name);
        }
        for _ in 0..2 {
            // The first monitor looks at what it is told of too.
            hear(&mut news, |change| matches!(change, Change::Adopted { .. })).await;
        }
        assert_eq!(under.call("runs", Verb::Online).await, Outcome::done());
        under.monitors.watch(&id("runs"), true);
        let first = under.pid(None).await;
        kill_process(first, Signal::KILL).unwrap();

        // They are probed side by side, and told as each is known.
        let mut adopted = BTreeMap::new();
        while adopted.len() < 2 {
            let heard = hear(&mut news, |change| matches!(change, Change::Adopted { .. })).await;
            if let Change::Adopted { id, outcome } = heard {
                adopted.insert(id, outcome);
            }
        }
        let expected = [("rests", Outcome::not_running()), ("runs", Outcome::running())];
        assert_eq!(adopted, expected.map(|(name, outcome)| (id(name), outcome)).into());
        let told = under.tells(events::MonitorDied::ENTRY.id).await;
        assert!(told.contains("signal 9") && told.contains("It looked after: g/rests, g/runs."), "{told}");
        under.tells(events::MonitorReplaced::ENTRY.id).await;

        // It is watched again: what happens to it is noticed.
        fs::remove_file(state_file(under.folder.path(), "runs")).unwrap();
        let changed = hear(&mut news, |change| matches!(change, Change::Changed { .. })).await;
        assert!(matches!(changed, Change::Changed { id: which, outcome, .. }
            if which == id("runs") && outcome == Outcome::not_running()));
    });
}

#[test]
fn a_call_that_meets_no_monitor_waits_for_the_next_one() {
    with(STEADFAST, async |under| {
        under.open("a");
        // Nothing has been started yet.
        assert_eq!(under.call("a", Verb::Online).await, Outcome::done());
        let first = under.pid(None).await;
        kill_process(first, Signal::KILL).unwrap();
        under.tells(events::MonitorDied::ENTRY.id).await;
        assert_eq!(under.call("a", Verb::Probe).await, Outcome::running());
    });
}

#[test]
fn a_monitor_that_lets_a_deadline_pass_is_killed_and_whoever_waits_is_answered() {
    with(STEADFAST, async |under| {
        under.open("a");
        assert_eq!(under.call("a", Verb::Probe).await, Outcome::not_running());
        let first = under.pid(None).await;
        kill_process(first, Signal::STOP).unwrap();
        let short = Duration::from_millis(1);
        let outcome = under.monitors.call(&id("a"), Verb::Online, short, BTreeMap::new()).await;
        assert_eq!(outcome.verdict, Verdict::Failed { failure: Failure::TimedOut }, "{outcome}");
        let told = under.tells(events::MonitorDied::ENTRY.id).await;
        assert!(told.contains("did not answer `online` of g/a, which had 1 ms, and was killed"), "{told}");
        assert_eq!(under.call("a", Verb::Probe).await, Outcome::not_running());
        assert_ne!(under.pid(Some(first)).await, first);
    });
}

#[test]
fn where_no_monitor_can_be_started_every_call_says_so_at_once_and_one_event_does() {
    with("/nonexistent/steadfast", async |under| {
        under.open("a");
        let told = under.tells(events::MonitorNotStarted::ENTRY.id).await;
        assert!(told.contains("/nonexistent/steadfast cannot be run: No such file"), "{told}");
        let outcome = under.call("a", Verb::Online).await;
        assert_eq!(outcome.verdict, Verdict::Failed { failure: Failure::NotLoadable }, "{outcome}");
        assert!(under.monitors.types().await.unwrap_err().contains("cannot be run"));
        assert_eq!(under.told.lock().unwrap().len(), 1);
    });
}

#[test]
fn what_was_never_opened_cannot_be_asked_for() {
    with(STEADFAST, async |under| {
        let outcome = under.call("a", Verb::Online).await;
        assert_eq!(outcome.verdict, Verdict::Failed { failure: Failure::Undefined });
        under.open("a");
        under.monitors.close(&id("a"));
        let outcome = under.call("a", Verb::Online).await;
        assert_eq!(outcome.verdict, Verdict::Failed { failure: Failure::Undefined });
    });
}

#[test]
fn what_an_agent_noted_is_known_to_the_next_monitor() {
    if !Path::new("/usr/lib/ocf/resource.d/heartbeat/Stateful").exists()
        || !rustix::process::geteuid().is_root()
    {
        let why = "no resource-agents here, or not run by root";
        return lab::skip("what_an_agent_noted_is_known_to_the_next_monitor", why);
    }
    with(STEADFAST, async |under| {
        let mut news = under.monitors.news();
        let mut score = async || match hear(&mut news, |change| matches!(change, Change::Noted(_))).await {
            Change::Noted(Note::Score { score, .. }) => score,
            other => panic!("{other:?}"),
        };
        // Its state is where all agents of a machine keep theirs: no other test has one of this name.
        let name = format!("noted-{}", std::process::id());
        let (id, kind) = (id(&name), "ocf:heartbeat:Stateful".parse().unwrap());
        let (parameters, checks) = (BTreeMap::new(), Checks::default());
        under.monitors.open(Instance { id, kind, parameters, checks });
        assert_eq!(under.call(&name, Verb::Online).await, Outcome::done());
        assert_eq!(score().await, Some(5));
        kill_process(under.pid(None).await, Signal::KILL).unwrap();
        under.tells(events::MonitorReplaced::ENTRY.id).await;
        // It rates itself as before, which is news only to one that does not know it.
        assert_eq!(under.call(&name, Verb::Online).await, Outcome::done());
        assert_eq!(under.call(&name, Verb::Promote).await, Outcome::done());
        assert_eq!(score().await, Some(10));
        assert_eq!(under.call(&name, Verb::Demote).await, Outcome::done());
        assert_eq!(score().await, Some(5));
        assert_eq!(under.call(&name, Verb::Offline).await, Outcome::done());
        assert_eq!(score().await, None);
    });
}
