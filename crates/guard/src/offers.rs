//! What an installer's changes mean for the files of the baseline.
//!
//! Of most packages their names and versions say enough. One of another name may bring a file of the baseline as
//! well; its file is opened for that, which takes a fraction of a millisecond where it lists what it has.

use crate::Change;
use model::AbsolutePath;
use model::stored::{Baseline, Component, Content, PackageScheme, PackageVersion};
use packages::deb::{Deb, DebContent, DebFile};
use packages::dpkg::Dpkg;
use packages::{RootLinks, deb::DebError};
use servicing::guard::Offer;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A package that does not say what it has is unpacked only if it is no larger: that takes a second at most.
const UNLISTED_MAX: u64 = 32 << 20;

/// So much is unpacked of one package at most.
const UNPACKED_MAX: u64 = 512 << 20;

/// What is offered, and what could not be found out.
#[must_use]
pub fn of(baseline: &Baseline, changes: &[Change], root: &Path) -> (Vec<Offer>, Vec<String>) {
    let mut problems = Vec::new();
    let links = RootLinks::of(root);
    let wanted: BTreeMap<PathBuf, &AbsolutePath> =
        baseline.components.keys().map(|path| (links.resolved(path.as_path()), path)).collect();
    let names: BTreeSet<&str> =
        baseline.components.values().filter_map(|it| Some(it.package.as_ref()?.name.as_str())).collect();
    // Most packages are none of the baseline's: all its files are another's for them.
    let all: BTreeSet<PathBuf> = wanted.keys().cloned().collect();
    // Read when the first one needs it.
    let mut installed: Option<BTreeMap<String, String>> = None;
    let mut offers = Vec::new();
    for change in changes {
        let source = change.file.as_ref().and_then(|file| file.file_name());
        let source = source.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let opened = change.file.as_deref().and_then(|path| {
            let read = File::open(path)
                .map_err(DebError::from)
                .and_then(|mut file| Ok((Deb::read(&mut file)?, file)));
            read.inspect_err(|error| problems.push(format!("{}: {error}", path.display()))).ok()
        });
        let name = change.name.clone().or_else(|| opened.as_ref().map(|(deb, _)| deb.name.clone()));
        let version = change.version.clone().or_else(|| opened.as_ref().map(|(deb, _)| deb.version.clone()));
        let (Some(name), Some(version)) = (name, version) else { continue };
        let of_dpkg = || {
            let all = installed.get_or_insert_with(|| versions(root, &mut problems));
            all.get(&name).cloned()
        };
        let installed = change.installed.clone().or_else(of_dpkg);
        let files = match opened {
            Some((deb, mut file)) => {
                let of_others =
                    names.contains(deb.name.as_str()).then(|| others(baseline, &wanted, &deb.name));
                match files(&deb, &mut file, of_others.as_ref().unwrap_or(&all), &links) {
                    Ok(files) => files
                        .into_iter()
                        .filter_map(|(path, file)| Some(((*wanted.get(&path)?).clone(), component(file))))
                        .collect(),
                    Err(why) => {
                        problems.push(format!("{source}: {why}"));
                        BTreeMap::new()
                    }
                }
            }
            None => BTreeMap::new(),
        };
        let package = PackageVersion { name, version, scheme: PackageScheme::Dpkg };
        offers.push(Offer { package, installed, files, source });
    }
    (offers, problems)
}

/// The files of the baseline that are not this package's own: of its own its version says enough.
fn others(baseline: &Baseline, wanted: &BTreeMap<PathBuf, &AbsolutePath>, name: &str) -> BTreeSet<PathBuf> {
    let is_own = |path: &AbsolutePath| {
        let package = baseline.components.get(path).and_then(|it| it.package.as_ref());
        package.is_some_and(|package| package.name == name)
    };
    wanted.iter().filter(|(_, path)| !is_own(path)).map(|(resolved, _)| resolved.clone()).collect()
}

fn files(
    deb: &Deb,
    file: &mut File,
    wanted: &BTreeSet<PathBuf>,
    links: &RootLinks,
) -> Result<BTreeMap<PathBuf, DebFile>, String> {
    if !deb.may_have(wanted, links) {
        return Ok(BTreeMap::new());
    }
    let length = file.metadata().map(|found| found.len()).unwrap_or(u64::MAX);
    if deb.listed.is_none() && length > UNLISTED_MAX {
        return Err(format!("it does not list its files, and is too large to look ({length} bytes)"));
    }
    deb.files(file, wanted, links, UNPACKED_MAX).map_err(|error| error.to_string())
}

fn component(file: DebFile) -> Component {
    let (content, (defines, symbols)) = match file.content {
        DebContent::Link(target) => (Content::Link(target), (Vec::new(), None)),
        DebContent::Bytes(bytes) => {
            let hash = model::ContentHash(*blake3::hash(&bytes).as_bytes());
            let image = elf::Image::parse(&bytes).ok();
            (Content::Blake3(hash), image.map(|image| servicing::symbols::of(&image)).unwrap_or_default())
        }
    };
    let mode = if matches!(content, Content::Link(_)) { 0 } else { file.mode };
    Component { content, mode, uid: file.uid, gid: file.gid, package: None, defines, symbols }
}

/// What dpkg has installed, by name.
fn versions(root: &Path, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    match Dpkg::read(root) {
        Ok(Some(dpkg)) => dpkg.packages().iter().map(|it| (it.name.clone(), it.version.clone())).collect(),
        Ok(None) => BTreeMap::new(),
        Err(error) => {
            problems.push(error.to_string());
            BTreeMap::new()
        }
    }
}
