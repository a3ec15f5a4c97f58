//! The database of dpkg, in `/var/lib/dpkg` (dpkg(1), deb-src-control(5)).
//!
//! | Read | For |
//! |---|---|
//! | `status`, and `updates/`, which is newer where a run of dpkg was cut short | the packages, with version and state |
//! | `info/PACKAGE.list`, `info/PACKAGE:ARCHITECTURE.list` | the paths of a package |
//! | `diversions` | where the file of a package has been put instead |
//!
//! dpkg replaces each of these files by renaming a finished one over it, so what is read is whole, without its
//! lock; but while it works, `status` and `info` may be from before and after. Whoever must know asks again when
//! [`Dpkg::stamp`] has changed.
//!
//! Paths are compared as they are after links of the root folder are followed (`/lib` to `/usr/lib`), since
//! packages use both names.

mod diversions;
mod stanza;

use crate::DatabaseError;
use crate::root_links::RootLinks;
use diversions::Diversions;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A package of which files are there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name, without an architecture.
    pub name: String,
    /// `amd64`, `all`, …
    pub architecture: String,
    /// As dpkg has it; not checked.
    pub version: String,
    /// Nothing of its unpacking or configuring is left to be done.
    pub whole: bool,
}

/// What was read of it.
#[derive(Debug, Clone)]
pub struct Dpkg {
    folder: PathBuf,
    packages: Vec<Package>,
    diversions: Diversions,
    links: RootLinks,
    stamp: Stamp,
}

/// When the database was changed last. Two that differ are of different states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp([Option<SystemTime>; 4]);

impl Dpkg {
    /// Reads the database of the system whose root is there; nothing, if it has none.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged.
    pub fn read(root: &Path) -> Result<Option<Self>, DatabaseError> {
        let folder = root.join("var/lib/dpkg");
        let status = folder.join("status");
        if !status.exists() {
            return Ok(None);
        }
        let stamp = stamp(&folder);
        let mut all = BTreeMap::new();
        for path in std::iter::once(status).chain(updates(&folder)?) {
            for stanza in stanza::read(&path, &text(&path)?)? {
                all.insert((stanza.name.clone(), stanza.architecture.clone()), stanza);
            }
        }
        let packages = all.into_values().filter_map(stanza::Stanza::package).collect();
        let diversions = match text(&folder.join("diversions")) {
            Ok(text) => Diversions::read(&folder.join("diversions"), &text)?,
            Err(DatabaseError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Diversions::default()
            }
            Err(error) => return Err(error),
        };
        Ok(Some(Self { folder, packages, diversions, links: RootLinks::of(root), stamp }))
    }

    /// All of it.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// Of what state this is.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Of what state the database is now.
    #[must_use]
    pub fn stamp_now(&self) -> Stamp {
        stamp(&self.folder)
    }

    /// To which packages these files belong. A file of nobody's is not in the answer; one of several, which is
    /// one that somebody has overwritten by force, has them all.
    ///
    /// # Errors
    /// If the list of a package cannot be read.
    pub fn owners<'a>(
        &'a self,
        paths: &BTreeSet<PathBuf>,
    ) -> Result<BTreeMap<PathBuf, Vec<&'a Package>>, DatabaseError> {
        // Under which names packages may list it.
        let mut wanted: BTreeMap<String, Vec<&PathBuf>> = BTreeMap::new();
        for path in paths {
            let Some(text) = path.to_str() else { continue };
            let resolved = self.resolved(text);
            for listed in self.diversions.listed_as(&resolved) {
                wanted.entry(listed).or_default().push(path);
            }
        }
        // Links lead to other folders, and leave the last part of a path as it is: most lines are passed over by it.
        let names: HashSet<String> = wanted.keys().map(|path| name(path).to_owned()).collect();
        let mut owners: BTreeMap<PathBuf, Vec<&Package>> = BTreeMap::new();
        for package in &self.packages {
            let (path, text) = self.list(package)?;
            for line in text.lines() {
                if !line.starts_with('/') {
                    let line = 1 + text.lines().take_while(|one| *one != line).count();
                    return Err(DatabaseError::Damaged { path, line, why: "it is no absolute path" });
                }
                if !names.contains(name(line)) {
                    continue;
                }
                let listed = self.resolved(line);
                for path in wanted.get(&listed).into_iter().flatten() {
                    let there = path.to_str().map(|text| self.resolved(text));
                    if there.as_ref() == Some(&self.diversions.put(&listed, &package.name)) {
                        owners.entry((*path).clone()).or_default().push(package);
                    }
                }
            }
        }
        Ok(owners)
    }

    /// Whether a file is what its package brought, by the checksum that dpkg has noted; nothing, where it has
    /// noted none.
    #[must_use]
    pub fn as_packaged(&self, file: &Path, package: &Package) -> Option<bool> {
        let listed = self.noted(package).or_else(|| self.noted_without_architecture(package))?;
        let wanted = file.to_str().map(|text| self.resolved(text))?;
        let noted = listed.lines().find_map(|line| {
            let (sum, path) = line.split_once("  ")?;
            let put = self.diversions.put(&self.resolved(&format!("/{path}")), &package.name);
            (put == wanted).then_some(sum)
        })?;
        let sum = checksum(file).ok()?;
        Some(sum == noted)
    }

    fn noted(&self, package: &Package) -> Option<String> {
        let name = format!("{}:{}.md5sums", package.name, package.architecture);
        text(&self.folder.join("info").join(name)).ok()
    }

    fn noted_without_architecture(&self, package: &Package) -> Option<String> {
        text(&self.folder.join("info").join(format!("{}.md5sums", package.name))).ok()
    }

    /// When a package was unpacked last: dpkg writes its list then.
    #[must_use]
    pub fn unpacked(&self, package: &Package) -> Option<SystemTime> {
        let (path, _) = self.list(package).ok()?;
        std::fs::metadata(path).and_then(|found| found.modified()).ok()
    }

    /// Packages of which there can be several architectures have it in the name of their list.
    fn list(&self, package: &Package) -> Result<(PathBuf, String), DatabaseError> {
        let info = self.folder.join("info");
        let with = info.join(format!("{}:{}.list", package.name, package.architecture));
        let path = if with.exists() { with } else { info.join(format!("{}.list", package.name)) };
        let text = text(&path)?;
        Ok((path, text))
    }

    fn resolved(&self, path: &str) -> String {
        self.links.resolved_text(path)
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What a run that was cut short has noted and not yet put into `status`, in order.
fn updates(folder: &Path) -> Result<Vec<PathBuf>, DatabaseError> {
    let path = folder.join("updates");
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(DatabaseError::Unreadable { path, source }),
    };
    let is_number = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_number).collect();
    found.sort();
    Ok(found)
}

fn stamp(folder: &Path) -> Stamp {
    let changed = |name: &str| std::fs::metadata(folder.join(name)).and_then(|found| found.modified()).ok();
    Stamp(["status", "updates", "info", "diversions"].map(changed))
}

/// MD5, in hexadecimal: what dpkg notes. It tells a mistake, and no intention.
fn checksum(file: &Path) -> io::Result<String> {
    use md5::{Digest as _, Md5};
    let mut file = std::fs::File::open(file)?;
    let mut digest = Md5::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        match io::Read::read(&mut file, &mut chunk)? {
            0 => break,
            length => digest.update(&chunk[..length]),
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What is no UTF-8 belongs to no field that is read here.
fn text(path: &Path) -> Result<String, DatabaseError> {
    let read = std::fs::read(path);
    let bytes = read.map_err(|source| DatabaseError::Unreadable { path: path.to_owned(), source })?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests;
