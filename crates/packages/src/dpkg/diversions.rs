//! `diversions` (dpkg-divert(1)): three lines for each: a path; where that file has been put instead, whoever it is
//! of; and the one package whose own file stays at the path, or `:` for none.

use crate::DatabaseError;
use std::path::Path;

#[derive(Debug, Clone, Default)]
pub(super) struct Diversions(Vec<Diversion>);

#[derive(Debug, Clone)]
struct Diversion {
    from: String,
    to: String,
    /// Nobody's, where the administrator made it.
    by: Option<String>,
}

impl Diversions {
    pub(super) fn read(path: &Path, text: &str) -> Result<Self, DatabaseError> {
        let lines: Vec<&str> = text.lines().collect();
        let of = |(number, three): (usize, &[&str])| match three {
            [from, to, by] if from.starts_with('/') && to.starts_with('/') => Ok(Diversion {
                from: (*from).to_owned(),
                to: (*to).to_owned(),
                by: Some(*by).filter(|by| *by != ":").map(str::to_owned),
            }),
            _ => Err(DatabaseError::Damaged {
                path: path.to_owned(),
                line: 3 * number + 1,
                why: "a diversion is two absolute paths and a package",
            }),
        };
        lines.chunks(3).enumerate().map(of).collect::<Result<_, _>>().map(Self)
    }

    /// Where the file is that a package lists under this path.
    pub(super) fn put(&self, listed: &str, package: &str) -> String {
        let diverted = self.0.iter().find(|one| one.from == listed && one.by.as_deref() != Some(package));
        diverted.map_or_else(|| listed.to_owned(), |one| one.to.clone())
    }

    /// Under which paths packages may list what is at this one.
    pub(super) fn listed_as(&self, path: &str) -> Vec<String> {
        let diverted = self.0.iter().filter(|one| one.to == path).map(|one| one.from.clone());
        std::iter::once(path.to_owned()).chain(diverted).collect()
    }
}
