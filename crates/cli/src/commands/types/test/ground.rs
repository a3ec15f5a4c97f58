//! Where a test takes place: a folder, and a cgroup where there can be one, as a daemon would give them.

use crate::failure::Failure;
use process::Cgroup;
use resource_api::message::Place;
use std::path::PathBuf;
use tempfile::TempDir;

/// Both are removed with it; a cgroup in which something of the resource still runs stays.
pub(super) struct Ground {
    folder: TempDir,
    cgroup: Option<PathBuf>,
}

impl Ground {
    pub(super) fn new() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::new("cannot make a temporary folder").because(error))?;
        // Without one, what the resource starts is held together by process groups.
        let name = format!("steadfast-type-test-{}", std::process::id());
        let cgroup = Cgroup::writable_base().and_then(|base| Cgroup::below(&base, &name).ok());
        Ok(Self { folder, cgroup: cgroup.map(|cgroup| cgroup.path().to_owned()) })
    }

    pub(super) fn place(&self) -> Place {
        let (run_dir, cgroup) = (self.folder.path().to_owned(), self.cgroup.clone());
        Place { node: "localhost".to_owned(), run_dir, cgroup }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let Some(cgroup) = &self.cgroup else { return };
        let below = std::fs::read_dir(cgroup).into_iter().flatten().flatten().map(|entry| entry.path());
        for folder in below.filter(|path| path.is_dir()).chain([cgroup.clone()]) {
            let _ = std::fs::remove_dir(folder);
        }
    }
}
