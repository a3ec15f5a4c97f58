//! `status`: one stanza for each package, fields a line each, an empty line between two.

use super::Package;
use crate::DatabaseError;
use std::path::Path;

/// What is read of one.
#[derive(Debug, Default)]
pub(super) struct Stanza {
    pub(super) name: String,
    pub(super) architecture: String,
    version: String,
    status: String,
}

impl Stanza {
    /// If files of it may be there.
    pub(super) fn package(self) -> Option<Package> {
        let state = self.status.split(' ').next_back()?;
        let has_files = !matches!(state, "" | "not-installed" | "config-files");
        has_files.then(|| Package {
            whole: state == "installed",
            name: self.name,
            architecture: self.architecture,
            version: self.version,
        })
    }
}

/// The stanzas of a file.
pub(super) fn read(path: &Path, text: &str) -> Result<Vec<Stanza>, DatabaseError> {
    let damaged = |line: usize, why| DatabaseError::Damaged { path: path.to_owned(), line: line + 1, why };
    let mut all = Vec::new();
    let mut now: Option<Stanza> = None;
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() {
            all.extend(now.take());
            continue;
        }
        let stanza = now.get_or_insert_default();
        if line.starts_with([' ', '\t']) {
            continue; // goes on with the field before, none of which is read here
        }
        let (field, value) =
            line.split_once(':').ok_or_else(|| damaged(number, "it is no field, and goes on with none"))?;
        let value = value.trim().to_owned();
        match field.to_ascii_lowercase().as_str() {
            "package" => stanza.name = value,
            "architecture" => stanza.architecture = value,
            "version" => stanza.version = value,
            "status" => stanza.status = value,
            _ => {}
        }
    }
    all.extend(now);
    if all.iter().any(|stanza| !is_name(&stanza.name)) {
        return Err(damaged(text.lines().count(), "a stanza before it names no package"));
    }
    Ok(all)
}

/// A name is a part of the name of a file, so it has to be one (Debian Policy 5.6.1).
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}
