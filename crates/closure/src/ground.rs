//! Where things are looked for.

use std::path::PathBuf;

/// The places of a machine.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Folders of programs, in order: what resources are run with as `PATH`.
    pub path: Vec<PathBuf>,
    /// `OCF_ROOT`.
    pub ocf_root: PathBuf,
    /// The dynamic loader's rules.
    pub search: elf::Search,
    /// The rules that it would have without its cache: those by which the cache is made.
    pub configured: elf::Search,
    /// Folders of units, in order.
    pub unit_folders: Vec<PathBuf>,
}

impl Ground {
    /// This machine, as resource monitors see it.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let path = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let units = [
            "/etc/systemd/system",
            "/run/systemd/system",
            "/usr/local/lib/systemd/system",
            "/usr/lib/systemd/system",
            "/lib/systemd/system",
        ];
        Self {
            path: path.map(PathBuf::from).into(),
            ocf_root: PathBuf::from("/usr/lib/ocf"),
            search: elf::Search::of_this_machine(),
            configured: elf::Search::without_cache(),
            unit_folders: units.map(PathBuf::from).into(),
        }
    }
}
