//! What a file holds, as one number: BLAKE3.

use crate::mark::Mark;
use model::ContentHash;
use rustix::fs::{Mode, OFlags, fstat, open};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Read at once: larger than what a cache line or a page costs, smaller than what a second-level cache holds.
const CHUNK: usize = 128 << 10;

/// Why a file could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// It is not there (any more).
    #[error("it is not there")]
    Missing,
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(io::Error),
    /// It is no file: a device, a pipe, a folder.
    #[error("it is no plain file")]
    NoFile,
    /// Somebody wrote to it meanwhile, so what was read was never all there at once.
    #[error("it changes while it is read")]
    Changing,
}

/// Hashes a file, and says by what it is recognised. A link is not followed, and nobody waits for a pipe.
///
/// # Errors
/// [`HashError`].
pub fn hash_file(path: &Path) -> Result<(ContentHash, Mark), HashError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    // Not to be counted as a use of the file, where that is permitted.
    let opened = open(path, flags | OFlags::NOATIME, Mode::empty()).or_else(|error| match error {
        rustix::io::Errno::PERM => open(path, flags, Mode::empty()),
        error => Err(error),
    });
    let mut file = match opened {
        Ok(fd) => File::from(fd),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Err(HashError::Missing),
        Err(rustix::io::Errno::LOOP) => return Err(HashError::NoFile),
        Err(error) => return Err(HashError::Unreadable(error.into())),
    };
    let stat = |file: &File| fstat(file).map_err(|error| HashError::Unreadable(error.into()));
    let before = stat(&file)?;
    if rustix::fs::FileType::from_raw_mode(before.st_mode) != rustix::fs::FileType::RegularFile {
        return Err(HashError::NoFile);
    }
    let mut hasher = blake3::Hasher::new();
    // Most files are small, and a large buffer has to be made of zeros. One byte more, to see the end at once.
    let size = usize::try_from(before.st_size).unwrap_or(CHUNK).saturating_add(1);
    let mut chunk = vec![0; size.min(CHUNK)];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => drop(hasher.update(&chunk[..length])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(HashError::Unreadable(error)),
        }
    }
    let (before, after) = (Mark::of(&before), Mark::of(&stat(&file)?));
    if before != after {
        return Err(HashError::Changing);
    }
    Ok((ContentHash(*hasher.finalize().as_bytes()), after))
}
