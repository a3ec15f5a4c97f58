//! `physical-disk`: a disk, checked and mounted on the node that owns the group.
//!
//! * The device is a stable name that is followed each time, or an image file that gets a loop device of
//!   its own, which goes with the mount (`device.rs`).
//! * Online: refused if it is in use at another place, as far as this machine knows; its file system is
//!   recognised (`filesystem.rs`), checked, and mounted (`online.rs`).
//! * Offline: unmounted. Who still uses it is asked to end, then killed, and named if it is of no use
//!   (`offline.rs`, `users.rs`).
//! * Whether it runs is read from the kernel's list of mounts (`mounts.rs`); nothing is remembered. The
//!   thorough look reads from the disk itself, past every cache.
//! * That it was unmounted by hand, or met an error, is noticed at once: the kernel says so (`notices.rs`).
//!
//! A dead disk lets whoever touches it wait for ever. So all that touches it runs beside the monitor's
//! own thread, one at a time: while one waits, the next look soon says so instead of waiting too.
//!
//! What cannot be known: whether *another machine* has mounted it. ext4's multi-mount protection notices
//! it, and is respected; for every other file system the answer of `online` says that it was not known.
//! No mark of ours is left inside a user's file system. Deliberately absent: reservations, which come
//! with fencing.

mod device;
mod filesystem;
mod mounts;
mod notices;
mod offline;
mod online;
mod options;
mod users;

use super::given::{self, or, parameter, required};
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use device::Device;
use model::desired::Value;
use mounts::{Mount, Use};
use resource_api::{Failure, Instance, Kind, Outcome, Parameter, TypeDescription, Verb};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

pub(super) struct PhysicalDisk;

impl ResourceType for PhysicalDisk {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        let text = |name, summary| parameter(name, Kind::Text, summary);
        let device = text("device", "The block device, best by a name below /dev/disk/by-id.");
        let mount_point = text("mount_point", "Where it is mounted.");
        let check = "Whether the file system is checked before it is mounted.";
        let parameters = vec![
            Parameter { unique: true, ..required(device) },
            Parameter { unique: true, ..required(mount_point) },
            or("what the device says", text("filesystem", "The file system's type.")),
            or("[]", text("options", "Options of the mount.")),
            or("true", parameter("check", Kind::Flag, check)),
        ];
        let summary = "A disk, checked and mounted on the node that owns the group.";
        let described = given::described("physical-disk", summary, parameters);
        Box::pin(async move { Ok(described) })
    }

    fn open(&self, instance: &Instance, _: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        let path = |name| match given::needed(instance, name) {
            Ok(path) if !path.starts_with('/') => Err(given::wrong(name, "is no absolute path")),
            other => other.map(PathBuf::from),
        };
        let check = match instance.parameters.get("check") {
            None => true,
            Some(Value::Flag(check)) => *check,
            Some(_) => return Err(given::wrong("check", "is neither true nor false")),
        };
        let disk = Disk {
            device: path("device")?,
            mount_point: path("mount_point")?,
            filesystem: given::text(instance, "filesystem")?.map(str::to_owned),
            options: given::list(instance, "options")?.to_vec(),
            check,
        };
        Ok(Arc::new(Looked { disk: Arc::new(disk), at_work: Arc::default() }))
    }
}

/// What is configured.
struct Disk {
    device: PathBuf,
    mount_point: PathBuf,
    filesystem: Option<String>,
    options: Vec<String>,
    check: bool,
}

/// What is mounted at the mount point.
enum Sight {
    Nothing,
    /// Something else.
    Foreign(Mount),
    Ours(Mount, Device),
    /// Something, and the device is not there any more: most likely it was.
    Orphan(Mount, String),
}

impl Disk {
    /// The mount point as the kernel's list has it.
    fn place(&self) -> PathBuf {
        std::fs::canonicalize(&self.mount_point).unwrap_or_else(|_| self.mount_point.clone())
    }

    fn look(&self) -> Result<Sight, Outcome> {
        let mount = mounts::at(&self.place()).map_err(|error| failed("read the list of mounts", error))?;
        Ok(match (mount, Device::find(&self.device)) {
            (None, _) => Sight::Nothing,
            (Some(mount), Ok(device)) if device.is_of(&mount) => Sight::Ours(mount, device),
            (Some(mount), Ok(_)) => Sight::Foreign(mount),
            (Some(mount), Err(why)) => Sight::Orphan(mount, why),
        })
    }

    /// Whether it is mounted; thoroughly: and of use.
    fn state(&self, thorough: bool) -> Outcome {
        match self.look() {
            Err(outcome) => outcome,
            Ok(Sight::Nothing) => Outcome::not_running(),
            Ok(Sight::Foreign(mount)) => Outcome { text: occupied(&mount), ..Outcome::not_running() },
            Ok(Sight::Orphan(mount, why)) => {
                let why = format!("{why}, while {} is mounted", mount.at.display());
                Outcome::failed(Failure::Generic, why)
            }
            Ok(Sight::Ours(mount, _)) => match self.of_use(&mount, thorough) {
                Ok(()) => Outcome::running(),
                Err(why) => Outcome::failed(Failure::Generic, format!("{} {why}", mount.at.display())),
            },
        }
    }

    /// Whether it is what it was mounted for. The error says what is wrong with it.
    fn of_use(&self, mount: &Mount, thorough: bool) -> Result<(), String> {
        match mount.use_is {
            Use::Stopped => {
                let why = "met an error, and the kernel lets nobody write to it any more";
                return Err(format!("{why}; its log (`dmesg`) says which, and a new start has it checked"));
            }
            Use::Reading if !options::is_read_only(&self.options) => {
                let why = "can only be read: mounted so by hand, or after an error of the disk";
                return Err(format!("{why}; the kernel's log (`dmesg`) says more"));
            }
            Use::Reading | Use::Writing => {}
        }
        if thorough {
            std::fs::metadata(&mount.at).map_err(|error| format!("cannot be looked at: {error}"))?;
            if mount.source.starts_with("/dev") {
                let disk = mount.source.display();
                answers(&mount.source).map_err(|error| format!("is mounted, but {disk} fails: {error}"))?;
            }
        }
        Ok(())
    }

    /// Whether it could be brought online here.
    fn validate(&self) -> Outcome {
        match Device::find(&self.device) {
            Ok(_) => Outcome::done(),
            Err(why) => Outcome::failed(Failure::Arguments, why),
        }
    }
}

/// Reads the beginning of the disk itself: what the kernel remembers of it would be read from a dead one
/// too.
fn answers(disk: &Path) -> rustix::io::Result<()> {
    // No disk of today reads less or more coarsely aligned than this, past the caches.
    const BLOCK: usize = 4096;
    let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
    let disk = rustix::fs::open(disk, flags, Mode::empty())?;
    let mut room = vec![0; 2 * BLOCK];
    let from = room.as_ptr().align_offset(BLOCK).min(BLOCK);
    match rustix::io::pread(&disk, &mut room[from..from + BLOCK], 0)? {
        0 => Err(Errno::NODATA),
        _ => Ok(()),
    }
}

fn occupied(mount: &Mount) -> String {
    format!("{} is mounted at {}, which is not this resource's", mount.source.display(), mount.at.display())
}

fn failed(what: impl fmt::Display, error: impl fmt::Display) -> Outcome {
    Outcome::failed(Failure::Generic, format!("cannot {what}: {error}"))
}

/// A look at a disk that answers takes milliseconds. The kernel's word may come in the midst of another
/// look, and both are to be right; but whoever has not come back within this waits for a dead disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// A disk, touched by one at a time.
struct Looked {
    disk: Arc<Disk>,
    at_work: Arc<Mutex<()>>,
}

impl Looked {
    /// Does what may take for ever beside this thread. Whoever follows waits until it has come back, also
    /// when nobody waits for its answer any more.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Disk) -> Result<T, Outcome> + Send + 'static,
    ) -> Result<T, Outcome> {
        self.alone(self.at_work.clone().lock_owned().await, work).await
    }

    /// The same for a look, which does not wait for long.
    async fn look(&self, work: impl FnOnce(&Disk) -> Outcome + Send + 'static) -> Outcome {
        let Ok(alone) = timeout(PATIENCE, self.at_work.clone().lock_owned()).await else {
            let device = self.disk.device.display();
            let why = format!("{device} does not answer: what was asked of it earlier has not come back");
            return Outcome::failed(Failure::Generic, why);
        };
        self.alone(alone, |disk| Ok(work(disk))).await.unwrap_or_else(|outcome| outcome)
    }

    async fn alone<T: Send + 'static>(
        &self,
        alone: OwnedMutexGuard<()>,
        work: impl FnOnce(&Disk) -> Result<T, Outcome> + Send + 'static,
    ) -> Result<T, Outcome> {
        let disk = self.disk.clone();
        let work = tokio::task::spawn_blocking(move || {
            let done = work(&disk);
            drop(alone);
            done
        });
        work.await.unwrap_or_else(|error| Err(failed("look after the disk", error)))
    }
}

impl Resource for Looked {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move {
            let done = match request.verb {
                Verb::Validate => return self.look(Disk::validate).await,
                Verb::Probe | Verb::LooksAlive => return self.look(|disk| disk.state(false)).await,
                Verb::IsAlive => return self.look(|disk| disk.state(true)).await,
                Verb::Online => online::online(&self, request.deadline).await,
                Verb::Offline => offline::offline(&self, request.deadline, false).await,
                Verb::Terminate => offline::offline(&self, request.deadline, true).await,
                other => return unimplemented(other),
            };
            done.unwrap_or_else(|outcome| outcome)
        })
    }

    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(async move {
            match notices::lost(&self).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    let device = self.disk.device.display();
                    tracing::warn!(%device, %error, "the kernel's word of mounts is not heard");
                    std::future::pending().await
                }
            }
        })
    }
}
