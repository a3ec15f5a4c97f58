//! Paths: one spelling for each file, and the links on the way to it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// As the kernel: a chain of more links leads nowhere.
const LINKS_MAX: usize = 40;

/// With the real name of its folder.
pub(crate) fn spelled(path: &Path) -> Option<PathBuf> {
    let (folder, name) = (path.parent()?, path.file_name()?);
    Some(std::fs::canonicalize(folder).ok()?.join(name))
}

/// The links on the way to a file, and the file; nothing, if nothing is there, or links lead in a circle.
pub(crate) fn chain(path: &Path) -> Option<Vec<PathBuf>> {
    let mut chain = vec![spelled(path)?];
    let mut seen = BTreeSet::new();
    loop {
        let last = chain.last()?.clone();
        let about = std::fs::symlink_metadata(&last).ok()?;
        if !about.is_symlink() {
            return Some(chain);
        }
        if chain.len() > LINKS_MAX || !seen.insert(last.clone()) {
            return None;
        }
        let target = std::fs::read_link(&last).ok()?;
        chain.push(spelled(&last.parent()?.join(target))?);
    }
}

/// Whether somebody may execute it.
pub(crate) fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}
