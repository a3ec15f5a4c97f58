//! A disk that can be full.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, mount};

use crate::error::Doing;
use crate::{Host, LabError};

/// A tmpfs of a fixed size, mounted in a host. It outlives every process, but not a power loss
/// ([`Host::kill`]): there is then a plain folder again, as it was before.
pub struct SmallDisk<'h> {
    host: &'h Host,
    path: PathBuf,
}

impl Host {
    /// Mounts an empty disk of `bytes` (rounded up to whole pages) at `path`, which is made if it
    /// is not there.
    ///
    /// # Errors
    /// The host is down, or the mount is refused.
    pub fn small_disk(&self, path: impl AsRef<Path>, bytes: u64) -> Result<SmallDisk<'_>, LabError> {
        let path = path.as_ref().to_owned();
        let what = || format!("mount a small disk at {} on {}", path.display(), self.name());
        let options = std::ffi::CString::new(format!("size={bytes},mode=755")).doing(what)?;
        self.within(|| {
            fs::create_dir_all(&path).doing(what)?;
            mount("small", &path, "tmpfs", MountFlags::empty(), Some(options.as_c_str())).doing(what)
        })??;
        Ok(SmallDisk { host: self, path })
    }
}

impl SmallDisk<'_> {
    /// Takes all space that is left, to the last byte.
    ///
    /// # Errors
    /// The host is down, or writing fails for another reason than a full disk.
    pub fn fill(&self) -> Result<(), LabError> {
        let what = || format!("fill {} on {}", self.path.display(), self.host.name());
        self.host.within(|| {
            let mut ballast = File::options().create(true).append(true).open(self.ballast()).doing(what)?;
            let mut block: &[u8] = &[0; 64 * 1024];
            while !block.is_empty() {
                match ballast.write(block) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => block = &block[..block.len() / 2],
                    Err(error) => return Err(error).doing(what),
                }
            }
            Ok(())
        })?
    }

    /// Gives back what [`SmallDisk::fill`] took.
    ///
    /// # Errors
    /// The host is down, or the disk is gone.
    pub fn free(&self) -> Result<(), LabError> {
        let what = || format!("free {} on {}", self.path.display(), self.host.name());
        self.host.within(|| fs::remove_file(self.ballast()).doing(what))?
    }

    fn ballast(&self) -> PathBuf {
        self.path.join(".ballast")
    }
}
