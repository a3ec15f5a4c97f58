//! The device: what a stable name stands for now, and who holds it.

use super::mounts::{self, Mount};
use rustix::fs::{Mode, OFlags, major, minor};
use rustix::io::Errno;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// What there is behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Device {
    /// A disk or a part of one.
    Block(PathBuf),
    /// A file with a file system in it, which needs a loop device.
    Image(PathBuf),
}

impl Device {
    /// Follows the name. The error says what is there instead.
    pub(super) fn find(name: &Path) -> Result<Self, String> {
        let missing = |error: io::Error| format!("there is no {}: {error}", name.display());
        let path = fs::canonicalize(name).map_err(missing)?;
        let kind = fs::metadata(&path).map_err(missing)?.file_type();
        match (kind.is_block_device(), kind.is_file()) {
            (true, _) => Ok(Self::Block(path)),
            (_, true) => Ok(Self::Image(path)),
            _ => Err(format!("{} is neither a block device nor an image file", path.display())),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Block(path) | Self::Image(path) => path,
        }
    }

    /// All block devices that show it, as `major:minor`: itself, or the loop devices over the image.
    fn numbers(&self) -> Vec<String> {
        match self {
            Self::Block(path) => number(path).into_iter().collect(),
            Self::Image(path) => loops(path).iter().filter_map(|found| number(found)).collect(),
        }
    }

    /// Whether this is a mount of it.
    pub(super) fn is_of(&self, mount: &Mount) -> bool {
        let numbers = self.numbers();
        // Some file systems, as btrfs, have a number that is not their device's.
        numbers.contains(&mount.device)
            || mount.source.starts_with("/dev")
                && number(&mount.source).is_some_and(|it| numbers.contains(&it))
    }

    /// Where it is mounted apart from this place, as far as this machine knows, in a sentence.
    pub(super) fn mounted_besides(&self, mount_point: &Path) -> io::Result<Option<String>> {
        let name = self.path().display();
        let here = mounts::ours()?.into_iter().filter(|mount| mount.at != mount_point);
        if let Some(mount) = here.into_iter().find(|mount| self.is_of(mount)) {
            return Ok(Some(format!("{name} is mounted at {} already", mount.at.display())));
        }
        if let Self::Image(_) = self {
            // A file of the same name may be another one there. Its loop device will tell.
            return Ok(None);
        }
        let there = mounts::elsewhere().into_iter().find(|found| self.is_of(&found.mount));
        Ok(there.map(|found| {
            let (at, pid) = (found.mount.at.display(), found.pid);
            format!("{name} is mounted at {at} already, as process {pid} sees it")
        }))
    }

    /// Who uses it though it is not mounted here, in a sentence.
    pub(super) fn in_use(&self) -> io::Result<Option<String>> {
        let Self::Block(path) = self else { return Ok(None) };
        // The kernel's own word: it refuses if anything holds the device, wherever that is.
        match rustix::fs::open(path, OFlags::RDONLY | OFlags::EXCL | OFlags::CLOEXEC, Mode::empty()) {
            Ok(_) => Ok(None),
            Err(Errno::BUSY) => {
                let name = path.display();
                Ok(Some(format!("{name} is in use: mounted, or a part of another device (`lsblk {name}`)")))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The loop devices over a file.
fn loops(file: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let over = all.filter(|entry| {
        let backing = fs::read_to_string(entry.path().join("loop/backing_file"));
        backing.is_ok_and(|backing| Path::new(backing.trim_end_matches('\n')) == file)
    });
    over.map(|entry| Path::new("/dev").join(entry.file_name())).collect()
}

fn number(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let number = metadata.rdev();
    metadata.file_type().is_block_device().then(|| format!("{}:{}", major(number), minor(number)))
}
