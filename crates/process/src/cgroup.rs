//! Control groups, version 2: all that a resource started, and nothing else.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A cgroup of version 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup(PathBuf);

/// What did not work with a cgroup.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {source}", path.display())]
pub struct CgroupError {
    what: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Cgroup {
    /// The folder of this process's own cgroup of version 2, if cgroups can be made below it.
    #[must_use]
    pub fn writable_base() -> Option<PathBuf> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let mount = mounts.lines().find_map(|line| {
            let mut words = line.split(' ');
            let (point, kind) = (words.nth(1)?, words.next()?);
            (kind == "cgroup2").then(|| PathBuf::from(point))
        })?;
        let folder = mount.join(path.trim_start_matches('/'));
        // Only an attempt tells: it may be mounted read-only, or belong to somebody else.
        let trial = Self::below(&folder, &format!("steadfast-trial-{}", std::process::id())).ok()?;
        trial.remove().ok()?;
        Some(folder)
    }

    /// The one of this name below that folder; made, if it is not there. The folder must be one that
    /// this program may make cgroups in, and none that holds processes and limits at the same time.
    ///
    /// # Errors
    /// If it cannot be made, or is none of version 2.
    pub fn below(folder: &Path, name: &str) -> Result<Self, CgroupError> {
        let path = folder.join(name);
        let error = |what, source| CgroupError { what, path: path.clone(), source };
        match fs::create_dir(&path) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error("make the cgroup", source));
            }
            _ => {}
        }
        if let Err(source) = fs::metadata(path.join("cgroup.procs")) {
            return Err(error("use as a cgroup", source));
        }
        Ok(Self(path))
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What a process writes to, to enter.
    pub(crate) fn procs(&self) -> Result<File, CgroupError> {
        let path = self.0.join("cgroup.procs");
        File::options().write(true).open(&path).map_err(|source| CgroupError { what: "enter", path, source })
    }

    /// The processes in it and below it. One that cannot be read holds none.
    #[must_use]
    pub fn pids(&self) -> Vec<i32> {
        let mut found: Vec<i32> = fs::read_to_string(self.0.join("cgroup.procs"))
            .unwrap_or_default()
            .lines()
            .filter_map(|line| line.parse().ok())
            .collect();
        for below in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            if below.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.extend(Self(below.path()).pids());
            }
        }
        found
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match fs::read_to_string(self.0.join("cgroup.events")) {
            Ok(events) => events.lines().any(|line| line == "populated 0"),
            Err(_) => self.pids().is_empty(),
        }
    }

    /// Kills all in it, and waits until nobody is left; whether that is so.
    pub async fn kill(&self, at_most: Duration) -> bool {
        let all_at_once = fs::write(self.0.join("cgroup.kill"), "1").is_ok();
        let until = tokio::time::Instant::now() + at_most;
        while !self.is_empty() {
            if !all_at_once {
                // A kernel before 5.14 has no such file. Whoever forks meanwhile is met the next time.
                for pid in self.pids().into_iter().filter_map(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                }
            }
            if tokio::time::Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        true
    }

    /// Removes it, if nobody is in it.
    ///
    /// # Errors
    /// If somebody is.
    pub fn remove(&self) -> Result<(), CgroupError> {
        match fs::remove_dir(&self.0) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(CgroupError { what: "remove the cgroup", path: self.0.clone(), source })
            }
            _ => Ok(()),
        }
    }
}
