//! Who uses a mounted file system.
//!
//! Only lists of the kernel are read, never the file system itself, so that a dead disk does not hold up
//! whoever looks.

use super::mounts::{self, Mount};
use std::fmt;
use std::fs;
use std::path::Path;

/// A process that uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) pid: i32,
    /// What it is called.
    pub(super) command: String,
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.pid, self.command)
    }
}

/// Names no more than these; the rest is counted.
const NAMED_MAX: usize = 10;

/// In a sentence.
pub(super) fn listed(users: &[User]) -> String {
    let named: Vec<_> = users.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    match users.len().saturating_sub(NAMED_MAX) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// All processes with something of this mount open, mapped, or as a folder; this one excepted.
pub(super) fn of(mount: &Mount) -> Vec<User> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let all = mounts::processes().into_iter();
    all.filter(|pid| *pid != own && uses(*pid, mount))
        .map(|pid| User { pid, command: command(pid) })
        .collect()
}

fn uses(pid: i32, mount: &Mount) -> bool {
    let folder = format!("/proc/{pid}");
    let folder = Path::new(&folder);
    let links = ["cwd", "root", "exe"].into_iter().filter_map(|name| fs::read_link(folder.join(name)).ok());
    links.into_iter().any(|to| to.starts_with(&mount.at))
        || fs::read_dir(folder.join("fdinfo")).into_iter().flatten().flatten().any(|file| {
            let info = fs::read_to_string(file.path()).unwrap_or_default();
            let id = info.lines().find_map(|line| line.strip_prefix("mnt_id:"));
            id.and_then(|id| id.trim().parse().ok()) == Some(mount.id)
        })
        || fs::read(folder.join("maps")).is_ok_and(|maps| maps_device(&maps, &mount.device))
}

/// Whether something of this device is mapped. The kernel writes its number in hexadecimal there.
fn maps_device(maps: &[u8], device: &str) -> bool {
    let number = |text: &str, radix| u32::from_str_radix(text, radix).ok();
    let pair = |text: &str, radix| {
        let (major, minor) = text.split_once(':')?;
        Some((number(major, radix)?, number(minor, radix)?))
    };
    let wanted = pair(device, 10);
    String::from_utf8_lossy(maps).lines().any(|line| {
        let found = line.split_whitespace().nth(3).and_then(|field| pair(field, 16));
        found.is_some() && found == wanted
    })
}

fn command(pid: i32) -> String {
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    String::from_utf8_lossy(&name).trim_end().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_names_its_device_in_hexadecimal() {
        let maps = b"7f00-7f01 r--p 00000000 07:0b 12 /srv/x\n7f02-7f03 rw-p 00000000 00:00 0\n";
        assert!(maps_device(maps, "7:11"));
        assert!(!maps_device(maps, "7:12"));
    }

    #[test]
    fn many_users_are_counted() {
        let user = |pid| User { pid, command: "x".to_owned() };
        let many: Vec<_> = (1..=12).map(user).collect();
        assert!(listed(&many).ends_with("10 (x) and 2 more"), "{}", listed(&many));
    }
}
