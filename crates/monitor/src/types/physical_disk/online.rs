//! Check, and mount.

use super::device::Device;
use super::filesystem::{self, Found};
use super::{Disk, Looked, Sight, failed, occupied, options};
use process::{Ended, How, Job, run};
use resource_api::{Failure, Outcome};
use rustix::io::Errno;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where programs of the system are.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// A device that may be mounted.
struct Ready {
    device: Device,
    kind: String,
    /// Whether its file system notices another machine.
    is_guarded: bool,
}

pub(super) async fn online(looked: &Looked, deadline: Duration) -> Result<Outcome, Outcome> {
    let Some(ready) = looked.beside(prepare).await? else { return Ok(Outcome::done()) };
    let repaired = match filesystem::checker(&ready.kind).filter(|_| looked.disk.check) {
        Some((program, argument)) => check(program, argument, ready.device.path(), deadline).await?,
        None => None,
    };
    let Ready { device, kind, is_guarded } = ready;
    match device {
        Device::Block(path) => {
            let kind = kind.clone();
            looked.beside(move |disk| mount(disk, &path, &kind, is_guarded)).await?;
        }
        Device::Image(file) => {
            let shown = attach(&file, deadline).await?;
            let (path, kind) = (shown.clone(), kind.clone());
            // One that somebody else uses is left as it is.
            looked.beside(move |disk| free(disk, &Device::Block(path))).await?;
            let path = shown.clone();
            let mounted = looked.beside(move |disk| mount(disk, &path, &kind, is_guarded)).await;
            // One that is mounted stays until it is unmounted, and goes then; one that is not goes now.
            detach(&shown, deadline).await?;
            mounted?;
        }
    }
    let repaired = repaired.unwrap_or_else(Outcome::done);
    let unknown = "no multi-mount protection: whether another machine has it mounted too is not known";
    let unknown = if is_guarded { String::new() } else { format!("{kind} has {unknown}") };
    let said: Vec<String> = [repaired.text, unknown].into_iter().filter(|text| !text.is_empty()).collect();
    Ok(Outcome { text: said.join("; "), ..Outcome::done() }.with_output(&repaired.output))
}

/// Looks at all that could speak against it; nothing: it is mounted already.
fn prepare(disk: &Disk) -> Result<Option<Ready>, Outcome> {
    let here = |why| Outcome::failed(Failure::Arguments, why);
    let refused = |why| Outcome::failed(Failure::Generic, why);
    let (device, is_here) = match disk.look()? {
        Sight::Nothing => (Device::find(&disk.device).map_err(here)?, false),
        Sight::Ours(_, device) => (device, true),
        Sight::Foreign(mount) => return Err(here(occupied(&mount))),
        Sight::Orphan(_, why) => return Err(refused(why)),
    };
    if is_here {
        return besides(disk, &device).map(|()| None);
    }
    free(disk, &device)?;
    let name = device.path().display();
    let found = filesystem::probe(device.path()).map_err(|error| failed(format!("read {name}"), error))?;
    let is_guarded = found.is_some_and(|found| found.is_guarded);
    let kind = match (disk.filesystem.clone(), found) {
        (None, None) => {
            let why = format!(
                "{name} holds no file system that is known here, or one whose superblock is damaged: \
                 `wipefs {name}` shows what is there; set `filesystem` if it is of another type"
            );
            return Err(here(why));
        }
        (Some(wanted), Some(Found { kind, .. })) if !filesystem::may_be(kind, &wanted) => {
            return Err(here(format!("{name} holds {kind}, not {wanted}")));
        }
        (Some(wanted), _) => wanted,
        (None, Some(Found { kind, .. })) => kind.to_owned(),
    };
    Ok(Some(Ready { device, kind, is_guarded }))
}

/// It is not mounted at another place.
fn besides(disk: &Disk, device: &Device) -> Result<(), Outcome> {
    match device.mounted_besides(&disk.place()).map_err(|error| failed("read the lists of mounts", error))? {
        Some(why) => Err(Outcome::failed(Failure::Generic, why)),
        None => Ok(()),
    }
}

/// Nobody uses it.
fn free(disk: &Disk, device: &Device) -> Result<(), Outcome> {
    besides(disk, device)?;
    match device.in_use().map_err(|error| failed("ask who uses the device", error))? {
        Some(why) => Err(Outcome::failed(Failure::Generic, why)),
        None => Ok(()),
    }
}

/// Checks the file system, and repairs what can be repaired without asking: what was.
async fn check(
    program: &str,
    argument: &str,
    device: &Path,
    deadline: Duration,
) -> Result<Option<Outcome>, Outcome> {
    let ended = call(program, [argument.as_ref(), device.as_os_str()], deadline).await?;
    let (failure, what) = match ended.how {
        How::Exited(0) => return Ok(None),
        How::Exited(1) => {
            let why = format!("`{program}` repaired {}", device.display());
            return Ok(Some(Outcome { text: why, ..Outcome::done() }.with_output(&ended.output)));
        }
        How::Exited(code) if code & 4 == 0 && code & 2 != 0 => {
            (Failure::Generic, "wants this node to be started anew".to_owned())
        }
        // Another machine has it, as its multi-mount protection says: then nothing is wrong with it.
        How::Exited(_) if ended.output.contains("MMP") => {
            (Failure::Generic, "found that another machine has it mounted".to_owned())
        }
        How::Exited(code) if code & 4 != 0 => {
            (Failure::Corrupt, format!("found what it does not repair by itself (exit code {code})"))
        }
        // Eight: it could not begin. Either the device could not be read, or what it read is no sense.
        How::Exited(code) if ended.output.contains("superblock") => {
            (Failure::Corrupt, format!("found no sound superblock (exit code {code})"))
        }
        How::Exited(code) => (Failure::Generic, format!("ended with code {code}")),
        How::Signalled(signal) => (Failure::Generic, format!("was ended by signal {signal}")),
        How::TimedOut => (Failure::TimedOut, "took too long".to_owned()),
    };
    let why = format!("the check of {} {what}; by hand: `{program} {}`", device.display(), device.display());
    Err(Outcome::failed(failure, why).with_output(&ended.output))
}

/// A loop device over the file: the one that a monitor left behind when it was ended here, or a new one.
async fn attach(file: &Path, deadline: Duration) -> Result<PathBuf, Outcome> {
    let arguments = ["--find".as_ref(), "--nooverlap".as_ref(), "--show".as_ref(), file.as_os_str()];
    let ended = call("losetup", arguments, deadline).await?;
    let shown = ended.output.trim();
    if ended.how == How::Exited(0) && shown.starts_with("/dev/") {
        return Ok(shown.into());
    }
    let why = format!("no loop device for {}", file.display());
    Err(Outcome::failed(Failure::Generic, why).with_output(&ended.output))
}

async fn detach(shown: &Path, deadline: Duration) -> Result<(), Outcome> {
    let ended = call("losetup", ["--detach".as_ref(), shown.as_os_str()], deadline).await?;
    if ended.how == How::Exited(0) {
        return Ok(());
    }
    let why = format!("cannot detach {}", shown.display());
    Err(Outcome::failed(Failure::Generic, why).with_output(&ended.output))
}

async fn call<const N: usize>(
    program: &str,
    arguments: [&std::ffi::OsStr; N],
    deadline: Duration,
) -> Result<Ended, Outcome> {
    let found = FOLDERS.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists());
    let missing = || Outcome::failed(Failure::NotInstalled, format!("`{program}` is not installed"));
    let mut job = Job::new(found.ok_or_else(missing)?).env("PATH", FOLDERS.join(":")).env("LC_ALL", "C");
    for argument in arguments {
        job = job.arg(argument);
    }
    run(&job, deadline).await.map_err(|error| Outcome::failed(Failure::Generic, error.to_string()))
}

fn mount(disk: &Disk, device: &Path, kind: &str, is_guarded: bool) -> Result<(), Outcome> {
    let point = disk.mount_point.display();
    std::fs::create_dir_all(&disk.mount_point).map_err(|error| match disk.mount_point.exists() {
        true => Outcome::failed(Failure::Arguments, format!("`mount_point`: {point} is no folder")),
        false => failed(format!("make {point}"), error),
    })?;
    let (flags, own) = options::of(kind, &disk.options);
    let own = CString::new(own).map_err(|error| failed("use `options`", error))?;
    rustix::mount::mount(device, &disk.mount_point, kind, flags, own.as_c_str()).map_err(|error| {
        let (failure, hint) = match error {
            Errno::NODEV => (Failure::NotInstalled, "this kernel has no such file system"),
            Errno::BUSY if is_guarded => (Failure::Generic, "another machine has it mounted"),
            // What file systems say of themselves: "structure needs cleaning", and a wrong checksum.
            Errno::UCLEAN | Errno::BADMSG => (Failure::Corrupt, filesystem::by_hand(kind)),
            Errno::INVAL => (
                Failure::Generic,
                "an option that it does not know, or a damaged superblock; the kernel's log (`dmesg`) says which",
            ),
            _ => (Failure::Generic, "the kernel's log (`dmesg`) says more"),
        };
        let name = device.display();
        let with = own.to_string_lossy();
        let with = if with.is_empty() { String::new() } else { format!(" with `{with}`") };
        Outcome::failed(failure, format!("cannot mount {name} as {kind}{with} at {point}: {error}; {hint}"))
    })
}
