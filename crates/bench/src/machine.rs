//! What the figures were measured on.

use rustix::fs::statfs;
use std::path::Path;

/// The load averages of the last 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The load average, to stand behind a title: the reader has to know how busy the machine was.
pub(crate) fn load_note() -> String {
    format!(" (load average {})", load())
}

/// How many processors there are.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The kind of a folder's file system.
pub(crate) fn file_system(dir: &Path) -> String {
    // linux/magic.h
    match statfs(dir).map(|found| found.f_type) {
        Ok(0xEF53) => "ext4".to_owned(),
        Ok(0x5846_5342) => "xfs".to_owned(),
        Ok(0x9123_683E) => "btrfs".to_owned(),
        Ok(0x0102_1994) => "tmpfs, which has no fsync to speak of".to_owned(),
        Ok(0x794C_7630) => "overlayfs".to_owned(),
        Ok(other) => format!("file system {other:#x}"),
        Err(_) => "unknown file system".to_owned(),
    }
}
