//! Control groups (version 2), as far as killing and freezing goes; no controller is needed.
//!
//! A group holds every descendant of what was started in it, however it daemonised, which is why
//! "the whole host, at once" is one write.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::LabError;
use crate::error::Doing;
use crate::wait::{KERNEL_PATIENCE, wait_for};

/// One group. Copies name the same one; it is removed explicitly.
#[derive(Debug, Clone)]
pub(crate) struct Cgroup(PathBuf);

impl Cgroup {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn child(&self, name: &str) -> Self {
        Self(self.0.join(name))
    }

    /// Makes the group, with its ancestors, unless it is there.
    pub(crate) fn create(&self) -> Result<(), LabError> {
        fs::create_dir_all(&self.0).doing(|| format!("make the control group {}", self.0.display()))
    }

    /// The file to which a process that enters writes its number.
    pub(crate) fn procs(&self) -> Result<File, LabError> {
        let path = self.0.join("cgroup.procs");
        OpenOptions::new().write(true).open(&path).doing(|| format!("open {}", path.display()))
    }

    /// Kills everything in it, and returns when nothing runs any more.
    pub(crate) fn kill(&self) -> Result<(), LabError> {
        self.write("cgroup.kill", "1")?;
        self.wait_for_event("populated 0")
    }

    /// Stops everything in it, or lets it go on; returns when that is so.
    pub(crate) fn set_frozen(&self, frozen: bool) -> Result<(), LabError> {
        let digit = if frozen { "1" } else { "0" };
        self.write("cgroup.freeze", digit)?;
        self.wait_for_event(&format!("frozen {digit}"))
    }

    /// Whether it, or a group around it, was told to freeze and has.
    pub(crate) fn is_frozen(&self) -> bool {
        self.has_event("frozen 1")
    }

    /// Removes it with its children. Nothing may run in it.
    pub(crate) fn remove(&self) -> Result<(), LabError> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries.doing(|| format!("list {}", self.0.display()))?,
        };
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            Self(entry.path()).remove()?;
        }
        fs::remove_dir(&self.0).doing(|| format!("remove the control group {}", self.0.display()))
    }

    fn write(&self, file: &str, text: &str) -> Result<(), LabError> {
        let path = self.0.join(file);
        fs::write(&path, text).doing(|| format!("write {text} to {}", path.display()))
    }

    fn has_event(&self, line: &str) -> bool {
        let events = fs::read_to_string(self.0.join("cgroup.events")).unwrap_or_default();
        events.lines().any(|event| event == line)
    }

    fn wait_for_event(&self, line: &str) -> Result<(), LabError> {
        let what = format!("\"{line}\" in {}", self.0.join("cgroup.events").display());
        wait_for(&what, KERNEL_PATIENCE, || self.has_event(line).then_some(()))
    }
}

/// Where cgroup v2 is mounted on this machine. With the older, hybrid layout it is not at
/// /sys/fs/cgroup itself; on a machine with version 1 only, it is nowhere. Mounts below `lab_base`
/// belong to other labs, and go with them.
pub(crate) fn mount_point(lab_base: &Path) -> Option<PathBuf> {
    find_mount_point(&fs::read_to_string("/proc/self/mounts").unwrap_or_default(), lab_base)
}

fn find_mount_point(mounts: &str, lab_base: &Path) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        (kind == "cgroup2" && !Path::new(point).starts_with(lab_base)).then(|| PathBuf::from(point))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_two_is_found_in_the_unified_and_in_the_hybrid_layout_but_not_in_another_lab() {
        let find = |mounts: &str| find_mount_point(mounts, Path::new("/var/lib/lab"));
        let unified = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
        assert_eq!(find(unified), Some("/sys/fs/cgroup".into()));
        let hybrid = "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(find(hybrid), Some("/sys/fs/cgroup/unified".into()));
        assert_eq!(find("cgroup2 /var/lib/lab/1-1.cgroup cgroup2 rw 0 0\n"), None);
    }
}
