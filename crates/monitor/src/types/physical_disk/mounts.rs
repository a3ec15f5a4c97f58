//! What is mounted where, as the kernel lists it. No file system is touched by reading the lists.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) id: u64,
    /// The number of what is mounted, as `major:minor`.
    pub(super) device: String,
    pub(super) at: PathBuf,
    pub(super) source: PathBuf,
    pub(super) use_is: Use,
}

/// What it can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Reading and writing.
    Writing,
    /// Reading: it was mounted like that, or mounted anew.
    Reading,
    /// Hardly anything: its file system met an error and protects what is there. ext4 says this with
    /// words of its own from Linux 6.12 on, while every other sign still speaks of writing.
    Stopped,
}

/// A mount that a process sees, which does not see ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elsewhere {
    pub(super) mount: Mount,
    pub(super) pid: i32,
}

/// What this process sees, in the order in which it was mounted.
pub(super) fn ours() -> io::Result<Vec<Mount>> {
    Ok(read(&fs::read("/proc/self/mountinfo")?))
}

/// What is mounted last, and so seen, at this path.
pub(super) fn at(path: &Path) -> io::Result<Option<Mount>> {
    Ok(ours()?.into_iter().rfind(|mount| mount.at == path))
}

/// What others see, of whose mounts we see nothing: containers, services with private mounts. One
/// process stands for all that see the same.
pub(super) fn elsewhere() -> Vec<Elsewhere> {
    let mut seen: BTreeSet<PathBuf> = fs::read_link("/proc/self/ns/mnt").into_iter().collect();
    let mut all = Vec::new();
    for pid in processes() {
        // A process that has ended, or whose files are not for us to see, is left out.
        let Ok(namespace) = fs::read_link(format!("/proc/{pid}/ns/mnt")) else { continue };
        if seen.insert(namespace)
            && let Ok(list) = fs::read(format!("/proc/{pid}/mountinfo"))
        {
            all.extend(read(&list).into_iter().map(|mount| Elsewhere { mount, pid }));
        }
    }
    all
}

/// The numbers of all processes.
pub(super) fn processes() -> Vec<i32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn read(list: &[u8]) -> Vec<Mount> {
    list.split(|byte| *byte == b'\n').filter_map(line).collect()
}

fn line(line: &[u8]) -> Option<Mount> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let text = |field: &[u8]| String::from_utf8(field.to_vec()).ok();
    // Optional fields end with a dash.
    let dash = fields.iter().skip(6).position(|field| *field == b"-")? + 6;
    let has = |options: &[u8], word: &[u8]| options.split(|byte| *byte == b',').any(|found| found == word);
    let (of_mount, of_filesystem) = (*fields.get(5)?, *fields.get(dash + 3)?);
    let use_is = if has(of_filesystem, b"emergency_ro") || has(of_filesystem, b"shutdown") {
        Use::Stopped
    } else if has(of_mount, b"ro") || has(of_filesystem, b"ro") {
        Use::Reading
    } else {
        Use::Writing
    };
    Some(Mount {
        use_is,
        id: text(fields.first()?)?.parse().ok()?,
        device: text(fields.get(2)?)?,
        at: path(fields.get(4)?),
        source: path(fields.get(dash + 2)?),
    })
}

/// Spaces, tabs, line ends and backslashes are written as octal numbers.
fn path(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let octal = (*first == b'\\').then(|| after.get(..3)).flatten();
        let octal = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &after[3..] } else { after };
    }
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_its_optional_fields_and_strange_names() {
        let list =
            b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n\
                     37 35 0:44 / /b\\134c rw - tmpfs none rw\ngarbage\n";
        let read = read(list);
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].id, read[0].device.as_str()), (36, "98:0"));
        assert_eq!(
            (read[0].at.as_path(), read[0].source.as_path()),
            ("/mnt 2".as_ref(), "/dev/root".as_ref())
        );
        assert_eq!(read[1].at, PathBuf::from("/b\\c"));
    }

    #[test]
    fn what_it_can_be_used_for_is_in_one_of_two_lists_of_options() {
        for (of_mount, of_filesystem, expected) in [
            ("rw,relatime", "rw,errors=remount-ro", Use::Writing),
            ("ro,relatime", "rw", Use::Reading),
            ("rw", "ro,data=ordered", Use::Reading),
            ("rw,relatime", "rw,errors=remount-ro,emergency_ro", Use::Stopped),
            ("rw", "rw,shutdown", Use::Stopped),
        ] {
            let list = format!("36 35 7:0 / /a {of_mount} - ext4 /dev/loop0 {of_filesystem}\n");
            assert_eq!(read(list.as_bytes())[0].use_is, expected, "{list}");
        }
    }

    #[test]
    fn this_machine_has_a_root() {
        assert!(at(Path::new("/")).unwrap().is_some());
    }
}
