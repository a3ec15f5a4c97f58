//! A Debian package, read from its file without dpkg's help (deb(5), deb-control(5)).
//!
//! An archive of ar(5) with two archives of tar(5) in it: `control.tar.*` says what it is, and mostly has a list of
//! its files (`md5sums`); `data.tar.*` has the files. The first is some kilobytes and is always read. The second may
//! be gigabytes, and is read only where it has to be known what a file would hold.
//!
//! Whoever made it may mean harm. Everything that is read has a bound, nothing is written, and a path with `..` in it
//! is a file of nobody's.

mod members;
mod write;

use crate::root_links::RootLinks;
use members::{Compression, Member};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
pub use write::{NewFile, write};

/// All of `control.tar`, unpacked. Debian's largest are some hundred kilobytes.
const CONTROL_MAX: u64 = 32 << 20;

/// A file that somebody asks for.
const FILE_MAX: u64 = 256 << 20;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// It cannot be read.
    #[error("cannot read it: {0}")]
    Unreadable(#[from] io::Error),
    /// It is no Debian package.
    #[error("it is no Debian package: {0}")]
    NotADeb(&'static str),
    /// There is more in it than may be.
    #[error("it has {what} of more than {most} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How much may be there.
        most: u64,
    },
}

/// What a package says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deb {
    /// Its name.
    pub name: String,
    /// Its version; not checked.
    pub version: String,
    /// `amd64`, `all`, …
    pub architecture: String,
    /// The files that it says it has; nothing: it does not say. Configuration files are missing in it.
    pub listed: Option<BTreeSet<PathBuf>>,
    data: Member,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebFile {
    /// What it holds.
    pub content: DebContent,
    /// Permissions, as in chmod(1).
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// What a file of a package holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebContent {
    /// These bytes.
    Bytes(Vec<u8>),
    /// It is a link to there, as it is written.
    Link(String),
}

impl Deb {
    /// Reads what a package says of itself.
    ///
    /// # Errors
    /// [`DebError`].
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, DebError> {
        let (control, data) = members::find(file)?;
        file.seek(SeekFrom::Start(control.start))?;
        let mut archive = tar::Archive::new(opened(file, &control, CONTROL_MAX)?);
        let (mut stanza, mut listed) = (None, None);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let text = |entry: &mut dyn Read| {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
            };
            match inside(&path).as_deref().and_then(Path::to_str) {
                Some("/control") => stanza = Some(text(&mut entry)?),
                Some("/md5sums") => listed = Some(sums(&text(&mut entry)?)),
                _ => {}
            }
        }
        let stanza = stanza.ok_or(DebError::NotADeb("it has no control file"))?;
        let field = |name: &str| {
            let of_line = |line: &str| {
                let (field, value) = line.split_once(':')?;
                field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            };
            stanza.lines().find_map(of_line).filter(|value| !value.is_empty())
        };
        let (Some(name), Some(version)) = (field("Package"), field("Version")) else {
            return Err(DebError::NotADeb("its control file names no package or no version"));
        };
        let architecture = field("Architecture").unwrap_or_else(|| "all".to_owned());
        Ok(Self { name, version, architecture, listed, data })
    }

    /// Whether it may have one of these files: it says so, or does not say which it has.
    #[must_use]
    pub fn may_have(&self, wanted: &BTreeSet<PathBuf>, links: &RootLinks) -> bool {
        let is_it = |path: &PathBuf| wanted.contains(&links.resolved(path));
        self.listed.as_ref().is_none_or(|listed| listed.iter().any(is_it))
    }

    /// The files of these paths that it has. `most` bytes are unpacked for it at most.
    ///
    /// # Errors
    /// [`DebError`].
    pub fn files(
        &self,
        file: &mut (impl Read + Seek),
        wanted: &BTreeSet<PathBuf>,
        links: &RootLinks,
        most: u64,
    ) -> Result<BTreeMap<PathBuf, DebFile>, DebError> {
        let mut wanted = wanted.clone();
        loop {
            let (found, others) = self.pass(file, &wanted, links, most)?;
            // Files with several names are there once.
            let missing: BTreeSet<PathBuf> =
                others.values().filter(|path| !wanted.contains(*path)).cloned().collect();
            if missing.is_empty() {
                return Ok(with_others(found, &others));
            }
            wanted.extend(missing);
        }
    }

    /// Reads all of it once: the files, and of which other files some are only another name.
    #[expect(clippy::type_complexity, reason = "both are read at once")]
    fn pass(
        &self,
        file: &mut (impl Read + Seek),
        wanted: &BTreeSet<PathBuf>,
        links: &RootLinks,
        most: u64,
    ) -> Result<(BTreeMap<PathBuf, DebFile>, BTreeMap<PathBuf, PathBuf>), DebError> {
        file.seek(SeekFrom::Start(self.data.start))?;
        let mut archive = tar::Archive::new(opened(file, &self.data, most)?);
        let (mut found, mut others) = (BTreeMap::new(), BTreeMap::new());
        for entry in archive.entries().map_err(|error| too_large(error, most))? {
            let mut entry = entry.map_err(|error| too_large(error, most))?;
            let Some(path) = inside(&entry.path()?).map(|path| links.resolved(&path)) else { continue };
            if !wanted.contains(&path) {
                continue;
            }
            let header = entry.header().clone();
            let target =
                |entry: &tar::Entry<'_, _>| entry.link_name().ok().flatten().map(|it| it.into_owned());
            let content = match header.entry_type() {
                tar::EntryType::Regular | tar::EntryType::Continuous => {
                    if header.size()? > FILE_MAX {
                        return Err(DebError::TooLarge { what: "a file", most: FILE_MAX });
                    }
                    let mut bytes = Vec::new();
                    entry.read_to_end(&mut bytes).map_err(|error| too_large(error, most))?;
                    DebContent::Bytes(bytes)
                }
                tar::EntryType::Symlink => {
                    let Some(target) = target(&entry) else { continue };
                    DebContent::Link(target.to_string_lossy().into_owned())
                }
                tar::EntryType::Link => {
                    if let Some(other) = target(&entry).as_deref().and_then(inside) {
                        others.insert(path, links.resolved(&other));
                    }
                    continue;
                }
                _ => continue,
            };
            let number =
                |number: io::Result<u64>| number.ok().and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
            let (uid, gid) = (number(header.uid()), number(header.gid()));
            let mode = header.mode().unwrap_or(0) & 0o7777;
            found.insert(path, DebFile { content, mode, uid, gid });
        }
        Ok((found, others))
    }
}

fn with_others(
    mut found: BTreeMap<PathBuf, DebFile>,
    others: &BTreeMap<PathBuf, PathBuf>,
) -> BTreeMap<PathBuf, DebFile> {
    for (path, other) in others {
        if let Some(file) = found.get(other).cloned() {
            found.insert(path.clone(), file);
        }
    }
    found
}

/// An archive inside, unpacked as it is read.
fn opened<'f>(
    file: &'f mut (impl Read + Seek),
    member: &Member,
    most: u64,
) -> Result<Bounded<Box<dyn Read + 'f>>, DebError> {
    let raw = Box::new(file.take(member.length));
    let unpacked: Box<dyn Read + 'f> = match member.compression {
        Compression::None => raw,
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(raw)),
        // What dpkg writes takes 65 MiB at most (level 9).
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(raw, true, 256 << 10)),
        Compression::Zstd => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(raw);
            Box::new(decoder.map_err(|_| DebError::NotADeb("a part of it is no zstd"))?)
        }
    };
    Ok(Bounded { inner: unpacked, left: most })
}

/// Ends with an error, and not as if nothing more were there.
struct Bounded<R> {
    inner: R,
    left: u64,
}

/// What [`Bounded`] says.
const BOUND: &str = "more than may be";

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(to)?;
        let left = self.left.checked_sub(length as u64);
        self.left = left.ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, BOUND))?;
        Ok(length)
    }
}

fn too_large(error: io::Error, most: u64) -> DebError {
    match error.kind() {
        io::ErrorKind::FileTooLarge => DebError::TooLarge { what: "files", most },
        _ => DebError::Unreadable(error),
    }
}

/// Where a name in an archive is, once it is unpacked: below the root, or nowhere.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(part) => out.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

/// The paths of `md5sums`.
fn sums(text: &str) -> BTreeSet<PathBuf> {
    let of_line = |line: &str| inside(Path::new(line.split_once("  ")?.1));
    text.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests;
