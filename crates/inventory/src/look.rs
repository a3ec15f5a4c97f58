//! Looking at files: cheaply, as long as they do not change.

use crate::hash::{HashError, hash_file};
use crate::mark::Mark;
use model::stored::Content;
use rustix::fs::{FileType, lstat, readlink};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A file that changes while it is read is read again so often. Whoever writes to it all the time is told of.
const ATTEMPTS: u32 = 3;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// Nothing.
    Missing,
    /// Something that cannot be read; why.
    Unreadable(String),
    /// A file or a link.
    There {
        /// What it holds.
        content: Content,
        /// Permissions, as in chmod(1); of a link 0.
        mode: u32,
        /// Its owner.
        uid: u32,
        /// Its group.
        gid: u32,
    },
}

/// A look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What is there.
    pub raw: Raw,
    /// Whether it is something else than at the look before; true for the first.
    pub is_new: bool,
    /// How many bytes were read for it.
    pub bytes: u64,
}

/// What was seen of files.
#[derive(Debug, Default)]
pub struct Looker {
    known: HashMap<PathBuf, (Option<Mark>, Raw)>,
}

impl Looker {
    /// Looks at a path, and reads what is there only if it may have changed.
    pub fn look(&mut self, path: &Path) -> Look {
        match mark(path) {
            Ok(mark) => match self.known.get(path) {
                Some((known, raw)) if *known == Some(mark) && !matches!(raw, Raw::Unreadable(_)) => {
                    Look { raw: raw.clone(), is_new: false, bytes: 0 }
                }
                _ => self.read(path, mark),
            },
            Err(raw) => self.note(path, None, raw, 0),
        }
    }

    /// Looks at a path and reads what is there whatever is known of it.
    pub fn look_closely(&mut self, path: &Path) -> Look {
        match mark(path) {
            Ok(mark) => self.read(path, mark),
            Err(raw) => self.note(path, None, raw, 0),
        }
    }

    /// What was seen at the last look.
    #[must_use]
    pub fn known(&self, path: &Path) -> Option<&Raw> {
        self.known.get(path).map(|(_, raw)| raw)
    }

    /// How long the file was at the last look, in bytes; of anything else 0.
    #[must_use]
    pub fn size(&self, path: &Path) -> u64 {
        self.known.get(path).and_then(|(mark, _)| mark.as_ref()).map_or(0, Mark::size)
    }

    /// Forgets all paths but these.
    pub fn keep(&mut self, wanted: impl Fn(&Path) -> bool) {
        self.known.retain(|path, _| wanted(path));
    }

    fn read(&mut self, path: &Path, mark: Mark) -> Look {
        let mut bytes = 0;
        for _ in 0..ATTEMPTS {
            let (mark, raw) = read(path, mark);
            if let Ok(raw) = raw {
                bytes += if matches!(raw, Raw::There { content: Content::Blake3(_), .. }) {
                    mark.size()
                } else {
                    0
                };
                return self.note(path, Some(mark), raw, bytes);
            }
        }
        let raw = Raw::Unreadable(HashError::Changing.to_string());
        self.note(path, None, raw, bytes)
    }

    fn note(&mut self, path: &Path, mark: Option<Mark>, raw: Raw, bytes: u64) -> Look {
        let before = self.known.insert(path.to_owned(), (mark, raw.clone()));
        Look { is_new: before.is_none_or(|(_, before)| before != raw), raw, bytes }
    }
}

fn mark(path: &Path) -> Result<Mark, Raw> {
    match lstat(path) {
        Ok(stat) => Ok(Mark::of(&stat)),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Err(Raw::Missing),
        Err(error) => Err(Raw::Unreadable(std::io::Error::from(error).to_string())),
    }
}

/// What is there, with the mark that belongs to it; nothing, if it changed meanwhile.
fn read(path: &Path, mark: Mark) -> (Mark, Result<Raw, ()>) {
    let there = |mark: Mark, content, mode| {
        let (uid, gid) = mark.owner();
        Raw::There { content, mode, uid, gid }
    };
    let kind = lstat(path).map(|stat| FileType::from_raw_mode(stat.st_mode));
    if kind == Ok(FileType::Symlink) {
        return match readlink(path, Vec::new()) {
            Ok(target) => {
                let target = target.to_string_lossy().into_owned();
                (mark, Ok(there(mark, Content::Link(target), 0)))
            }
            Err(_) => (mark, Err(())),
        };
    }
    match hash_file(path) {
        Ok((hash, mark)) => (mark, Ok(there(mark, Content::Blake3(hash), mark.permissions()))),
        Err(HashError::Missing) => (mark, Ok(Raw::Missing)),
        Err(HashError::Changing) => (mark, Err(())),
        Err(error) => (mark, Ok(Raw::Unreadable(error.to_string()))),
    }
}

#[cfg(test)]
mod tests;
