//! A database file beside the cluster's: useful, but never worth keeping a node from starting.
//!
//! One that cannot be read is set aside, where people can look at it, and a new one begun.

use redb::{Database, WriteTransaction};
use std::path::Path;

/// A file that was set aside.
#[derive(Debug)]
pub(crate) struct Damage {
    /// The file.
    pub(crate) path: String,
    /// Where it is now.
    pub(crate) aside: String,
    /// What is wrong with it.
    pub(crate) problem: String,
}

/// Opens a file, or makes it; `prepare` opens its tables. What is read there is found damaged here.
pub(crate) fn open(
    path: &Path,
    cache_bytes: usize,
    prepare: impl Fn(&WriteTransaction) -> Result<(), redb::Error> + std::panic::RefUnwindSafe,
) -> Result<Database, redb::Error> {
    // redb may assert where a file was damaged by hand; such a file must not take the daemon with it.
    let open = || -> Result<Database, redb::Error> {
        let database = Database::builder().set_cache_size(cache_bytes).create(path)?;
        let transaction = database.begin_write()?;
        prepare(&transaction)?;
        transaction.commit()?;
        Ok(database)
    };
    std::panic::catch_unwind(open)
        .unwrap_or_else(|_| Err(redb::Error::Corrupted("its pages contradict each other".to_owned())))
}

/// Opens a file, and where it is damaged, sets it aside and begins a new one.
///
/// # Errors
/// If a new one cannot be made either, or somebody else has the file.
pub(crate) fn open_or_begin(
    path: &Path,
    open: impl Fn(&Path) -> Result<Database, redb::Error>,
) -> Result<(Database, Option<Damage>), redb::Error> {
    match open(path) {
        Ok(database) => Ok((database, None)),
        Err(problem) if path.exists() && !matches!(problem, redb::Error::DatabaseAlreadyOpen) => {
            let aside = path.with_extension(format!("damaged-{}", crate::clock::wall().unix_ms()));
            std::fs::rename(path, &aside).map_err(redb::Error::Io)?;
            let damage = Damage {
                path: path.display().to_string(),
                aside: aside.display().to_string(),
                problem: problem.to_string(),
            };
            Ok((open(path)?, Some(damage)))
        }
        Err(problem) => Err(problem),
    }
}
