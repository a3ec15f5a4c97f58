//! What is found out about components is told: as events, and to the database, out of which every node plans.

use super::keeper::{self, Outlet};
use super::{Components, Known, baseline, spare, subjects, uses};
use crate::clock;
use crate::node::Node;
use crate::node::own::Own;
use events::Draft;
use inventory::Stale;
use model::stored::{
    Actor, ClusterState, Command, NodeRecord, ReadinessDegree, ReadinessRecord, ReadinessVerdict,
};
use servicing::judge::{Class, Finding};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Between two looks at whether something else is to be looked after.
const FOLLOW: Duration = Duration::from_millis(200);

/// Between two writes. What breaks one file often breaks several, within moments.
const COALESCE: Duration = Duration::from_millis(10);

/// After a write that was refused.
const REFUSED: Duration = Duration::from_secs(5);

/// So long nobody may have looked; the keeper hangs at a dead disk then.
const UNSEEN_MAX: Duration = Duration::from_secs(60);

/// So many findings are in the database, and told at once; how many there are is told in any case.
const FINDINGS_MAX: usize = 32;

/// A reason is for a line of `status`; all of it is in the event.
const REASON_CHARS_MAX: usize = 500;

/// Says what is to be looked after, for ever, and runs the thread that does.
pub(crate) async fn follow(node: Arc<Node>) {
    let stop = Arc::new(AtomicBool::new(false));
    let _stops = StopsWith(stop.clone());
    let reader = baseline::Reader::default();
    let (mut thread, mut refused) = (None, None);
    let mut followed: Option<Arc<ClusterState>> = None;
    loop {
        let state = node.state();
        let is_alive =
            thread.as_ref().is_none_or(|thread: &std::thread::JoinHandle<()>| !thread.is_finished());
        if is_alive && followed.as_ref().is_some_and(|followed| Arc::ptr_eq(followed, &state)) {
            sleep(FOLLOW).await;
            continue;
        }
        followed = Some(state.clone());
        let (present, problem) = reader.present(&state);
        if problem != refused {
            if let Some(problem) = &problem {
                let generation = state.baselines.last().and_then(|it| it.baseline().ok());
                let generation = generation.map_or(0, |baseline| baseline.generation.0);
                node.log.raise(events::BaselineRefused { generation, problem: problem.clone() });
            }
            refused = problem;
        }
        let host = monitor_client::Program::plugin_host().path;
        let mut subjects = subjects::of(&state.spec, node.name(), &host);
        uses::add_known(&mut subjects.roots, &state);
        let cgroups = cgroups(&node, subjects.resources.keys());
        let job = node.components.set_job(|job| {
            job.node = Some(node.name().clone());
            job.baseline = present;
            job.resources = subjects.resources;
            job.subjects = subjects.roots;
            job.cgroups = cgroups;
        });
        let is_needed = !job.subjects.is_empty() || job.scans > 0;
        if thread.as_ref().is_none_or(std::thread::JoinHandle::is_finished) && is_needed {
            // It ends only by a defect, and is begun anew.
            thread = start(&node, stop.clone());
        }
        sleep(FOLLOW).await;
    }
}

/// The part that started the thread is started anew after a defect, and starts another.
struct StopsWith(Arc<AtomicBool>);

impl Drop for StopsWith {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn start(node: &Arc<Node>, stop: Arc<AtomicBool>) -> Option<std::thread::JoinHandle<()>> {
    let (of_job, of_known) = (node.clone(), node.clone());
    let Components { wake, looked, .. } = &node.components;
    let outlet = Outlet {
        job: Box::new(move || of_job.components.job()),
        wake: wake.clone(),
        known: Box::new(move |known| drop(of_known.components.known.send_replace(Some(Arc::new(known))))),
        looked: looked.clone(),
    };
    let built = std::thread::Builder::new().name("components".to_owned());
    let started = built.spawn(move || keeper::run(&outlet, &stop));
    started.inspect_err(|error| tracing::warn!(%error, "components are not looked after")).ok()
}

/// Where the processes of resources are.
fn cgroups<'r>(node: &Node, resources: impl Iterator<Item = &'r String>) -> BTreeMap<String, PathBuf> {
    let Some(folder) = node.monitors.cgroup_of_resources() else { return BTreeMap::new() };
    resources.map(|path| (path.clone(), folder.join(path.replacen('/', "+", 1)))).collect()
}

/// Tells what is found out, for ever.
pub(crate) async fn keep_told(node: Arc<Node>) {
    let mut changes = node.components.known.subscribe();
    let mut told = Told::default();
    loop {
        tokio::select! {
            () = clock::beat(Duration::from_millis(500)) => {}
            // The sender lives as long as the node.
            _ = changes.changed() => {}
        }
        let state = node.state();
        let Some((id, record)) = node.id().and_then(|id| Some((id, state.nodes.get(&id)?))) else { continue };
        spare::tell(&node, &state, &mut told.unspared);
        let Some(known) = node.components.known() else { continue };
        told.events(&node, record, &known);
        told.expired(&node, &known);
        if *node.own.borrow() != Own::Clear || !node.quorum().has {
            continue;
        }
        let readiness = readiness(&node, record, &known);
        if record.readiness == readiness {
            // Only then, because readiness is more urgent.
            if let Err(problem) = uses::tell(&node, &known).await {
                tracing::warn!(%problem, "what resources use could not be told");
                sleep(REFUSED).await;
            }
            continue;
        }
        let took_part = record.readiness.maintenance && !readiness.maintenance;
        let command = Command::ReportReadiness { node: id, readiness };
        match node.write(Actor::Node(node.name().clone()), command).await {
            Ok(_) => {
                if took_part {
                    let generation = known.generation();
                    node.log.raise(events::NodeMatchesBaseline { node: node.name().clone(), generation });
                }
                sleep(COALESCE).await;
            }
            Err(problem) => {
                tracing::warn!(%problem, "how components stand here could not be told");
                sleep(REFUSED).await;
            }
        }
    }
}

impl Known {
    fn generation(&self) -> u64 {
        self.job.baseline.as_ref().map_or(0, |present| present.baseline.generation.0)
    }
}

/// What the database is to know.
fn readiness(node: &Node, record: &NodeRecord, known: &Known) -> ReadinessRecord {
    let Some(judgement) = &known.judgement else {
        // Without a baseline nothing is known to be wrong. A node that joined waits until it could look.
        return ReadinessRecord { maintenance: record.readiness.maintenance, ..ReadinessRecord::default() };
    };
    let generation = known.generation();
    let findings = judgement.findings.iter().take(FINDINGS_MAX).map(|finding| finding.record(generation));
    let mut resources = judgement.resources.clone();
    let unseen = node.components.looked.lock().map_or(Duration::ZERO, |looked| looked.elapsed());
    if unseen > UNSEEN_MAX {
        // Minutes, so that it is not written anew each second.
        let minutes = unseen.as_secs() / 60;
        let reason =
            format!("its components were not looked at for {minutes} minutes: a disk does not answer");
        for resource in known.job.resources.keys() {
            let lowered = ReadinessVerdict { degree: ReadinessDegree::Lowered, reason: reason.clone() };
            resources.entry(resource.clone()).or_insert(lowered);
        }
    }
    for verdict in resources.values_mut() {
        if verdict.reason.chars().count() > REASON_CHARS_MAX {
            verdict.reason = verdict.reason.chars().take(REASON_CHARS_MAX).chain(['…']).collect();
        }
    }
    ReadinessRecord {
        generation: known.job.baseline.as_ref().map(|present| present.baseline.generation),
        root: Some(judgement.root),
        findings: findings.collect(),
        count: judgement.findings.len() as u64,
        resources,
        maintenance: record.readiness.maintenance && judgement.root != judgement.expected,
    }
}

/// What was told already.
#[derive(Default)]
struct Told {
    /// By file and kind of difference, in which generation.
    findings: Option<BTreeSet<(String, String)>>,
    stale: BTreeSet<(String, Stale)>,
    troubles: BTreeSet<String>,
    unwatched: bool,
    maintenance: bool,
    expired: BTreeSet<String>,
    unspared: BTreeSet<String>,
    looked: Option<Instant>,
}

impl Told {
    /// Tells what is new. What a former life of this daemon has told is in the database.
    fn events(&mut self, node: &Node, record: &NodeRecord, known: &Known) {
        if let Some(problem) = known.unwatched.clone().filter(|_| !self.unwatched) {
            self.unwatched = true;
            node.log.raise(events::ComponentsUnwatched { problem });
        }
        for problem in known.troubles.iter().filter(|it| !self.troubles.contains(*it)) {
            node.log.raise(events::PackagesUnreadable { problem: problem.clone() });
        }
        self.troubles = known.troubles.iter().cloned().collect();
        self.stale(node, known);
        let Some(judgement) = &known.judgement else { return };
        let generation = known.generation();
        let before = self.findings.take().unwrap_or_else(|| {
            record.readiness.findings.iter().map(|it| (it.what.clone(), it.class.clone())).collect()
        });
        let key = |finding: &Finding| (finding.what.clone(), finding.class.to_string());
        let now: BTreeSet<(String, String)> = judgement.findings.iter().map(key).collect();
        let new: Vec<&Finding> = judgement.findings.iter().filter(|it| !before.contains(&key(it))).collect();
        for finding in new.iter().take(FINDINGS_MAX) {
            let changer = known.changers.get(&finding.what).cloned();
            node.log.raise(event(finding, generation, changer));
        }
        let gone: BTreeSet<&String> = before.iter().map(|(what, _)| what).collect();
        let differs = |what: &str| now.iter().any(|(other, _)| other == what);
        for path in gone.into_iter().filter(|what| !differs(what)).take(FINDINGS_MAX) {
            node.log.raise(events::ComponentRestored { path: path.clone(), generation });
        }
        self.findings = Some(now);
        if record.readiness.maintenance && judgement.root != judgement.expected && !self.maintenance {
            self.maintenance = true;
            let differ = judgement.findings.len() as u64;
            node.log.raise(events::NodeInMaintenance { node: node.name().clone(), differ, generation });
        }
    }

    fn stale(&mut self, node: &Node, known: &Known) {
        let of = |(resource, all): (&String, &BTreeSet<Stale>)| {
            all.iter().map(|one| (resource.clone(), one.clone())).collect::<Vec<_>>()
        };
        let now: BTreeSet<(String, Stale)> = known.stale.iter().flat_map(of).collect();
        let mut new: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
        for (resource, stale) in now.difference(&self.stale) {
            let entry = new.entry(stale.path.display().to_string()).or_default();
            entry.0.insert(format!("{} (process {})", stale.name, stale.process));
            entry.1.insert(resource.clone());
        }
        for (path, (processes, resources)) in new.into_iter().take(FINDINGS_MAX) {
            let (processes, resources) = (joined(&processes), joined(&resources));
            node.log.raise(events::ProcessStale { path, processes, resources });
        }
        self.stale = now;
    }

    /// What was let through for a while, and is over.
    fn expired(&mut self, node: &Node, known: &Known) {
        if self.looked.is_some_and(|looked| looked.elapsed() < Duration::from_secs(1)) {
            return;
        }
        self.looked = Some(Instant::now());
        let Some(present) = &known.job.baseline else { return };
        for what in expired(&present.baseline, clock::wall()) {
            if self.expired.insert(what.clone()) {
                node.log.raise(events::LoweringExpired { generation: known.generation(), what });
            }
        }
    }
}

/// What a baseline let through until a moment that is over.
pub(super) fn expired(baseline: &model::stored::Baseline, now: model::Timestamp) -> Vec<String> {
    let mut expired: Vec<String> = Vec::new();
    if baseline.expires.is_some_and(|expires| now >= expires) {
        let reason = baseline.reason.as_deref().unwrap_or("no reason was given");
        expired.push(format!("the lowering itself ({reason})"));
    }
    let over = baseline.waivers.iter().filter(|waiver| now >= waiver.until);
    expired.extend(over.map(|waiver| format!("{} ({})", waiver.path, waiver.reason)));
    expired
}

fn joined(all: &BTreeSet<String>) -> String {
    all.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn event(finding: &Finding, generation: u64, process: Option<String>) -> Draft {
    let (path, class) = (finding.what.clone(), finding.class.to_string());
    let (expected, found) = (finding.expected.clone(), finding.found.clone());
    let resources = joined(&finding.resources);
    match finding.class {
        Class::Broken => events::ResolutionBroken { subject: path, problem: found, resources }.into(),
        class_of if class_of.excludes() => {
            events::ComponentBroken { path, class, expected, found, process, resources, generation }.into()
        }
        _ => events::ComponentDiffers { path, class, expected, found, process, resources, generation }.into(),
    }
}
