//! The supervisor under test, and what it tells.

use daemon::monitors::{Change, Ground, Monitors, Program};
use model::TypeName;
use model::desired::{TypeSpec, Value};
use resource_api::{Checks, Failure, Instance, Outcome, ResourceId, Verb, Verdict};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::broadcast;
use tokio::time::sleep;

/// Generous: whatever a test waits for comes within it, or never.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

pub(crate) struct Under {
    pub(crate) monitors: Monitors,
    told: Arc<Mutex<Vec<events::Draft>>>,
    _folder: TempDir,
}

/// Runs a test with a supervisor whose monitor of the built-in types cannot be started: what plug-ins
/// need is none of its business.
pub(crate) fn with<F: Future<Output = ()>>(test: impl FnOnce(Arc<Under>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let told: Arc<Mutex<Vec<events::Draft>>> = Arc::default();
        let noted = told.clone();
        let program = |path: &str| Program { path: path.into(), ..Program::plugin_host() };
        let ground = Ground::folder("n1", folder.path().to_owned());
        let host = program(env!("CARGO_BIN_EXE_steadfast-plugin-host"));
        let tell = move |event| noted.lock().unwrap().push(event);
        let monitors = Monitors::new(ground, program("/no/steadfast"), host, tell);
        let under = Arc::new(Under { monitors: monitors.clone(), told, _folder: folder });
        tokio::time::timeout(PATIENCE * 2, test(under)).await.unwrap();
        monitors.stop().await;
    });
}

pub(crate) fn id(name: &str) -> ResourceId {
    ResourceId { group: "g".parse().unwrap(), resource: name.parse().unwrap() }
}

pub(crate) fn kind(name: &str) -> TypeName {
    name.parse().unwrap()
}

pub(crate) fn failure(outcome: &Outcome) -> Option<Failure> {
    match outcome.verdict {
        Verdict::Failed { failure } => Some(failure),
        _ => None,
    }
}

impl Under {
    /// Registers these types, each with its library, and no others.
    pub(crate) fn register(&self, types: &[(&str, &Path)]) {
        let spec = |(name, library): &(&str, &Path)| TypeSpec {
            name: kind(name),
            library: library.to_str().unwrap().parse().unwrap(),
        };
        self.monitors.register(&types.iter().map(spec).collect::<Vec<_>>());
    }

    pub(crate) fn open(&self, name: &str, of: &str, parameters: &[(&str, &str)]) {
        let given = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::Text((*value).to_owned()));
        let checks = Checks { looks_alive_ms: 0, is_alive_ms: 0, ..Checks::default() };
        let parameters: BTreeMap<_, _> = parameters.iter().map(given).collect();
        self.monitors.open(Instance { id: id(name), kind: kind(of), parameters, checks });
    }

    pub(crate) async fn call(&self, name: &str, verb: Verb) -> Outcome {
        self.call_within(name, verb, PATIENCE).await
    }

    pub(crate) async fn call_within(&self, name: &str, verb: Verb, deadline: Duration) -> Outcome {
        self.monitors.call(&id(name), verb, deadline, BTreeMap::new()).await
    }

    /// Waits until this type can be used.
    pub(crate) async fn can_be_used(&self, name: &str) {
        while self.monitors.standings().get(&kind(name)) != Some(&Ok(())) {
            sleep(LOOK).await;
        }
    }

    /// Waits until this type cannot be used, and why.
    pub(crate) async fn is_lost(&self, name: &str) -> String {
        loop {
            if let Some(Err(problem)) = self.monitors.standings().remove(&kind(name)) {
                return problem.reason;
            }
            sleep(LOOK).await;
        }
    }

    /// All that was told of this event.
    pub(crate) fn told(&self, entry: &events::Entry) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.iter().filter(|draft| draft.entry.id == entry.id).map(events::Draft::text).collect()
    }

    /// Waits until this event has been told that often; the last text.
    pub(crate) async fn tells(&self, entry: &events::Entry, times: usize) -> String {
        loop {
            if let Some(text) = self.told(entry).get(times - 1) {
                return text.clone();
            }
            sleep(LOOK).await;
        }
    }

    /// The process that has loaded a library: a child of this test, which is a process of its own.
    pub(crate) fn process_of(library: &Path) -> Option<u32> {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let all = children.collect::<Vec<_>>().join(" ");
        let argument = format!("\0{}\0", library.display());
        let has_it = |pid: &u32| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.ends_with(argument.as_bytes()))
        };
        all.split_whitespace().filter_map(|pid| pid.parse().ok()).find(has_it)
    }
}

/// Waits for news of this kind.
pub(crate) async fn hear(news: &mut broadcast::Receiver<Change>, meant: impl Fn(&Change) -> bool) -> Change {
    loop {
        let change = news.recv().await.unwrap();
        if meant(&change) {
            return change;
        }
    }
}
