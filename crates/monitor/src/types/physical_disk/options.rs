//! Options of a mount: those that are the kernel's, and those that are the file system's.

use rustix::mount::MountFlags;

/// The kernel's part, and that of a file system of this type as it takes it: with commas between.
///
/// An ext file system is told to stop at an error, unless something else is said: what it does by itself
/// is to go on, with a damaged file system, as if nothing had been.
pub(super) fn of(kind: &str, options: &[String]) -> (MountFlags, String) {
    let (flags, mut own) = split(options);
    if kind.starts_with("ext") && !own.split(',').any(|option| option.starts_with("errors=")) {
        own += if own.is_empty() { "errors=remount-ro" } else { ",errors=remount-ro" };
    }
    (flags, own)
}

fn split(options: &[String]) -> (MountFlags, String) {
    let mut flags = MountFlags::empty();
    let mut own = Vec::new();
    for option in options.iter().flat_map(|option| option.split(',')).map(str::trim) {
        match option {
            "ro" => flags |= MountFlags::RDONLY,
            "rw" => flags -= MountFlags::RDONLY,
            "nosuid" => flags |= MountFlags::NOSUID,
            "suid" => flags -= MountFlags::NOSUID,
            "nodev" => flags |= MountFlags::NODEV,
            "dev" => flags -= MountFlags::NODEV,
            "noexec" => flags |= MountFlags::NOEXEC,
            "exec" => flags -= MountFlags::NOEXEC,
            "sync" => flags |= MountFlags::SYNCHRONOUS,
            "async" => flags -= MountFlags::SYNCHRONOUS,
            "dirsync" => flags |= MountFlags::DIRSYNC,
            "noatime" => flags |= MountFlags::NOATIME,
            "atime" => flags -= MountFlags::NOATIME,
            "nodiratime" => flags |= MountFlags::NODIRATIME,
            "relatime" => flags |= MountFlags::RELATIME,
            "strictatime" => flags |= MountFlags::STRICTATIME,
            "lazytime" => flags |= MountFlags::LAZYTIME,
            // Words for those who read /etc/fstab.
            "" | "defaults" | "auto" | "noauto" | "nofail" | "_netdev" | "nouser" => {}
            word if word.starts_with("x-") => {}
            own_word => own.push(own_word),
        }
    }
    (flags, own.join(","))
}

/// Whether it is mounted for reading only.
pub(super) fn is_read_only(options: &[String]) -> bool {
    split(options).0.contains(MountFlags::RDONLY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gets_its_own() {
        let options =
            ["noatime,data=ordered", "ro", "errors=panic", "x-systemd.automount"].map(str::to_owned);
        let (flags, own) = split(&options);
        assert_eq!(flags, MountFlags::NOATIME | MountFlags::RDONLY);
        assert_eq!(own, "data=ordered,errors=panic");
        assert_eq!(of("ext4", &options).1, "data=ordered,errors=panic");
        assert_eq!(of("ext4", &["acl".to_owned()]).1, "acl,errors=remount-ro");
        assert_eq!((of("ext4", &[]).1.as_str(), of("xfs", &[]).1.as_str()), ("errors=remount-ro", ""));
        assert!(is_read_only(&options) && !is_read_only(&["ro,rw".to_owned()]));
    }
}
