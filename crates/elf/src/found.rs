//! A library of the closure.

use std::path::PathBuf;

/// A file that would be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As it was asked for: the name that another file needs, or the path that was given.
    pub name: String,
    /// Where it is, as the loader would write it.
    pub path: PathBuf,
    /// The file at the end of the links there. Its name often tells a version that nothing in it does.
    pub real_path: PathBuf,
    /// Who asked for it first; nobody, for the one that is checked.
    pub needed_by: Option<PathBuf>,
}
