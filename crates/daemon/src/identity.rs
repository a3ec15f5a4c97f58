//! Who this node is: its identity file, and the lives its data directory has had.

use crate::clock;
use crate::data_dir::DataDir;
use model::Incarnation;
use model::stored::{Identity, UnreadableDocument, Versioned};
use restore::write_whole;
use std::io;
use std::path::{Path, PathBuf};

/// How many lives are remembered. The cluster accepts a life at every start that finds a
/// majority, so only as many starts in a row without one could make a node look like a copy.
const REMEMBERED_LIVES: usize = 1_000;

/// Why a file of the identity cannot be used. It is never overwritten.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{path} is damaged: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: UnreadableDocument,
    },
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, IdentityError> {
    match std::fs::read(path) {
        Ok(bytes) => Versioned::decode(&bytes)
            .map(Some)
            .map_err(|source| IdentityError::Unreadable { path: path.to_owned(), source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IdentityError::Io { path: path.to_owned(), source }),
    }
}

/// The identity, if this node has one.
///
/// # Errors
/// [`IdentityError`].
pub(crate) fn load(dir: &DataDir) -> Result<Option<Identity>, IdentityError> {
    read(&dir.identity())
}

/// Stores the identity.
///
/// # Errors
/// [`IdentityError`].
pub(crate) fn store(dir: &DataDir, identity: &Identity) -> Result<(), IdentityError> {
    let path = dir.identity();
    write_whole(&path, &Versioned::encode(identity)).map_err(|source| IdentityError::Io { path, source })
}

/// Draws the life of this process and remembers it before anybody hears of it.
/// Returns all lives, the present one last.
///
/// # Errors
/// [`IdentityError`].
pub(crate) fn begin_life(dir: &DataDir) -> Result<Vec<Incarnation>, IdentityError> {
    let path = dir.incarnations();
    let mut lives: Vec<Incarnation> = read(&path)?.unwrap_or_default();
    lives.push(Incarnation(clock::random()));
    let surplus = lives.len().saturating_sub(REMEMBERED_LIVES);
    lives.drain(..surplus);
    write_whole(&path, &Versioned::encode(&lives)).map_err(|source| IdentityError::Io { path, source })?;
    Ok(lives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_is_another_life_and_remembers_the_earlier_ones() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::take(temp.path()).unwrap();
        let first = begin_life(&dir).unwrap();
        let second = begin_life(&dir).unwrap();
        assert_eq!(second.len(), 2);
        assert_eq!(first[0], second[0]);
        assert_ne!(second[0], second[1]);
    }

    #[test]
    fn a_damaged_identity_is_named_and_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::take(temp.path()).unwrap();
        std::fs::write(dir.identity(), "garbage").unwrap();
        let error = load(&dir).unwrap_err().to_string();
        assert!(error.contains("identity.json is damaged"), "{error}");
        assert_eq!(std::fs::read(dir.identity()).unwrap(), b"garbage");
    }
}
