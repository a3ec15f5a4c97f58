//! The outer archive: ar(5), as deb(5) wants it.

use super::DebError;
use std::io::{self, Read, Seek, SeekFrom};

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER: usize = 60;

/// Members before the two that matter: `debian-binary`, and some that dpkg passes over.
const MEMBERS_MAX: usize = 32;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Where it begins in the file.
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) compression: Compression,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Xz,
    Zstd,
}

/// The members `control.tar.*` and `data.tar.*`.
pub(super) fn find(file: &mut (impl Read + Seek)) -> Result<(Member, Member), DebError> {
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut magic = [0; MAGIC.len()];
    read(file, &mut magic)?;
    if magic != *MAGIC {
        return Err(DebError::NotADeb("it does not begin like an archive of ar"));
    }
    let (mut at, mut first, mut control) = (MAGIC.len() as u64, true, None);
    for _ in 0..MEMBERS_MAX {
        file.seek(SeekFrom::Start(at))?;
        let mut header = [0; HEADER];
        read(file, &mut header)?;
        let (name, length) = of(&header)?;
        let start = at + HEADER as u64;
        let after = start.checked_add(length).filter(|after| *after <= end);
        let after = after.ok_or(DebError::NotADeb("it is cut off"))?;
        if std::mem::take(&mut first) {
            is_binary(file, name, length)?;
        } else if let Some(suffix) = name.strip_prefix("control.tar") {
            control = Some(Member { start, length, compression: compression(suffix)? });
        } else if let Some(suffix) = name.strip_prefix("data.tar") {
            let data = Member { start, length, compression: compression(suffix)? };
            return Ok((control.ok_or(DebError::NotADeb("its files come before its control file"))?, data));
        }
        at = after + length % 2;
    }
    Err(DebError::NotADeb("it has no files"))
}

fn read(file: &mut impl Read, to: &mut [u8]) -> Result<(), DebError> {
    file.read_exact(to).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => DebError::NotADeb("it is cut off"),
        _ => DebError::Unreadable(error),
    })
}

/// Name and length: texts with spaces behind them.
fn of(header: &[u8; HEADER]) -> Result<(&str, u64), DebError> {
    let bad = || DebError::NotADeb("a header in it is damaged");
    let text = |range| std::str::from_utf8(&header[range]).map_err(|_| bad());
    if header[58..] != *b"`\n" {
        return Err(bad());
    }
    let name = text(0..16)?.trim_end().trim_end_matches('/');
    let length = text(48..58)?.trim_end().parse().map_err(|_| bad())?;
    Ok((name, length))
}

/// The first member says in which version of the format the rest is; 2 is the only one since 1995.
fn is_binary(file: &mut impl Read, name: &str, length: u64) -> Result<(), DebError> {
    let mut version = [0; 2];
    if name == "debian-binary" && length >= 4 {
        read(file, &mut version)?;
    }
    if version == *b"2." {
        Ok(())
    } else {
        Err(DebError::NotADeb("it does not say that it is one, of format 2"))
    }
}

fn compression(suffix: &str) -> Result<Compression, DebError> {
    match suffix {
        "" => Ok(Compression::None),
        ".gz" => Ok(Compression::Gzip),
        ".xz" => Ok(Compression::Xz),
        ".zst" => Ok(Compression::Zstd),
        _ => Err(DebError::NotADeb("it is compressed in a way that is not known here (not gz, xz or zst)")),
    }
}
