//! The gates of processes: a program and a map of one deadline at each gated cgroup.
//!
//! A cgroup holds its program, so both go when it does. One that is made anew at the same path is another
//! cgroup, without a gate; its number tells.

use super::call::{self, Beside, Hook, Map, MapKind, Program, ProgramKind};
use super::program::cgroup_gate;
use crate::error::{GateError, is, system};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

const HOOKS: [Hook; 2] = [Hook::CgroupIn, Hook::CgroupOut];

/// The map has one value, at this key.
const ONLY: [u8; 4] = [0; 4];

/// The gated cgroups that this process knows of.
#[derive(Debug)]
pub(super) struct Cgroups {
    /// Of the programs and maps.
    name: String,
    known: BTreeMap<PathBuf, Gated>,
}

#[derive(Debug)]
struct Gated {
    /// The number of the cgroup: the inode of its folder.
    number: u64,
    deadline: Map,
    program: Program,
}

impl Cgroups {
    pub(super) fn new(name: &str) -> Self {
        Self { name: format!("{name}_cg"), known: BTreeMap::new() }
    }

    /// Writes its deadline; gates it first, if it is not gated yet.
    pub(super) fn set(&mut self, path: &Path, deadline_boot_ns: u64) -> Result<(), GateError> {
        // A renewal asks the kernel for nothing: its answer might have to wait for others who change cgroups.
        let (folder, number) = folder(path)?;
        if let Some(gated) = self.known.get(path).filter(|gated| gated.number == number) {
            let written = gated.deadline.set(&ONLY, deadline_boot_ns);
            return written.map_err(system(format!("set the deadline of the cgroup {}", path.display())));
        }
        has_programs(path, &folder)?;
        let put = put(&folder, number, &self.name, Some(deadline_boot_ns));
        if let Some(gated) = put.map_err(system(format!("gate the cgroup {}", path.display())))? {
            self.known.insert(path.to_owned(), gated);
        }
        Ok(())
    }

    /// Its deadline, if it is gated, also by a former daemon.
    pub(super) fn deadline(&mut self, path: &Path) -> Result<Option<u64>, GateError> {
        let (folder, number) = open(path)?;
        let reading = || system(format!("read the gate of the cgroup {}", path.display()));
        if self.known.get(path).is_none_or(|gated| gated.number != number) {
            self.known.remove(path);
            if let Some(gated) = put(&folder, number, &self.name, None).map_err(reading())? {
                self.known.insert(path.to_owned(), gated);
            }
        }
        let Some(gated) = self.known.get(path) else { return Ok(None) };
        gated.deadline.get(&ONLY).map_err(reading())
    }

    /// Takes its gate away. A cgroup that is gone has none.
    pub(super) fn remove(&mut self, path: &Path) -> Result<(), GateError> {
        self.known.remove(path);
        let folder = match open(path) {
            Err(GateError::NoCgroup { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(());
            }
            other => other?.0,
        };
        let take = || -> io::Result<()> {
            for hook in HOOKS {
                while let Some(found) = find(&folder, hook, &self.name)? {
                    call::detach(target(&folder), hook, found.descriptor.as_fd())?;
                }
            }
            Ok(())
        };
        take().map_err(system(format!("remove the gate of the cgroup {}", path.display())))
    }

    pub(super) fn remove_all(mut self) -> Result<(), GateError> {
        let paths: Vec<_> = self.known.keys().cloned().collect();
        paths.iter().try_for_each(|path| self.remove(path))
    }

    /// Puts programs back that somebody took away, and forgets cgroups that are gone; how many were mended.
    pub(super) fn mend(&mut self) -> usize {
        let mut mended = 0;
        self.known.retain(|path, gated| {
            let Ok((folder, number)) = open(path) else { return false };
            if number == gated.number {
                // One that cannot be mended now is tried again the next time.
                mended += usize::from(complete(&folder, &self.name, &gated.program).unwrap_or(false));
            }
            number == gated.number
        });
        mended
    }
}

/// Takes up the gate that is there, or makes one, if a deadline is given.
fn put(folder: &OwnedFd, number: u64, name: &str, deadline: Option<u64>) -> io::Result<Option<Gated>> {
    let mut found = None;
    for hook in HOOKS {
        found = found.or(find(folder, hook, name)?);
    }
    let map = found.as_ref().and_then(|found| found.maps.first().copied());
    let map = match (map, deadline) {
        (Some(id), _) => call::map(id)?,
        (None, Some(_)) => Map::create(MapKind::Array, 4, 1, name)?,
        (None, None) => return Ok(None),
    };
    // Before the program is there, so that nothing is dropped that may pass.
    if let Some(deadline) = deadline {
        map.set(&ONLY, deadline)?;
    }
    let program =
        call::load(ProgramKind::Cgroup, &cgroup_gate(map.descriptor()), name).and_then(call::described)?;
    complete(folder, name, &program)?;
    Ok(Some(Gated { number, deadline: map, program }))
}

/// Has this program at both hooks, and no older one; whether anything was missing.
fn complete(folder: &OwnedFd, name: &str, program: &Program) -> io::Result<bool> {
    let mut missing = false;
    for hook in HOOKS {
        let found = find(folder, hook, name)?;
        if found.as_ref().is_some_and(|found| found.id == program.id) {
            continue;
        }
        let beside = found.as_ref().map_or(Beside::Others, |old| Beside::InsteadOf(old.descriptor.as_fd()));
        call::attach(target(folder), hook, program.descriptor.as_fd(), beside)?;
        missing = true;
    }
    Ok(missing)
}

/// Our program there, if one is.
fn find(folder: &OwnedFd, hook: Hook, name: &str) -> io::Result<Option<Program>> {
    for id in call::query(target(folder), hook)? {
        if let Some(found) = call::program(id)?.filter(|found| found.name == name) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn target(folder: &OwnedFd) -> u32 {
    folder.as_raw_fd().cast_unsigned()
}

fn open(path: &Path) -> Result<(OwnedFd, u64), GateError> {
    let (folder, number) = folder(path)?;
    has_programs(path, &folder)?;
    Ok((folder, number))
}

/// The folder and its number, whatever it is.
fn folder(path: &Path) -> Result<(OwnedFd, u64), GateError> {
    let open = || -> io::Result<(OwnedFd, u64)> {
        let folder =
            rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let number = rustix::fs::fstat(&folder)?.st_ino;
        Ok((folder, number))
    };
    open().map_err(|source| GateError::NoCgroup { path: path.to_owned(), source })
}

/// An error unless it is a cgroup of version 2, which the kernel says only when asked for its programs.
fn has_programs(path: &Path, folder: &OwnedFd) -> Result<(), GateError> {
    match call::query(target(folder), Hook::CgroupIn) {
        Err(source) if is(&source, Errno::BADF) || is(&source, Errno::INVAL) => {
            Err(GateError::NoCgroup { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
