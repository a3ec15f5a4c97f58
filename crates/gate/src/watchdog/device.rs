//! The device of a watchdog, as the kernel has it (Documentation/watchdog/watchdog-api.rst).
#![allow(
    unsafe_code,
    reason = "ioctl(2) reads and writes what its number says, which the compiler cannot check"
)]

use super::WatchdogError;
use rustix::fs::{major, minor};
use rustix::ioctl::{Getter, Opcode, Updater, ioctl, opcode};
use std::ffi::c_int;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `struct watchdog_info`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Info {
    options: u32,
    firmware_version: u32,
    identity: [u8; 32],
}

/// `WDIOC_GETSUPPORT`, `WDIOC_SETTIMEOUT`, `WDIOC_GETTIMEOUT`: as in linux/watchdog.h.
const SUPPORT: Opcode = opcode::read::<Info>(b'W', 0);
const SET_TIMEOUT: Opcode = opcode::read_write::<c_int>(b'W', 6);
const GET_TIMEOUT: Opcode = opcode::read::<c_int>(b'W', 7);

/// `WDIOF_MAGICCLOSE`.
const MAGIC_CLOSE: u32 = 0x0100;

/// Any other byte than the magic one.
const FOOD: &[u8] = b"\0";
const MAGIC: &[u8] = b"V";

/// The number of `/dev/watchdog`, which is the first watchdog by another name.
const FIRST: (u32, u32) = (10, 130);

/// An armed watchdog. Dropping it disarms nothing.
#[derive(Debug)]
pub(super) struct Device {
    file: File,
    path: PathBuf,
    identity: String,
}

impl Device {
    pub(super) fn arm(path: &Path, timeout: Duration) -> Result<Self, WatchdogError> {
        if has_no_way_out(path, Path::new("/sys")) {
            return Err(WatchdogError::NoWayOut { path: path.to_owned() });
        }
        let file = File::options().write(true).open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => WatchdogError::Missing { path: path.to_owned() },
            io::ErrorKind::ResourceBusy => WatchdogError::Busy { path: path.to_owned() },
            _ => system(format!("open the watchdog {}", path.display()), source),
        })?;
        // SAFETY: this number has the kernel write one `Info`, which may hold any bytes.
        let info: Info = unsafe { ioctl(&file, Getter::<SUPPORT, Info>::new()) }.map_err(|source| {
            // Nothing is written to what is no watchdog.
            system(format!("ask {} what it is (is it a watchdog?)", path.display()), source.into())
        })?;
        let name = info.identity.split(|byte| *byte == 0).next().unwrap_or_default();
        let identity = String::from_utf8_lossy(name).into_owned();
        let device = Self { file, path: path.to_owned(), identity };
        match device.set_up(info.options, timeout) {
            Ok(()) => Ok(device),
            Err(error) => {
                // To be opened is to be armed. Why it is refused is the error to report.
                let _ = device.disarm();
                Err(error)
            }
        }
    }

    fn set_up(&self, options: u32, timeout: Duration) -> Result<(), WatchdogError> {
        let (path, identity) = (self.path.clone(), self.identity.clone());
        if options & MAGIC_CLOSE == 0 {
            return Err(WatchdogError::NoMagicClose { path, identity });
        }
        let mut seconds = c_int::try_from(timeout.as_secs()).unwrap_or(c_int::MAX);
        // Some drivers take none and have the right one all the same, others take another than they were told: what
        // it has afterwards is asked for below.
        // SAFETY: this number has the kernel read and write one integer.
        let _ = unsafe { ioctl(&self.file, Updater::<SET_TIMEOUT, c_int>::new(&mut seconds)) };
        // SAFETY: this number has the kernel write one integer.
        let has = unsafe { ioctl(&self.file, Getter::<GET_TIMEOUT, c_int>::new()) };
        let instead = has.ok().and_then(|has| u64::try_from(has).ok()).map(Duration::from_secs);
        match instead {
            Some(has) if has == timeout => Ok(()),
            _ => Err(WatchdogError::Timeout { path, identity, wanted: timeout, instead }),
        }
    }

    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    pub(super) fn feed(&self) -> Result<(), WatchdogError> {
        (&self.file)
            .write_all(FOOD)
            .map_err(|source| system(format!("feed the watchdog {}", self.path.display()), source))
    }

    pub(super) fn disarm(self) -> Result<(), WatchdogError> {
        (&self.file)
            .write_all(MAGIC)
            .map_err(|source| system(format!("disarm the watchdog {}", self.path.display()), source))
    }
}

fn system(what: String, source: io::Error) -> WatchdogError {
    WatchdogError::System { what, source }
}

/// Whether the kernel says of this device that it cannot be disarmed; it is not opened then.
fn has_no_way_out(path: &Path, sys: &Path) -> bool {
    let Ok(device) = std::fs::metadata(path) else { return false };
    if !device.file_type().is_char_device() {
        return false;
    }
    let number = (major(device.rdev()), minor(device.rdev()));
    says_no_way_out(number, sys)
}

fn says_no_way_out(number: (u32, u32), sys: &Path) -> bool {
    let place = match number {
        FIRST => sys.join("class/watchdog/watchdog0"),
        (major, minor) => sys.join(format!("dev/char/{major}:{minor}")),
    };
    std::fs::read_to_string(place.join("nowayout")).is_ok_and(|said| said.trim() == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_cannot_be_disarmed_is_known_before_it_is_opened() {
        let sys = std::env::temp_dir().join(format!("steadfast-watchdog-{}", std::process::id()));
        for (place, said) in [("class/watchdog/watchdog0", "1\n"), ("dev/char/248:1", "0\n")] {
            std::fs::create_dir_all(sys.join(place)).unwrap();
            std::fs::write(sys.join(place).join("nowayout"), said).unwrap();
        }
        assert!(says_no_way_out((10, 130), &sys), "the first one, by its other name");
        assert!(!says_no_way_out((248, 1), &sys));
        assert!(!says_no_way_out((248, 2), &sys), "older kernels do not say");
        std::fs::remove_dir_all(&sys).unwrap();
    }

    #[test]
    fn what_is_no_watchdog_is_refused_by_name() {
        let missing = Device::arm(Path::new("/nowhere/watchdog"), Duration::from_secs(5)).unwrap_err();
        assert!(missing.to_string().contains("modprobe softdog"), "{missing}");
        let other = Device::arm(Path::new("/dev/null"), Duration::from_secs(5)).unwrap_err().to_string();
        assert!(other.contains("/dev/null") && other.contains("is it a watchdog?"), "{other}");
    }
}
