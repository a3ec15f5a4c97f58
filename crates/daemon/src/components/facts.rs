//! What else is known of files: to which package they belong, which symbols a library defines; and whether a package
//! manager is at work.

use inventory::Raw;
use model::stored::{Component, Content, PackageVersion};
use model::{AbsolutePath, Timestamp};
use packages::{Known, Packages};
use rustix::process::{Flock, FlockType, fcntl_getlk};
use servicing::inventory::{Found, Seen};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Who holds one of these works on the database beside it (dpkg(1), rpm(8)).
const LOCKS: [&str; 3] = ["/var/lib/dpkg/lock", "/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"];

/// Between two tries to read what could not be read.
const AGAIN: Duration = Duration::from_secs(10);

/// So long an installation may take that excuses what it has changed. One that asks a question and is never
/// answered is none.
const INSTALLATION_MAX: Duration = Duration::from_secs(300);

/// Package databases, read when they have changed.
pub(super) struct Facts {
    packages: Packages,
    owners: BTreeMap<PathBuf, Option<Known>>,
    /// Those that have changed since it was found out whether they are what their packages brought.
    changed: BTreeSet<PathBuf>,
    installing_since: Option<Instant>,
    read: Instant,
    /// What of the databases cannot be read.
    pub(super) troubles: Vec<String>,
}

impl Facts {
    pub(super) fn read() -> Self {
        let (packages, problems) = Packages::read(Path::new("/"));
        let troubles = problems.iter().map(ToString::to_string).collect();
        Self {
            packages,
            owners: BTreeMap::new(),
            changed: BTreeSet::new(),
            installing_since: None,
            read: Instant::now(),
            troubles,
        }
    }

    /// Reads the databases again, if they have changed; whether they have.
    pub(super) fn refresh(&mut self, installing: bool) -> bool {
        // One that could not be read may be mended without any trace that is looked at here.
        let is_due = !self.troubles.is_empty() && !installing && self.read.elapsed() > AGAIN;
        if !self.has_changed() && !is_due {
            return false;
        }
        *self = Self { installing_since: self.installing_since, ..Self::read() };
        true
    }

    /// Whether the databases are others than those that were read.
    pub(super) fn has_changed(&self) -> bool {
        self.packages.stamp() != self.packages.stamp_now()
    }

    /// Whether a package manager is at work, and has been for no longer than one may be.
    pub(super) fn is_installing(&mut self) -> bool {
        if !LOCKS.iter().any(|path| is_locked(Path::new(path))) {
            self.installing_since = None;
            return false;
        }
        self.installing_since.get_or_insert_with(Instant::now).elapsed() < INSTALLATION_MAX
    }

    /// Finds out to whom these files belong, at once: each question to a database goes through all of it.
    pub(super) fn learn<'p>(&mut self, paths: impl IntoIterator<Item = &'p Path>) {
        let (known, new): (Vec<&Path>, Vec<&Path>) =
            paths.into_iter().partition(|path| self.owners.contains_key(*path));
        for path in known.into_iter().filter(|path| self.changed.remove(*path)) {
            if let Some(Some(known)) = self.owners.get_mut(path) {
                known.as_packaged = self.packages.as_packaged(path, &known.package);
            }
        }
        let new: BTreeSet<PathBuf> = new.into_iter().map(Path::to_owned).collect();
        if new.is_empty() {
            return;
        }
        match self.packages.of(&new) {
            Ok(mut known) => {
                for path in new {
                    let of_it = known.remove(&path);
                    self.owners.insert(path, of_it);
                }
            }
            Err(error) => {
                let error = error.to_string();
                if !self.troubles.contains(&error) {
                    self.troubles.push(error);
                }
            }
        }
    }

    /// A file has changed: whether it is what its package brought is to be found out anew. To which it belongs
    /// changes with the databases alone.
    pub(super) fn has_changed_file(&mut self, path: &Path) {
        self.changed.insert(path.to_owned());
    }

    /// What was seen, with what else is known of it. What is as it was validated is believed to be what it was
    /// then.
    pub(super) fn found(&self, path: &AbsolutePath, raw: &Raw, validated: Option<&Component>) -> Found {
        let (content, mode, uid, gid) = match raw {
            Raw::Missing => return Found::Missing,
            Raw::Unreadable(why) => return Found::Unreadable(why.clone()),
            Raw::There { content, mode, uid, gid } => (content.clone(), *mode, *uid, *gid),
        };
        if let Some(validated) = validated.filter(|validated| validated.content == content) {
            let component = Component { mode, uid, gid, ..validated.clone() };
            return Found::There(Box::new(Seen { component, as_packaged: None }));
        }
        let known = self.owners.get(path.as_path()).cloned().flatten();
        let as_packaged = known.as_ref().and_then(|known| known.as_packaged);
        let package = known.map(|known| known.package);
        let (defines, symbols) = match &content {
            Content::Blake3(_) => symbols(path.as_path()),
            Content::Link(_) => (Vec::new(), None),
        };
        let component = Component { content, mode, uid, gid, package, defines, symbols };
        Found::There(Box::new(Seen { component, as_packaged }))
    }

    /// Which of these packages are installed.
    pub(super) fn installed(&self, names: &BTreeSet<&str>) -> BTreeMap<String, PackageVersion> {
        self.packages.installed(names)
    }

    /// When these packages were unpacked last.
    pub(super) fn unpacked(&self, names: &BTreeSet<&str>) -> BTreeMap<String, Timestamp> {
        let changed = self.packages.changed(names).into_iter();
        let at = |time: std::time::SystemTime| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        };
        changed.map(|(name, time)| (name, at(time))).collect()
    }
}

/// What the symbols of a file say; nothing of what is no library.
fn symbols(path: &Path) -> (Vec<String>, Option<model::stored::SymbolSet>) {
    elf::Image::read(path).map(|image| servicing::symbols::of(&image)).unwrap_or_default()
}

fn is_locked(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    // dpkg and rpm lock the whole file, for writing.
    let asked = Flock::from(FlockType::ReadLock);
    matches!(fcntl_getlk(&file, &asked), Ok(Some(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_no_library_whatever_it_defines() {
        assert_eq!(symbols(Path::new("/proc/self/exe")), (Vec::new(), None));
        let libc = elf::Search::of_this_machine().first("libc.so.6").unwrap();
        assert!(symbols(&libc).1.is_some(), "a library may be run too");
    }
}
