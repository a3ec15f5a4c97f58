//! The dead-man's switch: until when groups may run here, whatever becomes of the daemon.
//!
//! The daemon tells the deadline of each group, and later ones as its lease is renewed. When one has passed,
//! this process stops the group by itself: the daemon may be gone, frozen, or without a majority. It looks at
//! CLOCK_BOOTTIME itself, ten times a second, so it does not matter who slept meanwhile, this process or the
//! whole machine: the first thing that it does afterwards is to look.
//!
//! If the daemon ends while there are deadlines, this process stays until the last of them. A daemon that is
//! back before has a monitor of its own, which is told the deadlines from the first grant on; it writes down
//! that it guards a group (`guards/GROUP` in the folder of monitors: who, by process and start time), and its
//! predecessor, which looks there before it stops anything, leaves that group to it.
//!
//! Deliberately absent: gates. The kernel closes those by itself.

use model::{GroupName, ResourceName};
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks at the clock.
pub(crate) const LOOK: Duration = Duration::from_millis(100);

/// How long all of a group may take to stop in order once its lease has ended. Whoever takes it over waits
/// for less than a second beyond the lease; what is orderly and takes longer comes too late to be.
pub(crate) const IN_ORDER: Duration = Duration::from_millis(500);

/// Until when groups may run.
#[derive(Debug)]
pub(crate) struct Deadlines {
    folder: PathBuf,
    me: String,
    groups: BTreeMap<GroupName, Deadline>,
}

#[derive(Debug)]
struct Deadline {
    until_ns: u64,
    stops: Vec<Vec<ResourceName>>,
    /// It has passed, and what was to be stopped is being stopped.
    passed: bool,
}

/// A group that may not run any more, and in which order it is stopped.
pub(crate) type Passed = (GroupName, Vec<Vec<ResourceName>>);

impl Deadlines {
    pub(crate) fn new(run_dir: &Path) -> Self {
        Self { folder: run_dir.join("guards"), me: identity(std::process::id()), groups: BTreeMap::new() }
    }

    /// A group may run until then.
    pub(crate) fn lease(&mut self, group: GroupName, until_ns: u64, stops: Vec<Vec<ResourceName>>) {
        let noted = std::fs::create_dir_all(&self.folder)
            .and_then(|()| std::fs::write(self.folder.join(group.as_str()), &self.me));
        if let Err(error) = noted {
            // A predecessor that still lives may stop it needlessly.
            tracing::warn!(%error, %group, "it cannot be noted who guards the group");
        }
        self.groups.insert(group, Deadline { until_ns, stops, passed: false });
    }

    /// These may run until then, unless their time is up already.
    pub(crate) fn renew(&mut self, groups: &[GroupName], until_ns: u64) {
        for group in groups {
            if let Some(deadline) = self.groups.get_mut(group).filter(|deadline| !deadline.passed) {
                deadline.until_ns = until_ns;
            }
        }
    }

    /// Nothing of it runs here any more.
    pub(crate) fn closed(&mut self, group: &GroupName) {
        self.groups.remove(group);
        let file = self.folder.join(group.as_str());
        if self.is_mine(&file) {
            let _ = std::fs::remove_file(file);
        }
    }

    /// Whether a group's time is up, so that nothing of it may be started.
    pub(crate) fn has_passed(&self, group: &GroupName) -> bool {
        self.groups.get(group).is_some_and(|deadline| deadline.passed || deadline.until_ns <= now_ns())
    }

    /// Whether there is anything to look at.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// What has to be stopped now; each is named once.
    pub(crate) fn pass(&mut self) -> Vec<Passed> {
        let now = now_ns();
        let due = self.groups.iter_mut().filter(|(_, deadline)| !deadline.passed && deadline.until_ns <= now);
        let passed = due.map(|(group, deadline)| {
            deadline.passed = true;
            (group.clone(), deadline.stops.clone())
        });
        passed.collect()
    }

    /// For one whose daemon is gone: as [`Self::pass`], without what a successor guards; what is named is
    /// forgotten here.
    pub(crate) fn pass_as_orphan(&mut self) -> Vec<Passed> {
        let passed = self.pass();
        self.groups.retain(|_, deadline| !deadline.passed);
        passed.into_iter().filter(|(group, _)| !self.has_successor(group)).collect()
    }

    /// Whether another monitor, which lives, has written down that it guards the group.
    fn has_successor(&self, group: &GroupName) -> bool {
        let file = self.folder.join(group.as_str());
        let Ok(guard) = std::fs::read_to_string(&file) else { return false };
        let pid = guard.split(' ').next().and_then(|pid| pid.parse().ok());
        guard != self.me && pid.is_some_and(|pid| identity(pid) == guard)
    }

    fn is_mine(&self, file: &Path) -> bool {
        std::fs::read_to_string(file).is_ok_and(|guard| guard == self.me)
    }
}

/// A process, by its number and its start, so that one that has the same number later is another one.
fn identity(pid: u32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Behind the name, which may hold anything, the twentieth word.
    let start = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(19)).unwrap_or("gone");
    format!("{pid} {start}")
}

/// CLOCK_BOOTTIME in nanoseconds.
fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let (secs, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    secs.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> GroupName {
        GroupName::new(name).unwrap()
    }

    #[test]
    fn a_deadline_that_has_passed_is_told_once_and_not_revived() {
        let folder = tempfile::tempdir().unwrap();
        let mut deadlines = Deadlines::new(folder.path());
        deadlines.lease(group("a"), now_ns() + 60_000_000_000, Vec::new());
        assert!(deadlines.pass().is_empty());
        deadlines.renew(&[group("a"), group("stranger")], now_ns());
        assert_eq!(deadlines.pass(), [(group("a"), Vec::new())]);
        assert!(deadlines.pass().is_empty() && deadlines.has_passed(&group("a")));
        deadlines.renew(&[group("a")], u64::MAX);
        assert!(deadlines.has_passed(&group("a")), "it has to be leased anew");
        deadlines.lease(group("a"), u64::MAX, Vec::new());
        assert!(!deadlines.has_passed(&group("a")));
    }

    #[test]
    fn a_successor_that_lives_takes_over_the_guard_and_one_that_is_gone_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut orphan = Deadlines::new(folder.path());
        for name in ["kept", "taken", "abandoned"] {
            orphan.lease(group(name), 0, Vec::new());
        }
        let mut sleeper = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let guards = folder.path().join("guards");
        std::fs::write(guards.join("taken"), identity(sleeper.id())).unwrap();
        std::fs::write(guards.join("abandoned"), "1 0").unwrap();
        let stopped: Vec<GroupName> = orphan.pass_as_orphan().into_iter().map(|(group, _)| group).collect();
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert_eq!(stopped, [group("abandoned"), group("kept")]);
        assert!(orphan.is_empty());
    }
}
