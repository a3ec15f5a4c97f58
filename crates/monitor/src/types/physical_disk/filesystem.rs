//! Which file system a device holds, by its first bytes, and how it is checked.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// What a device says that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The type, as a mount wants it.
    pub(super) kind: &'static str,
    /// Whether it notices by itself that another machine has mounted it (ext4's multi-mount protection).
    pub(super) is_guarded: bool,
}

/// Reads it; nothing: none that is known here.
pub(super) fn probe(device: &Path) -> io::Result<Option<Found>> {
    let file = File::open(device)?;
    // btrfs, the last of them, ends its mark at 64 KiB + 72.
    let mut head = vec![0; (64 << 10) + 128];
    let mut filled = 0;
    while filled < head.len() {
        match file.read_at(&mut head[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(recognise(&head))
}

fn recognise(head: &[u8]) -> Option<Found> {
    let has = |at: usize, mark: &[u8]| head.get(at..at + mark.len()) == Some(mark);
    let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let plain = |kind| Some(Found { kind, is_guarded: false });
    if has(1024 + 56, &[0x53, 0xef]) {
        let (journal, incompatible) = (number(1024 + 92)? & 0x4 != 0, number(1024 + 96)?);
        // Extents, 64 bits, multi-mount protection, flexible groups: what only ext4 understands.
        let kind = match (incompatible & 0x3c0 != 0, journal) {
            (true, _) => "ext4",
            (false, true) => "ext3",
            (false, false) => "ext2",
        };
        return Some(Found { kind, is_guarded: incompatible & 0x100 != 0 });
    }
    if has(0, b"XFSB") {
        return plain("xfs");
    }
    if has((64 << 10) + 64, b"_BHRfS_M") {
        return plain("btrfs");
    }
    if has(510, &[0x55, 0xaa]) && (has(82, b"FAT32") || has(54, b"FAT16") || has(54, b"FAT12")) {
        return plain("vfat");
    }
    None
}

/// Whether a device that says `found` may be mounted as `wanted`.
pub(super) fn may_be(found: &str, wanted: &str) -> bool {
    found == wanted || found.starts_with("ext") && wanted.starts_with("ext")
}

/// The program that checks and repairs it without asking, and its arguments. File systems that mend
/// themselves when they are mounted have none.
pub(super) fn checker(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "ext2" | "ext3" | "ext4" => Some(("e2fsck", "-p")),
        "vfat" => Some(("fsck.vfat", "-a")),
        _ => None,
    }
}

/// What an administrator looks into when it is damaged.
pub(super) fn by_hand(kind: &str) -> &'static str {
    match kind {
        "xfs" => "look with `xfs_repair -n` what is damaged, repair with `xfs_repair`",
        "btrfs" => "look with `btrfs check` what is damaged, save what can be read with `btrfs restore`",
        _ => "the kernel's log (`dmesg`) says what is damaged; repair it with the `fsck` of its type",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marks: &[(usize, &[u8])], expected: Option<&str>) {
        let mut head = vec![0; (64 << 10) + 128];
        for (at, mark) in marks {
            head[*at..*at + mark.len()].copy_from_slice(mark);
        }
        assert_eq!(recognise(&head).map(|found| found.kind), expected);
    }

    #[test]
    fn file_systems_are_known_by_their_marks() {
        check(&[], None);
        check(&[(1080, &[0x53, 0xef])], Some("ext2"));
        check(&[(1080, &[0x53, 0xef]), (1116, &[4])], Some("ext3"));
        check(&[(1080, &[0x53, 0xef]), (1116, &[4]), (1120, &[0x40])], Some("ext4"));
        check(&[(0, b"XFSB")], Some("xfs"));
        check(&[(510, &[0x55, 0xaa]), (82, b"FAT32   ")], Some("vfat"));
        check(&[(510, &[0x55, 0xaa])], None);
        check(&[((64 << 10) + 64, b"_BHRfS_M")], Some("btrfs"));
        assert_eq!(recognise(&[0x53; 100]), None);
    }

    #[test]
    fn the_exts_may_stand_for_each_other() {
        assert!(may_be("ext3", "ext4") && may_be("xfs", "xfs"));
        assert!(!may_be("xfs", "ext4") && !may_be("ext4", "xfs"));
    }
}
