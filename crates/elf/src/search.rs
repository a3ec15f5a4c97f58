//! Where a needed library is found: the dynamic loader's rules (`man 8 ld.so`).
//!
//! For a name without a slash: the run paths of who needs it; folders that were given; the loader's
//! cache; the standard folders. Run paths come in an old form, which also holds for what a library
//! needs in turn, and in a new form, which does not, and which comes after the folders given. A file for
//! another machine is passed over, as the loader does.

use crate::cache::Cache;
use crate::image::{Image, Machine};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files of configuration that are read; each may include others.
const CONF_FILES_MAX: usize = 256;

/// The places of a machine.
#[derive(Debug, Clone)]
pub struct Search {
    library_path: Vec<PathBuf>,
    cache: Option<Cache>,
    folders: Vec<PathBuf>,
    machine: Option<Machine>,
}

/// Who needs a library: its path, and its run paths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) path: &'a Path,
    pub(crate) rpath: Option<&'a str>,
    pub(crate) runpath: Option<&'a str>,
}

/// What was found under a name.
pub(crate) enum Answer {
    At(PathBuf),
    /// Only files for other machines: the first of them.
    WrongMachine(PathBuf, Machine),
    Nowhere,
}

impl Search {
    /// Where this machine's loader looks for what a process like this one needs.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::with_cache(std::fs::read("/etc/ld.so.cache").ok().and_then(|bytes| Cache::parse(&bytes)))
    }

    /// Where it would look if its cache were made anew: by the configuration, out of which that is made.
    #[must_use]
    pub fn without_cache() -> Self {
        Self::with_cache(None)
    }

    fn with_cache(cache: Option<Cache>) -> Self {
        let mut folders = Vec::new();
        if cache.is_none() {
            // Where there is a cache, a library that is not in it is not found by the loader either.
            let mut seen = BTreeSet::new();
            configured(Path::new("/etc/ld.so.conf"), &mut folders, &mut seen);
        }
        let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
        for base in ["/lib", "/usr/lib"] {
            folders.push(Path::new(base).join(&triplet));
        }
        folders.extend(["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(PathBuf::from));
        let machine = Image::machine_of(Path::new("/proc/self/exe")).ok().flatten();
        Self { library_path: Vec::new(), cache, folders, machine }
    }

    /// The first file of that name, without regard to who needs it.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<PathBuf> {
        match self.find(name, &[]) {
            Answer::At(path) => Some(path),
            Answer::WrongMachine(..) | Answer::Nowhere => None,
        }
    }

    /// The folders of which one that comes before that of this file could hide it, and that one; empty, if it is in
    /// none of them.
    #[must_use]
    pub fn folders_before(&self, file: &Path) -> Vec<PathBuf> {
        let real = |folder: &Path| std::fs::canonicalize(folder).ok();
        let Some(wanted) = file.parent().and_then(real) else { return Vec::new() };
        let folders: Vec<PathBuf> = self.folders.iter().filter_map(|folder| real(folder)).collect();
        let place = folders.iter().position(|folder| *folder == wanted);
        place.map(|place| folders[..=place].to_vec()).unwrap_or_default()
    }

    /// With these folders before the cache and the standard folders, as `LD_LIBRARY_PATH` would have it.
    #[must_use]
    pub fn with_library_path(self, library_path: Vec<PathBuf>) -> Self {
        Self { library_path, ..self }
    }

    /// For what files have to be built.
    pub(crate) fn machine(&self) -> Option<Machine> {
        self.machine
    }

    /// Looks for a library that the last of these askers needs; each but the first was needed by the
    /// one before it.
    pub(crate) fn find(&self, name: &str, askers: &[Asker<'_>]) -> Answer {
        let mut wrong = None;
        let mut fits = |file: &Path| match Image::machine_of(file) {
            Ok(Some(machine)) if self.machine.is_some_and(|ours| ours != machine) => {
                wrong.get_or_insert_with(|| (file.to_owned(), machine));
                false
            }
            Ok(_) => file.is_file(),
            // It is there: the loader stops at it and fails, and so does who reads it next.
            Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
        };
        let found = if name.contains('/') {
            let asker = askers.last().map_or(Path::new("/"), |asker| asker.path);
            Some(expand(name, asker)).filter(|file| fits(file))
        } else {
            let folders = self.before_the_cache(askers);
            let cached = self.cache.iter().flat_map(|cache| cache.files(name)).map(Path::to_owned);
            let standard = self.folders.iter().map(|folder| folder.join(name));
            folders.iter().map(|folder| folder.join(name)).chain(cached).chain(standard).find(|it| fits(it))
        };
        match (found, wrong) {
            (Some(path), _) => Answer::At(path),
            (None, Some((path, machine))) => Answer::WrongMachine(path, machine),
            (None, None) => Answer::Nowhere,
        }
    }

    fn before_the_cache(&self, askers: &[Asker<'_>]) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        let split = |paths: &str, asker: &Path| -> Vec<PathBuf> {
            paths.split(':').filter(|part| !part.is_empty()).map(|part| expand(part, asker)).collect()
        };
        let own = askers.last();
        if own.is_some_and(|own| own.runpath.is_none()) {
            for asker in askers.iter().rev().filter(|asker| asker.runpath.is_none()) {
                folders.extend(asker.rpath.map(|paths| split(paths, asker.path)).unwrap_or_default());
            }
        }
        folders.extend(self.library_path.iter().cloned());
        if let Some((own, paths)) = own.and_then(|own| Some((own, own.runpath?))) {
            folders.extend(split(paths, own.path));
        }
        folders
    }
}

/// A path with the loader's variables filled in.
fn expand(path: &str, asker: &Path) -> PathBuf {
    let real = std::fs::canonicalize(asker);
    let origin = real.as_deref().unwrap_or(asker).parent().unwrap_or(Path::new("/")).to_string_lossy();
    let library_folder = format!("lib/{}-linux-gnu", std::env::consts::ARCH);
    let fill = |path: String, name: &str, value: &str| {
        path.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
    };
    let path = fill(path.to_owned(), "ORIGIN", &origin);
    let path = fill(path, "LIB", &library_folder);
    PathBuf::from(fill(path, "PLATFORM", std::env::consts::ARCH))
}

/// The folders that a file of the loader's configuration names, and those that it includes.
fn configured(file: &Path, folders: &mut Vec<PathBuf>, seen: &mut BTreeSet<PathBuf>) {
    let Ok(real) = std::fs::canonicalize(file) else { return };
    if seen.len() >= CONF_FILES_MAX || !seen.insert(real) {
        return;
    }
    let Ok(text) = std::fs::read_to_string(file) else { return };
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(pattern) = line.strip_prefix("include").filter(|rest| rest.starts_with([' ', '\t'])) {
            let base = file.parent().unwrap_or(Path::new("/"));
            for included in matching(&base.join(pattern.trim())) {
                configured(&included, folders, seen);
            }
        } else if line.starts_with('/') {
            folders.push(PathBuf::from(line));
        }
    }
}

/// The files that a pattern means whose last part may hold one asterisk, as in `/etc/ld.so.conf.d/*.conf`.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name().and_then(|name| name.to_str()))
    else {
        return Vec::new();
    };
    let Some((begin, end)) = name.split_once('*') else { return vec![pattern.to_owned()] };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let fits = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(begin) && name.ends_with(end))
    };
    let mut files: Vec<_> = entries.filter(fits).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_is_followed_into_what_it_includes_and_not_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("ld.so.conf");
        std::fs::create_dir(folder.path().join("d")).unwrap();
        std::fs::write(&main, "# words\n/opt/a # why\ninclude d/*.conf\n/opt/z\n").unwrap();
        std::fs::write(folder.path().join("d/1.conf"), "/opt/b\ninclude ../ld.so.conf\n").unwrap();
        std::fs::write(folder.path().join("d/2.txt"), "/opt/never\n").unwrap();
        let mut folders = Vec::new();
        configured(&main, &mut folders, &mut BTreeSet::new());
        assert_eq!(folders, ["/opt/a", "/opt/b", "/opt/z"].map(PathBuf::from));
    }

    #[test]
    fn run_paths_may_name_the_folder_of_who_needs_it() {
        let asker = Path::new("/no/such/folder/lib.so");
        assert_eq!(expand("$ORIGIN/../x", asker), Path::new("/no/such/folder/../x"));
        assert_eq!(expand("${ORIGIN}", asker), Path::new("/no/such/folder"));
    }
}
