//! The links of the root folder that lead to another folder of the same system, as in `/lib` to `/usr/lib`: packages
//! use both names of a file.

use std::path::{Path, PathBuf};

/// Those of one system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RootLinks(Vec<(String, String)>);

impl RootLinks {
    /// Of the system whose root is there.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        let of = |entry: std::fs::DirEntry| {
            let to = std::fs::read_link(entry.path()).ok()?;
            let (from, to) = (entry.file_name().into_string().ok()?, to.to_str()?.to_owned());
            let is_plain = !to.split('/').any(|part| part == "..");
            is_plain.then(|| (format!("/{from}"), format!("/{}", to.trim_matches('/'))))
        };
        Self(entries.filter_map(of).collect())
    }

    /// A path after them.
    #[must_use]
    pub fn resolved(&self, path: &Path) -> PathBuf {
        path.to_str().map_or_else(|| path.to_owned(), |text| PathBuf::from(self.resolved_text(text)))
    }

    pub(crate) fn resolved_text(&self, path: &str) -> String {
        let link = self.0.iter().find(|(from, _)| {
            path.strip_prefix(from.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        match link {
            Some((from, to)) => format!("{to}{}", &path[from.len()..]),
            None => path.to_owned(),
        }
    }
}
