//! Where monitors work: a folder, and a cgroup where there is one.

use process::Cgroup;
use resource_api::message::Place;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where the monitors of a node work. The same after a restart of the daemon, so that a monitor finds
/// what an earlier one started; another after a restart of the machine, when nothing of it runs.
#[derive(Debug)]
pub struct Ground {
    node: String,
    run_dir: PathBuf,
    /// The name of the cgroup, where one is wanted.
    cgroup_name: Option<String>,
    /// The cgroup, found out at the first use. Below it, `monitors` holds them, and `resources` what
    /// they run.
    cgroup: OnceLock<Option<PathBuf>>,
}

impl Ground {
    /// That of a node whose local socket is there. `id` tells this node's data directory from all others
    /// on this machine. A cgroup is used where version 2 is mounted and this process may make some.
    #[must_use]
    pub fn of_node(node: &str, socket: &Path, id: &str) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let boot = boot.split('-').next().unwrap_or_default().trim();
        // Beside the socket: whoever has several nodes on one machine gave each its own.
        let run_dir = socket.with_extension(format!("run-{boot}"));
        let short: String = id.chars().take(8).collect();
        let cgroup_name = Some(format!("steadfast-{node}-{short}"));
        Self { node: node.to_owned(), run_dir, cgroup_name, cgroup: OnceLock::new() }
    }

    /// This folder, and no cgroup.
    #[must_use]
    pub fn folder(node: &str, run_dir: PathBuf) -> Self {
        Self { node: node.to_owned(), run_dir, cgroup_name: None, cgroup: OnceLock::new() }
    }

    fn cgroup(&self) -> Option<&Path> {
        let made = self.cgroup.get_or_init(|| {
            // No controller is switched on below it, so the daemon's own may go on holding the daemon.
            let made = Cgroup::below(&Cgroup::writable_base()?, self.cgroup_name.as_deref()?);
            let made = made.inspect_err(|error| tracing::warn!(%error, "resources get no cgroups"));
            Some(made.ok()?.path().to_owned())
        });
        made.as_deref()
    }

    /// What a monitor is told of it. Makes what is not there.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub(super) fn place(&self) -> io::Result<Place> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.run_dir)?;
        let cgroup = self.resources();
        Ok(Place { node: self.node.clone(), run_dir: self.run_dir.clone(), cgroup })
    }

    /// Below which each resource has its cgroup.
    pub(super) fn resources(&self) -> Option<PathBuf> {
        self.below("resources")
    }

    /// The cgroup of a monitor's own process.
    pub(super) fn monitors(&self) -> Option<PathBuf> {
        self.below("monitors")
    }

    fn below(&self, name: &str) -> Option<PathBuf> {
        let folder = self.cgroup()?;
        Some(Cgroup::below(folder, name).ok()?.path().to_owned())
    }

    /// Removes the cgroups in which nobody is.
    pub(super) fn tidy(&self) {
        let Some(folder) = self.cgroup() else { return };
        for path in [folder.join("monitors"), folder.join("resources"), folder.to_owned()] {
            // What still runs keeps its own.
            let _ = std::fs::remove_dir(path);
        }
    }
}
