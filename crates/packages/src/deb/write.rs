//! Writing a Debian package: one that says something and has no files, or a few small ones.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

/// A file of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile<'a> {
    /// Where it is to be, without the slash before it.
    pub path: &'a str,
    /// What it holds.
    pub content: &'a [u8],
    /// Permissions, as in chmod(1).
    pub mode: u32,
}

/// A package of this control file and these files, all of root's.
///
/// # Errors
/// A path that tar(5) has no room for.
pub fn write(control: &str, files: &[NewFile<'_>]) -> io::Result<Vec<u8>> {
    let control = [NewFile { path: "./control", content: control.as_bytes(), mode: 0o644 }];
    let mut out = b"!<arch>\n".to_vec();
    member(&mut out, "debian-binary", b"2.0\n")?;
    member(&mut out, "control.tar.gz", &archive(&control)?)?;
    member(&mut out, "data.tar.gz", &archive(files)?)?;
    Ok(out)
}

fn member(out: &mut Vec<u8>, name: &str, content: &[u8]) -> io::Result<()> {
    writeln!(out, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, "100644", content.len())?;
    out.extend_from_slice(content);
    if content.len() % 2 == 1 {
        out.push(b'\n');
    }
    Ok(())
}

fn header(kind: tar::EntryType, length: usize, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(length as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_entry_type(kind);
    header
}

fn archive(files: &[NewFile<'_>]) -> io::Result<Vec<u8>> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut archive = tar::Builder::new(gzip);
    // dpkg makes no folder that is not in it.
    let folders: BTreeSet<&Path> =
        files.iter().flat_map(|file| Path::new(file.path).ancestors().skip(1)).collect();
    for folder in folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut header = header(tar::EntryType::Directory, 0, 0o755);
        archive.append_data(&mut header, folder, io::empty())?;
    }
    for file in files {
        let mut header = header(tar::EntryType::Regular, file.content.len(), file.mode);
        archive.append_data(&mut header, file.path, file.content)?;
    }
    archive.into_inner()?.finish()
}
