//! A host's view of the file system: this machine's disks, each under a writable layer of its own.
//!
//! Everything here happens in the host's mount namespace, in which nothing is shared with the
//! machine, so it vanishes with the host; only the layers stay, in the lab's folder. That is the
//! difference between a host that lost power and one that lost its disk.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change, unmount,
};

use crate::error::Doing;
use crate::{LabError, tool};

/// File systems that hold programs and data. All others (proc, cgroup, snap images, …) are
/// interfaces of this machine, of which a host gets its own or none.
const DISKS: [&str; 14] = [
    "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "nfs", "nfs4", "overlay", "tmpfs", "virtiofs",
    "xfs", "zfs", "9p",
];

/// Cuts the calling thread's new mount namespace off from the machine's: no mount made from now on
/// is seen outside.
pub(crate) fn detach() -> Result<(), LabError> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .doing(|| "make the mounts of a new host private".to_owned())
}

/// Builds the host's root in `dir` and makes it the root of the calling thread's mount namespace.
/// The thread must be in all of the host's namespaces: sysfs and the control groups show those of
/// who mounts them.
pub(crate) fn enter(dir: &Path, lab_base: &Path) -> Result<(), LabError> {
    let root = dir.join("root");
    fs::create_dir_all(&root).doing(|| format!("make {}", root.display()))?;
    overlay(dir, &root, Path::new("/"))?;
    let table = "/proc/thread-self/mountinfo";
    let table = fs::read_to_string(table).doing(|| format!("read {table}"))?;
    for disk in disks(&table, lab_base) {
        // One that cannot be a lower layer is left out; the host then sees an empty folder there,
        // which is better than no host.
        let _ = overlay(dir, &root, &disk);
    }

    let at = |path: &str| root.join(path);
    mount_bind_recursive("/dev", at("dev")).doing(|| "bind /dev".to_owned())?;
    fresh("tmpfs", &at("dev/shm"), "mode=1777")?;
    // Proc shows the process numbers of who mounts it, and only children of this thread are inside.
    tool::feed("mount", &["-t", "proc", "proc", &at("proc").to_string_lossy()], "")?;
    fresh("sysfs", &at("sys"), "")?;
    fresh("cgroup2", &at("sys/fs/cgroup"), "")?;
    fresh("tmpfs", &at("run"), "mode=755")?;

    // The old root is stacked under the new one for a moment, so no folder is needed to put it in.
    std::env::set_current_dir(&root).doing(|| format!("enter {}", root.display()))?;
    rustix::process::pivot_root(".", ".").doing(|| format!("make {} the root", root.display()))?;
    unmount(".", UnmountFlags::DETACH).doing(|| "let go of the old root".to_owned())?;
    std::env::set_current_dir("/").doing(|| "enter the new root".to_owned())
}

fn fresh(kind: &str, point: &Path, options: &str) -> Result<(), LabError> {
    let options = std::ffi::CString::new(options).doing(|| format!("mount {kind}"))?;
    mount(kind, point, kind, MountFlags::empty(), Some(options.as_c_str()))
        .doing(|| format!("mount {kind} on {}", point.display()))
}

/// Mounts a writable layer over the disk at `disk`, at the same place under `root`.
fn overlay(dir: &Path, root: &Path, disk: &Path) -> Result<(), LabError> {
    let shown = disk.display();
    let layer = dir.join("layers").join(disk.to_string_lossy().replace('/', "+"));
    let (upper, scratch) = (layer.join("upper"), layer.join("scratch"));
    for folder in [&upper, &scratch] {
        fs::create_dir_all(folder).doing(|| format!("make {}", folder.display()))?;
    }
    // Without an index: that of the mount before a power loss may still be on its way out.
    let options = format!(
        "lowerdir={},upperdir={},workdir={},index=off,metacopy=off",
        escaped(disk),
        escaped(&upper),
        escaped(&scratch)
    );
    let options = std::ffi::CString::new(options).doing(|| format!("layer {shown}"))?;
    let point = root.join(disk.strip_prefix("/").unwrap_or(disk));
    mount("overlay", &point, "overlay", MountFlags::empty(), Some(options.as_c_str()))
        .doing(|| format!("mount a writable layer over {shown} (is {} on a real disk?)", dir.display()))
}

/// Overlay's option syntax gives a meaning to commas and colons.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('\\', r"\\").replace(',', r"\,").replace(':', r"\:")
}

/// The mount points, other than the root, of disks that a host should see too, outer ones first.
fn disks(mountinfo: &str, lab_base: &Path) -> Vec<PathBuf> {
    let mut disks = Vec::new();
    for line in mountinfo.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let (Some(point), Some(kind)) = (left.split(' ').nth(4), right.split(' ').next()) else { continue };
        let point = PathBuf::from(unescaped(point));
        let ours = ["/dev", "/proc", "/run", "/sys"].iter().any(|top| point.starts_with(top));
        let skipped = ours || point == Path::new("/") || point.starts_with(lab_base);
        if !skipped && DISKS.contains(&kind) && !disks.contains(&point) && point.is_dir() {
            disks.push(point);
        }
    }
    disks.sort_by_key(|point| point.components().count());
    disks
}

/// Undoes the kernel's octal escapes of space, tab, newline and backslash in mount points.
fn unescaped(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(field.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_see_the_disks_of_this_machine_but_not_its_interfaces() {
        let table = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
23 22 0:5 / /proc rw - proc proc rw\n\
24 22 0:6 / /dev/shm rw - tmpfs tmpfs rw\n\
25 22 0:7 / /usr/share rw - xfs /dev/vdb rw\n\
26 22 0:8 / /usr rw - squashfs /dev/loop0 ro\n\
27 22 0:9 / /var rw shared:3 master:4 - btrfs /dev/vdc rw\n\
28 22 0:9 / /var rw - btrfs /dev/vdc rw\n\
29 27 0:9 / /var/lib rw - tmpfs none rw\n";
        let found = disks(table, Path::new("/var/lib"));
        assert_eq!(found, [Path::new("/var"), Path::new("/usr/share")]);
    }

    #[test]
    fn mount_points_with_odd_names_survive_both_syntaxes() {
        assert_eq!(unescaped(r"/mnt/my\040disk\134x"), r"/mnt/my disk\x");
        assert_eq!(escaped(Path::new("/a,b:c")), r"/a\,b\:c");
    }
}
