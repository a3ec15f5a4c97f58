//! The thread that looks after components.
//!
//! Told of a change by the kernel, it looks at once; and every two seconds in any case, which costs an `lstat` for
//! each file. What is not told (a write through a mapping) is found by reading everything again, a part at each
//! look, within thirty seconds as long as it is not too much for that ([`reread`]). If more happened than
//! the kernel remembers, everything is read at once.
//!
//! It holds nothing that cannot be found out again, and begins anew if it fails.

use super::facts::Facts;
use super::reread::{self, Reread};
use super::{Job, Known};
use closure::{Closure, Ground};
use inventory::{Looker, Processes, Raw, Stale, Told, Watch};
use model::AbsolutePath;
use model::stored::Component;
use servicing::inventory::{Found, Inventory, Resolution};
use servicing::judge::{self, Question};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two looks at everything. A look at 100 files takes a quarter of a millisecond.
const LOOK: Duration = Duration::from_secs(2);

/// While something is installed, which tells of its end in no other way than by letting go of a lock.
const LOOK_AT_INSTALLATION: Duration = Duration::from_millis(200);

/// Between two looks at what processes have loaded, unless something has changed: a look costs some 50
/// microseconds for each process.
const PROCESSES: Duration = Duration::from_secs(30);

/// After a change of which nobody knows whether it matters. Whoever changes one file mostly changes more.
const COALESCE: Duration = Duration::from_millis(20);

/// Somebody writes, and has not finished: so long nothing may follow before it is looked at.
const SETTLE: Duration = Duration::from_millis(10);

/// Names of files that were changed are kept with who did it, so many.
const CHANGERS_MAX: usize = 1_024;

/// Where what is found out goes to.
pub(super) struct Outlet {
    pub(super) job: Box<dyn Fn() -> Arc<Job> + Send>,
    pub(super) wake: Arc<OwnedFd>,
    pub(super) known: Box<dyn Fn(Known) + Send>,
    pub(super) looked: Arc<Mutex<Instant>>,
}

/// Looks after components as long as somebody wants to know.
pub(super) fn run(outlet: &Outlet, stop: &std::sync::atomic::AtomicBool) {
    let mut keeper = Keeper::new();
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let job = (outlet.job)();
        if job.subjects.is_empty() && job.baseline.is_none() && job.scans == keeper.job.scans {
            // Nobody stands on anything: the usual case of a cluster of addresses alone.
            keeper = Keeper::new();
            wait_for_wake(&outlet.wake);
            *outlet.looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            continue;
        }
        keeper.take(&job);
        keeper.look();
        if let Some(known) = keeper.known() {
            (outlet.known)(known);
        }
        *outlet.looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        keeper.wait(&outlet.wake);
    }
}

fn wait_for_wake(wake: &OwnedFd) {
    let mut asked = [rustix::event::PollFd::new(wake, rustix::event::PollFlags::IN)];
    let limit = rustix::event::Timespec { tv_sec: 10, tv_nsec: 0 };
    let _ = rustix::event::poll(&mut asked, Some(&limit));
    drain(wake);
}

fn drain(wake: &OwnedFd) {
    let _ = rustix::io::read(wake, &mut [0_u8; 8]);
}

/// Which part of the closures is to be found out anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Anew {
    Nothing,
    /// Those in which a file has changed.
    Changed,
    All,
}

struct Keeper {
    job: Arc<Job>,
    looker: Looker,
    watch: Result<Watch, String>,
    facts: Facts,
    closures: BTreeMap<String, Arc<Closure>>,
    /// Every file that is looked after, with what is known of it.
    files: BTreeMap<AbsolutePath, Found>,
    /// Their names, without folders.
    names: BTreeSet<OsString>,
    changers: HashMap<OsString, String>,
    /// Names of files that were changed, in whichever folder.
    told: BTreeSet<OsString>,
    anew: Anew,
    /// Everything is to be read, whatever its mark says.
    closely: bool,
    /// Everything is to be found out about it, also of what is as it was validated.
    thoroughly: bool,
    looked: Instant,
    /// When everything was found out anew.
    resolved: Instant,
    /// A package manager was at work while it was looked.
    installing: bool,
    reread: Reread,
    /// When processes were looked at.
    processes: Option<Instant>,
    stale: BTreeMap<String, BTreeSet<Stale>>,
    used: BTreeMap<String, BTreeSet<AbsolutePath>>,
    published: Option<Published>,
}

/// What was told last, to know whether there is news.
#[derive(PartialEq)]
struct Published {
    job: Arc<Job>,
    files: BTreeMap<AbsolutePath, Found>,
    closures: BTreeMap<String, Arc<Closure>>,
    stale: BTreeMap<String, BTreeSet<Stale>>,
    used: BTreeMap<String, BTreeSet<AbsolutePath>>,
    judgement: Option<judge::Judgement>,
    troubles: Vec<String>,
}

impl Keeper {
    fn new() -> Self {
        Self {
            job: Arc::default(),
            looker: Looker::default(),
            watch: Watch::new().map_err(|error| error.to_string()),
            facts: Facts::read(),
            closures: BTreeMap::new(),
            files: BTreeMap::new(),
            names: BTreeSet::new(),
            changers: HashMap::new(),
            told: BTreeSet::new(),
            anew: Anew::All,
            closely: false,
            thoroughly: true,
            looked: Instant::now(),
            resolved: Instant::now(),
            installing: false,
            reread: Reread::default(),
            processes: None,
            stale: BTreeMap::new(),
            used: BTreeMap::new(),
            published: None,
        }
    }

    /// What is wanted from now on.
    fn take(&mut self, job: &Arc<Job>) {
        if *self.job == **job {
            return;
        }
        if self.job.subjects != job.subjects {
            self.closures.retain(|name, _| self.job.subjects.get(name) == job.subjects.get(name));
            self.anew = self.anew.max(Anew::Changed);
        }
        if self.job.scans != job.scans {
            (self.anew, self.closely, self.thoroughly) = (Anew::All, true, true);
        }
        if self.job.cgroups != job.cgroups {
            self.processes = None;
        }
        self.job = job.clone();
    }

    /// One look at everything.
    fn look(&mut self) {
        self.looked = Instant::now();
        // Asked before anything is looked at, and again before it is judged: whoever finished in between has changed
        // the files that were seen, and databases that were read before.
        self.installing = self.facts.is_installing();
        if self.facts.refresh(self.installing) {
            // What was installed may be called now, and what it brought belongs to somebody.
            (self.anew, self.thoroughly) = (Anew::All, true);
        }
        let closely = std::mem::take(&mut self.closely);
        let mut changed = self.look_at_files(closely);
        let loader = Path::new("/etc/ld.so.cache");
        if self.looker.look(loader).is_new {
            self.anew = Anew::All;
        }
        if !changed.is_empty() {
            self.anew = self.anew.max(Anew::Changed);
        }
        // A file of a known name that is none of those that are looked after: it may come before one of them.
        let changed_here =
            |name: &OsString| changed.iter().any(|path| path.as_path().file_name() == Some(name));
        let is_elsewhere = std::mem::take(&mut self.told).iter().any(|name| !changed_here(name));
        let is_untold = self.watch.is_err() && self.resolved.elapsed() >= reread::PERIOD;
        if is_elsewhere || is_untold {
            self.anew = Anew::All;
        }
        if self.resolve(&changed) {
            changed.extend(self.look_at_files(false));
        }
        self.find_out(&changed);
        let is_due = self.processes.is_none_or(|looked| looked.elapsed() >= PROCESSES);
        if is_due || !changed.is_empty() || !self.stale.is_empty() {
            self.look_at_processes();
        }
    }

    /// What is looked after: what the baseline has of what might run here, and what that stands on now.
    fn wanted(&self) -> BTreeSet<AbsolutePath> {
        let mut wanted = BTreeSet::new();
        if let Some(present) = &self.job.baseline {
            for name in self.job.resources.values() {
                let subject = present.baseline.subjects.get(name);
                wanted.extend(subject.into_iter().flat_map(|subject| subject.files.iter().cloned()));
            }
        }
        for closure in self.closures.values() {
            wanted.extend(closure.files.keys().filter_map(|path| path.to_str()?.parse().ok()));
        }
        wanted
    }

    /// Looks at all files, and says which are not what they were.
    fn look_at_files(&mut self, closely: bool) -> BTreeSet<AbsolutePath> {
        let wanted = self.wanted();
        self.looker.keep(|path| path == Path::new("/etc/ld.so.cache") || is_in(&wanted, path));
        self.files.retain(|path, _| wanted.contains(path));
        let reread = if closely { BTreeSet::new() } else { self.due(&wanted) };
        let mut changed = BTreeSet::new();
        for path in &wanted {
            let look = if closely || reread.contains(path) {
                self.looker.look_closely(path.as_path())
            } else {
                self.looker.look(path.as_path())
            };
            if look.is_new {
                changed.insert(path.clone());
            }
        }
        if !changed.is_empty() {
            self.names =
                wanted.iter().filter_map(|path| path.as_path().file_name()).map(OsString::from).collect();
            self.mark(&wanted);
        }
        changed
    }

    /// Which files are to be read again at this look, whatever their marks say.
    fn due(&mut self, wanted: &BTreeSet<AbsolutePath>) -> BTreeSet<AbsolutePath> {
        let size = |path| self.looker.size(AbsolutePath::as_path(path));
        let files: Vec<(&AbsolutePath, u64)> = wanted.iter().map(|path| (path, size(path))).collect();
        self.reread.due(&files, reread::PERIOD.as_secs() / LOOK.as_secs())
    }

    fn mark(&mut self, wanted: &BTreeSet<AbsolutePath>) {
        let Ok(watch) = &mut self.watch else { return };
        let folders: BTreeSet<&Path> = self
            .closures
            .values()
            .flat_map(|closure| closure.folders.iter().map(PathBuf::as_path))
            .chain(wanted.iter().filter_map(|path| path.as_path().parent()))
            .chain([Path::new("/etc"), Path::new("/var/lib/dpkg"), Path::new("/var/lib/rpm")])
            .collect();
        watch.add(folders, wanted.iter().map(AbsolutePath::as_path));
    }

    /// Finds out anew what subjects stand on; whether anything of it is new.
    fn resolve(&mut self, changed: &BTreeSet<AbsolutePath>) -> bool {
        let anew = std::mem::replace(&mut self.anew, Anew::Nothing);
        let before = self.closures.clone();
        self.closures.retain(|name, _| self.job.subjects.contains_key(name));
        let is_touched = |closure: &Closure| {
            changed.iter().any(|path| closure.files.contains_key(path.as_path()))
                || !closure.problems.is_empty() && !changed.is_empty()
        };
        let todo: Vec<&String> = self
            .job
            .subjects
            .keys()
            .filter(|name| match self.closures.get(*name) {
                None => true,
                Some(closure) => anew == Anew::All || (anew == Anew::Changed && is_touched(closure)),
            })
            .collect();
        if todo.is_empty() {
            return before.len() != self.closures.len();
        }
        if anew == Anew::All {
            self.resolved = Instant::now();
        }
        let (ground, images) = (Ground::of_this_machine(), elf::Images::default());
        for name in todo {
            let closure = closure::of_with(&ground, &images, &self.job.subjects[name]);
            if self.closures.get(name).is_none_or(|known| **known != closure) {
                self.closures.insert(name.clone(), Arc::new(closure));
            }
        }
        before != self.closures
    }

    /// What the files are, as far as it is not known.
    fn find_out(&mut self, changed: &BTreeSet<AbsolutePath>) {
        let thoroughly = std::mem::take(&mut self.thoroughly);
        let wanted = self.wanted();
        let baseline = self.job.baseline.clone();
        let validated =
            |path: &AbsolutePath| baseline.as_ref().and_then(|it| it.baseline.components.get(path));
        for path in changed {
            self.facts.has_changed_file(path.as_path());
        }
        let is_validated = |looker: &Looker, path: &AbsolutePath, validated: Option<&Component>| {
            let content = match looker.known(path.as_path()) {
                Some(Raw::There { content, .. }) => Some(content),
                _ => None,
            };
            validated.is_some_and(|validated| Some(&validated.content) == content)
        };
        let todo: Vec<&AbsolutePath> = wanted
            .iter()
            .filter(|path| thoroughly || changed.contains(*path) || !self.files.contains_key(*path))
            .collect();
        let unknown =
            todo.iter().filter(|path| thoroughly || !is_validated(&self.looker, path, validated(path)));
        self.facts.learn(unknown.map(|path| path.as_path()));
        for path in todo {
            let Some(raw) = self.looker.known(path.as_path()) else { continue };
            let known = validated(path).filter(|_| !thoroughly);
            let found = self.facts.found(path, raw, known);
            self.files.insert(path.clone(), found);
        }
    }

    /// What processes of resources have loaded, and which go on with what was replaced.
    fn look_at_processes(&mut self) {
        self.processes = Some(Instant::now());
        let mut processes = Processes::new();
        self.stale.clear();
        self.used.clear();
        for (resource, folder) in &self.job.cgroups {
            let Some(subject) = self.job.resources.get(resource) else { continue };
            let Some(closure) = self.closures.get(subject) else { continue };
            let pids = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            for pid in pids.lines().filter_map(|line| line.parse().ok()) {
                let loaded = processes.loaded(pid, |path| closure.files.contains_key(path));
                if !loaded.stale.is_empty() {
                    self.stale.entry(resource.clone()).or_default().extend(loaded.stale);
                }
                let is_news = |path: &&PathBuf| {
                    let known = closure.files.get(*path);
                    known.is_none_or(|reason| *reason == closure::Reason::Used)
                        && inventory::is_installed(path)
                };
                let used = loaded.files.iter().filter(is_news).filter_map(|it| it.to_str()?.parse().ok());
                self.used.entry(subject.clone()).or_default().extend(used);
            }
        }
    }

    /// What is known now, if it is news.
    fn known(&mut self) -> Option<Known> {
        self.installing |= self.facts.is_installing() || self.facts.has_changed();
        let inventory = self.inventory();
        let judgement = match (&self.job.baseline, &self.job.node) {
            (Some(present), Some(node)) => Some(judge::judge(&Question {
                baseline: &present.baseline,
                inventory: &inventory,
                resources: &self.job.resources,
                node,
                now: crate::clock::wall(),
                installing: self.installing,
            })),
            _ => None,
        };
        let published = Published {
            job: self.job.clone(),
            files: self.files.clone(),
            closures: self.closures.clone(),
            stale: self.stale.clone(),
            used: self.used.clone(),
            judgement: judgement.clone(),
            troubles: self.troubles(),
        };
        if self.published.as_ref() == Some(&published) {
            return None;
        }
        self.published = Some(published);
        let changer = |path: &AbsolutePath| {
            let who = self.changers.get(path.as_path().file_name()?)?;
            Some((path.to_string(), who.clone()))
        };
        Some(Known {
            job: self.job.clone(),
            closures: self.closures.clone(),
            judgement,
            changers: self.files.keys().filter_map(changer).collect(),
            stale: self.stale.clone(),
            used: self.used.clone(),
            troubles: self.troubles(),
            unwatched: self.watch.as_ref().err().cloned(),
            inventory,
        })
    }

    /// A database that somebody is changing may be in pieces for a moment.
    fn troubles(&self) -> Vec<String> {
        if self.installing { Vec::new() } else { self.facts.troubles.clone() }
    }

    fn inventory(&self) -> Inventory {
        let resolution = |(name, closure): (&String, &Arc<Closure>)| {
            let files = closure.files.keys().filter_map(|path| path.to_str()?.parse().ok()).collect();
            (name.clone(), Resolution { files, problems: closure.problems.clone() })
        };
        let baseline = self.job.baseline.as_ref().map(|present| &present.baseline);
        let of_files = baseline.iter().flat_map(|baseline| baseline.components.values());
        let of_rules =
            baseline.iter().flat_map(|it| it.order.iter().flat_map(|rule| [&rule.first, &rule.then]));
        let ruled: BTreeSet<&str> = of_rules.map(String::as_str).collect();
        let mut names: BTreeSet<&str> =
            of_files.filter_map(|it| it.package.as_ref()).map(|package| package.name.as_str()).collect();
        names.extend(&ruled);
        // Of interest only where files are missing or rules are to be held.
        let is_asked = self.files.values().any(|found| *found == Found::Missing);
        Inventory {
            files: self.files.clone(),
            resolutions: self.closures.iter().map(resolution).collect(),
            packages: if is_asked { self.facts.installed(&names) } else { BTreeMap::new() },
            installed: self.facts.unpacked(&ruled),
        }
    }

    /// Waits until it is time to look again.
    fn wait(&mut self, wake: &OwnedFd) {
        let mut until = self.looked + if self.installing { LOOK_AT_INSTALLATION } else { LOOK };
        loop {
            let now = Instant::now();
            let Some(left) = until.checked_duration_since(now).filter(|left| !left.is_zero()) else { return };
            let Ok(watch) = &mut self.watch else {
                wait_at_most(wake, left);
                return;
            };
            let told = match watch.wait(left, wake) {
                Ok(told) => told,
                Err(error) => {
                    self.watch = Err(error.to_string());
                    return;
                }
            };
            if is_woken(wake) {
                return;
            }
            for one in told {
                let after = self.told(one);
                until = until.min(now + after);
            }
        }
    }

    /// After how long it is to be looked at.
    fn told(&mut self, told: Told) -> Duration {
        match told {
            Told::Overflow | Told::Mounts => {
                (self.anew, self.closely) = (Anew::All, true);
                Duration::ZERO
            }
            Told::Change(change) => {
                let Some(name) = change.name else { return COALESCE };
                if !self.names.contains(&name) {
                    // Another name of a file that is looked after, or a file that nobody asked for.
                    return COALESCE;
                }
                self.told.insert(name.clone());
                if self.changers.len() >= CHANGERS_MAX {
                    self.changers.clear();
                }
                if let Some(who) = process(change.process) {
                    self.changers.insert(name, who);
                }
                if change.goes_on { SETTLE } else { Duration::ZERO }
            }
        }
    }
}

fn is_in(wanted: &BTreeSet<AbsolutePath>, path: &Path) -> bool {
    path.to_str().and_then(|text| text.parse().ok()).is_some_and(|path: AbsolutePath| wanted.contains(&path))
}

fn wait_at_most(wake: &OwnedFd, limit: Duration) {
    let mut asked = [rustix::event::PollFd::new(wake, rustix::event::PollFlags::IN)];
    let limit = rustix::event::Timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(2),
        tv_nsec: i64::from(limit.subsec_nanos()),
    };
    let _ = rustix::event::poll(&mut asked, Some(&limit));
    drain(wake);
}

fn is_woken(wake: &OwnedFd) -> bool {
    rustix::io::read(wake, &mut [0_u8; 8]).is_ok()
}

/// A process, in words: its number and what it was called with.
fn process(number: i32) -> Option<String> {
    if number <= 0 || u32::try_from(number).ok() == Some(std::process::id()) {
        return None;
    }
    let words = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&words).replace('\0', " ");
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(120).collect();
    Some(if text.is_empty() {
        format!("process {number}, which has ended")
    } else {
        format!("process {number} ({text})")
    })
}
