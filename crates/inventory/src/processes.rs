//! Processes that go on with what was there before a file was replaced.
//!
//! The kernel keeps a replaced file as long as anybody maps it, and says so in `/proc/PID/maps`: the number of
//! what is mapped there is another one than that of what is at the path now, or the path is marked as deleted.

use rustix::fs::stat;
use std::collections::{BTreeSet, HashMap};
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

/// What a process has loaded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Files with its code: programs and libraries.
    pub files: BTreeSet<PathBuf>,
    /// Those that were replaced since.
    pub stale: Vec<Stale>,
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

    /// What a process has loaded: the files whose code it can run. Of these files (`wanted`), those that are in
    /// another state now than the process has them in, besides.
    pub fn loaded(&mut self, process: u32, wanted: impl Fn(&Path) -> bool) -> Loaded {
        let (mut files, mut replaced) = (BTreeSet::new(), BTreeSet::new());
        for map in maps(process) {
            let now = self.now.entry(map.path.clone()).or_insert_with_key(|path| inode(path));
            let is_another = map.deleted || now.is_some_and(|now| now.1 != map.inode);
            if is_another && wanted(&map.path) {
                replaced.insert(map.path);
            } else if map.runs && !map.deleted {
                files.insert(map.path);
            }
        }
        let stale = if replaced.is_empty() {
            Vec::new()
        } else {
            let name = name(process);
            replaced.into_iter().map(|path| Stale { process, name: name.clone(), path }).collect()
        };
        Loaded { files, stale }
    }
}

/// The files with the code of a process.
pub(crate) fn code(process: u32) -> BTreeSet<PathBuf> {
    maps(process).into_iter().filter(|map| map.runs && !map.deleted).map(|map| map.path).collect()
}

struct Map {
    path: PathBuf,
    inode: u64,
    deleted: bool,
    /// Whether it can be run.
    runs: bool,
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
    let runs = fields.nth(1)?.contains(&b'x');
    let inode = std::str::from_utf8(fields.nth(2)?).ok()?.parse().ok()?;
    let path = fields.next()?.trim_ascii_start();
    if !path.starts_with(b"/") {
        return None;
    }
    let (path, deleted) = match path.strip_suffix(b" (deleted)") {
        Some(path) => (path, true),
        None => (path, false),
    };
    Some(Map { path: PathBuf::from(std::ffi::OsStr::from_bytes(path)), inode, deleted, runs })
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
        let loaded = || Processes::new().loaded(child.id(), is_it);
        while !loaded().files.contains(&program) {
            assert!(std::path::Path::new(&format!("/proc/{}", child.id())).exists(), "it runs");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(loaded().stale, []);
        let other = folder.path().join("other");
        std::fs::copy("/bin/sleep", &other).unwrap();
        std::fs::rename(&other, &program).unwrap();
        let stale = loaded().stale;
        let expected = Stale { process: child.id(), name: "sleeper".to_owned(), path: program.clone() };
        assert_eq!(stale, [expected]);
        std::fs::remove_file(&program).unwrap();
        assert_eq!(loaded().stale.len(), 1, "also one that is gone");
        assert!(!loaded().files.contains(&program), "which is nothing to look after");
        let id = child.id();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(Processes::new().loaded(id, is_it), Loaded::default());
    }
}
