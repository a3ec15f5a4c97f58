//! One file whose every use is answered by this process: as much of FUSE as that takes (linux/fuse.h).
//!
//! The file system has no folder: its root is the file, and it is mounted over one. So there is nothing to look
//! up, and seven messages are all that matter.

use crate::error::Doing;
use crate::{Host, LabError};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;

/// What stands behind the file. An error is what the program that used it is told.
pub(crate) trait Behind: Send + 'static {
    fn opened(&self) -> Result<(), Errno>;
    fn written(&self, data: &[u8]);
    /// Closed by the last that had it open, or their end.
    fn released(&self);
    /// The host is gone, and the file with it.
    fn gone(&self);
    /// The number of the request, and what comes with it; the answer is what goes back.
    fn asked(&self, request: u32, given: &[u8]) -> Result<Vec<u8>, Errno>;
}

const GETATTR: u32 = 3;
const SETATTR: u32 = 4;
const OPEN: u32 = 14;
const WRITE: u32 = 16;
const RELEASE: u32 = 18;
const INIT: u32 = 26;
const FORGET: u32 = 2;
const INTERRUPT: u32 = 36;
const IOCTL: u32 = 39;
const BATCH_FORGET: u32 = 42;

/// The version that is spoken: 7.31, whose answers the kernel has understood ever since.
const VERSION: [u32; 2] = [7, 31];
const WRITE_MAX: u32 = 4096;
/// `FOPEN_DIRECT_IO` and `FOPEN_NONSEEKABLE`: every write arrives, at once and alone.
const DIRECT: u32 = 1 | 4;
const REGULAR_0600: u32 = 0o100_600;

/// The head of a question: length, what, its number, of which file, who.
const HEAD: usize = 40;

impl Host {
    /// Puts such a file at `path`, until the host goes down.
    pub(crate) fn answered_file(&self, path: &Path, behind: impl Behind) -> Result<(), LabError> {
        let what = || format!("mount a FUSE file at {} on {}", path.display(), self.name());
        let kernel =
            File::options().read(true).write(true).open("/dev/fuse").doing(|| "open /dev/fuse".to_owned())?;
        let options = format!("fd={},rootmode={REGULAR_0600:o},user_id=0,group_id=0", kernel.as_raw_fd());
        let options = std::ffi::CString::new(options).doing(what)?;
        self.within(|| {
            fs::write(path, "").doing(what)?;
            mount("lab", path, "fuse", MountFlags::empty(), Some(options.as_c_str())).doing(what)
        })??;
        let serving =
            std::thread::Builder::new().name("a file".to_owned()).spawn(move || serve(kernel, &behind));
        serving.map(drop).doing(|| "start a thread".to_owned())
    }
}

/// Answers until the file is gone with its host.
fn serve(mut kernel: File, behind: &impl Behind) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = match kernel.read(&mut buffer) {
            Ok(count) => count,
            // Whoever asked has taken the question back.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => continue,
            Err(_) => return behind.gone(),
        };
        let Some((what, number, body)) = question(&buffer[..count]) else { return behind.gone() };
        if matches!(what, FORGET | BATCH_FORGET | INTERRUPT) {
            continue;
        }
        let (error, answer) = match answer(what, body, behind) {
            Ok(answer) => (0, answer),
            Err(errno) => (-errno.raw_os_error(), Vec::new()),
        };
        let length = u32::try_from(16 + answer.len()).unwrap_or(u32::MAX);
        let head = [&length.to_ne_bytes()[..], &error.to_ne_bytes(), &number.to_ne_bytes()].concat();
        // One that nobody waits for any more is refused, which changes nothing.
        let _ = kernel.write(&[head, answer].concat());
    }
}

fn question(bytes: &[u8]) -> Option<(u32, u64, &[u8])> {
    let number = u64::from_ne_bytes(bytes.get(8..16)?.try_into().ok()?);
    Some((word(bytes, 4)?, number, bytes.get(HEAD..)?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn answer(what: u32, body: &[u8], behind: &impl Behind) -> Result<Vec<u8>, Errno> {
    let field = |at| word(body, at).ok_or(Errno::INVAL);
    match what {
        // Version, read-ahead, flags, background, the longest write; the rest is not asked for.
        INIT => Ok(words(&[VERSION[0], VERSION[1], 0, 0, 0, WRITE_MAX], 64)),
        // Valid for no time; of the attributes: the first file's number, mode, one link. Nothing can be set, and whoever
        // cuts it off when he opens it is not told so: as with a device.
        GETATTR | SETATTR => {
            let mut answer = words(&[0, 0, 0, 0, 1], 104);
            answer[16 + 60..16 + 64].copy_from_slice(&REGULAR_0600.to_ne_bytes());
            answer[16 + 64..16 + 68].copy_from_slice(&1_u32.to_ne_bytes());
            Ok(answer)
        }
        OPEN => behind.opened().map(|()| words(&[0, 0, DIRECT], 16)),
        WRITE => {
            let size = field(16)?;
            let data = usize::try_from(size).ok().and_then(|size| body.get(40..40 + size));
            behind.written(data.ok_or(Errno::INVAL)?);
            Ok(words(&[size], 8))
        }
        RELEASE => {
            behind.released();
            Ok(Vec::new())
        }
        IOCTL => {
            let given = body.get(32..).unwrap_or_default();
            let answer = behind.asked(field(12)?, given)?;
            Ok([words(&[], 16), answer].concat())
        }
        _ => Err(Errno::NOSYS),
    }
}

/// An answer of that length that begins with these.
fn words(first: &[u32], length: usize) -> Vec<u8> {
    let mut answer: Vec<u8> = first.iter().flat_map(|word| word.to_ne_bytes()).collect();
    answer.resize(length, 0);
    answer
}
