//! The seeds in files.

use std::path::Path;

/// The contents of the files in these folders below `crates/`, in the order of their names.
///
/// # Panics
/// A folder of this repository cannot be read; nothing can be tested then.
pub(crate) fn files(folders: &[&str]) -> Vec<Vec<u8>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is in a folder");
    let mut found = Vec::new();
    for folder in folders {
        let folder = crates.join(folder);
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        found.extend(paths.iter().filter_map(|path| std::fs::read(path).ok()));
    }
    found
}
