//! What a lab occupies outside its hosts: a folder, a control group, and a lock that says it lives.
//!
//! The lock is the kernel's (`flock`), held by the creator for its whole life. So whether a lab is
//! still wanted needs no process numbers, which are reused and mean something else in a container.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, mount};

use crate::LabError;
use crate::cgroup::{self, Cgroup};
use crate::error::Doing;
use crate::reaper::Remains;

/// Not under /tmp: what root builds, nobody else should be able to prepare. Not under /run: the
/// disks are to be disks, with a real fsync.
const DEFAULT_BASE: &str = "/var/lib/steadfast-lab";

/// `f_type` of overlayfs, from linux/magic.h; rustix does not name it.
const OVERLAYFS_SUPER_MAGIC: u64 = 0x794c_7630;

/// The names that belong to one lab id.
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) dir: PathBuf,
    lock: PathBuf,
    pub(crate) cgroup: Cgroup,
    cgroup_mount: Option<PathBuf>,
    /// Held, never read.
    held: Option<File>,
}

impl Place {
    fn named(id: &str) -> Self {
        let base = base();
        let own_mount = base.join(format!("{id}.cgroup"));
        let (cgroups, cgroup_mount) = match cgroup::mount_point(&base) {
            Some(mounted) => (mounted, None),
            None => (own_mount.clone(), Some(own_mount)),
        };
        Self {
            id: id.to_owned(),
            dir: base.join(id),
            lock: base.join(format!("{id}.lock")),
            cgroup: Cgroup::at(cgroups.join(format!("steadfast-lab-{id}"))),
            cgroup_mount,
            held: None,
        }
    }

    /// Takes the next free id of this process; leftovers of labs whose creators died go first.
    pub(crate) fn new() -> Result<Self, LabError> {
        let base = base();
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&base).doing(|| format!("make {}", base.display()))?;
        let guard = guard(&base)?;
        let dead = dead(&base)?;
        let mut number = 0_u32;
        let mut place = loop {
            number += 1;
            let mut place = Self::named(&format!("{}-{number}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&place.lock) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                opened => {
                    place.held = Some(opened.doing(|| format!("make {}", place.lock.display()))?);
                    break place;
                }
            }
        };
        if let Some(lock) = &mut place.held {
            lock.lock().doing(|| format!("lock {}", place.lock.display()))?;
        }
        drop(guard);
        clear(&dead)?;
        Ok(place)
    }

    /// Makes folder and control group. From here on there is something to remove.
    pub(crate) fn occupy(&self) -> Result<(), LabError> {
        fs::create_dir(&self.dir).doing(|| format!("make {}", self.dir.display()))?;
        let kind = rustix::fs::statfs(&self.dir).doing(|| format!("look at {}", self.dir.display()))?;
        // In a container even the disk is an overlay, and an overlay cannot hold the upper layer of
        // another: memory then stands in for the disk.
        if u64::try_from(kind.f_type) == Ok(OVERLAYFS_SUPER_MAGIC) {
            let what = || format!("mount a tmpfs on {}", self.dir.display());
            mount("tmpfs", &self.dir, "tmpfs", MountFlags::empty(), None).doing(what)?;
        }
        if let Some(point) = &self.cgroup_mount {
            fs::create_dir(point).doing(|| format!("make {}", point.display()))?;
            let what = || format!("mount cgroup2 on {}", point.display());
            mount("cgroup2", point, "cgroup2", MountFlags::empty(), None).doing(what)?;
        }
        self.cgroup.create()
    }

    pub(crate) fn remains(&self) -> Remains<'_> {
        Remains {
            dir: &self.dir,
            lock: &self.lock,
            cgroup: self.cgroup.path(),
            cgroup_mount: self.cgroup_mount.as_deref(),
        }
    }
}

/// Removes what labs left behind whose creator is gone; says how many there were.
pub(crate) fn sweep() -> Result<usize, LabError> {
    let base = base();
    if !base.exists() {
        return Ok(0);
    }
    let guard = guard(&base)?;
    let dead = dead(&base)?;
    drop(guard);
    clear(&dead)?;
    Ok(dead.len())
}

/// Where labs live.
pub(crate) fn base() -> PathBuf {
    std::env::var_os("STEADFAST_LAB_DIR").map_or_else(|| DEFAULT_BASE.into(), PathBuf::from)
}

/// Between the making of a lock file and its locking nobody may sweep: this lock is held meanwhile.
fn guard(base: &Path) -> Result<File, LabError> {
    let path = base.join(".guard");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.doing(|| format!("open {}", path.display()))?;
    file.lock().doing(|| format!("lock {}", path.display()))?;
    Ok(file)
}

/// The labs that nobody holds any more, now held by the caller.
fn dead(base: &Path) -> Result<Vec<Place>, LabError> {
    let mut dead = Vec::new();
    for entry in fs::read_dir(base).doing(|| format!("list {}", base.display()))?.flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".lock")) else { continue };
        // A file that vanishes here is the work of that lab's own reaper.
        let Ok(file) = OpenOptions::new().write(true).open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            dead.push(Place { held: Some(file), ..Place::named(id) });
        }
    }
    Ok(dead)
}

fn clear(dead: &[Place]) -> Result<(), LabError> {
    dead.iter().try_for_each(|place| place.remains().remove())
}
