//! Whatever package managers this machine has.

use crate::DatabaseError;
use crate::dpkg::{Dpkg, Stamp};
use crate::rpm::Rpm;
use model::stored::{PackageScheme, PackageVersion};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The databases of a machine, as they were when they were read.
#[derive(Debug, Default)]
pub struct Packages {
    dpkg: Option<Dpkg>,
    rpm: Option<Rpm>,
}

/// What is known of a file's package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The package: of several that have the file the last by name, which is told apart from none.
    pub package: PackageVersion,
    /// Whether the file is what it brought; nothing: nobody has noted it.
    pub as_packaged: Option<bool>,
}

impl Packages {
    /// Reads what there is, and says what cannot be read.
    #[must_use]
    pub fn read(root: &Path) -> (Self, Vec<DatabaseError>) {
        let mut problems = Vec::new();
        let dpkg = Dpkg::read(root).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        (Self { dpkg, rpm: Rpm::of(root) }, problems)
    }

    /// Of what state this is. One that differs from [`Self::stamp_now`] is to be read again.
    #[must_use]
    pub fn stamp(&self) -> (Option<Stamp>, Option<SystemTime>) {
        (self.dpkg.as_ref().map(|dpkg| dpkg.stamp().clone()), self.rpm.as_ref().and_then(Rpm::stamp))
    }

    /// Of what state the databases are now.
    #[must_use]
    pub fn stamp_now(&self) -> (Option<Stamp>, Option<SystemTime>) {
        (self.dpkg.as_ref().map(Dpkg::stamp_now), self.rpm.as_ref().and_then(Rpm::stamp_now))
    }

    /// The packages of these files. A file of nobody's is not in the answer.
    ///
    /// # Errors
    /// A database cannot be read; what the others say is lost too.
    pub fn of(&self, paths: &BTreeSet<PathBuf>) -> Result<BTreeMap<PathBuf, Known>, DatabaseError> {
        let mut known = BTreeMap::new();
        if let Some(dpkg) = &self.dpkg {
            for (path, packages) in dpkg.owners(paths)? {
                let Some(package) = packages.last() else { continue };
                let as_packaged = dpkg.as_packaged(&path, package);
                let (name, version) = (package.name.clone(), package.version.clone());
                let package = PackageVersion { name, version, scheme: PackageScheme::Dpkg };
                known.insert(path, Known { package, as_packaged });
            }
        }
        if let Some(rpm) = &self.rpm {
            let rest = paths.iter().filter(|path| !known.contains_key(*path)).cloned().collect();
            for (path, package) in rpm.owners(&rest)? {
                known.insert(path, Known { package, as_packaged: None });
            }
        }
        Ok(known)
    }

    /// Whether a file is what its package brought, as far as that is noted; to which it belongs is known.
    #[must_use]
    pub fn as_packaged(&self, path: &Path, package: &PackageVersion) -> Option<bool> {
        let dpkg = self.dpkg.as_ref().filter(|_| package.scheme == PackageScheme::Dpkg)?;
        let is_it = |it: &&crate::dpkg::Package| it.name == package.name && it.version == package.version;
        dpkg.as_packaged(path, dpkg.packages().iter().find(is_it)?)
    }

    /// Which of these packages are installed, in which version.
    #[must_use]
    pub fn installed(&self, names: &BTreeSet<&str>) -> BTreeMap<String, PackageVersion> {
        let of_dpkg = self.dpkg.iter().flat_map(Dpkg::packages).filter(|it| names.contains(it.name.as_str()));
        let mut installed: BTreeMap<String, PackageVersion> = of_dpkg
            .map(|it| {
                let (name, version) = (it.name.clone(), it.version.clone());
                (name.clone(), PackageVersion { name, version, scheme: PackageScheme::Dpkg })
            })
            .collect();
        if let Some(rpm) = &self.rpm {
            for (name, version) in rpm.installed(names) {
                installed.entry(name).or_insert(version);
            }
        }
        installed
    }

    /// When these packages were installed or changed last.
    #[must_use]
    pub fn changed(&self, names: &BTreeSet<&str>) -> BTreeMap<String, SystemTime> {
        let Some(dpkg) = &self.dpkg else { return BTreeMap::new() };
        let wanted = dpkg.packages().iter().filter(|it| names.contains(it.name.as_str()));
        wanted.filter_map(|it| Some((it.name.clone(), dpkg.unpacked(it)?))).collect()
    }
}
