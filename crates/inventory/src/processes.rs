//! Processes that go on with what was there before a file was replaced.
//!
//! The kernel keeps a replaced file as long as anybody maps it, and says so in `/proc/PID/maps`: the number of
//! what is mapped there is another one than that of what is at the path now, or the path is marked as deleted.

use rustix::fs::stat;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Of a process so much is read at most: those with more maps than that are no services.
const MAPS_MAX: u64 = 16 << 20;

/// A process with a file that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stale {
    /// Its number.
    pub process: u32,
    /// Its name, as the kernel has it.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// Looks through processes.
#[derive(Debug, Default)]
pub struct Processes {
    now: HashMap<PathBuf, Option<(u64, u64)>>,
}

impl Processes {
    /// A new look: what is at the paths now is asked once for all processes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The files that a process maps, as executable code or not, whose path begins with a slash.
    #[must_use]
    pub fn mapped(process: u32) -> BTreeSet<PathBuf> {
        maps(process).into_iter().map(|map| map.path).collect()
    }

    /// Which of these files a process has in another state than they are in now.
    pub fn stale(&mut self, process: u32, wanted: impl Fn(&Path) -> bool) -> Vec<Stale> {
        let mut stale = BTreeMap::new();
        for map in maps(process) {
            if !wanted(&map.path) || stale.contains_key(&map.path) {
                continue;
            }
            let now = self.now.entry(map.path.clone()).or_insert_with_key(|path| inode(path));
            if map.deleted || now.is_some_and(|now| now.1 != map.inode) {
                stale.insert(map.path, ());
            }
        }
        if stale.is_empty() {
            return Vec::new();
        }
        let name = name(process);
        stale.into_keys().map(|path| Stale { process, name: name.clone(), path }).collect()
    }
}

struct Map {
    path: PathBuf,
    inode: u64,
    deleted: bool,
}

fn maps(process: u32) -> Vec<Map> {
    use std::io::Read as _;
    let Ok(file) = std::fs::File::open(format!("/proc/{process}/maps")) else { return Vec::new() };
    let mut text = Vec::new();
    // A process that ends meanwhile has no maps any more.
    let _ = file.take(MAPS_MAX).read_to_end(&mut text);
    text.split(|byte| *byte == b'\n').filter_map(map).collect()
}

/// `address perms offset dev inode pathname`
fn map(line: &[u8]) -> Option<Map> {
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let inode = std::str::from_utf8(fields.nth(4)?).ok()?.parse().ok()?;
    let path = fields.next()?.trim_ascii_start();
    if !path.starts_with(b"/") {
        return None;
    }
    let (path, deleted) = match path.strip_suffix(b" (deleted)") {
        Some(path) => (path, true),
        None => (path, false),
    };
    Some(Map { path: PathBuf::from(std::ffi::OsStr::from_bytes(path)), inode, deleted })
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    stat(path).ok().map(|stat| (stat.st_dev, stat.st_ino))
}

/// The name of a process.
fn name(process: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_replaced_while_it_runs_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("sleeper");
        std::fs::copy("/bin/sleep", &program).unwrap();
        let mut child = std::process::Command::new(&program).arg("1000").spawn().unwrap();
        let is_it = |path: &Path| path == program;
        // Whoever starts a program goes on a little before the kernel has mapped it.
        while !Processes::mapped(child.id()).contains(&program) {
            assert!(child.try_wait().unwrap().is_none(), "it runs");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(Processes::new().stale(child.id(), is_it), []);
        let other = folder.path().join("other");
        std::fs::copy("/bin/sleep", &other).unwrap();
        std::fs::rename(&other, &program).unwrap();
        let stale = Processes::new().stale(child.id(), is_it);
        let expected = Stale { process: child.id(), name: "sleeper".to_owned(), path: program.clone() };
        assert_eq!(stale, [expected]);
        std::fs::remove_file(&program).unwrap();
        assert_eq!(Processes::new().stale(child.id(), is_it).len(), 1, "also one that is gone");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(Processes::new().stale(child.id(), is_it), []);
    }
}
