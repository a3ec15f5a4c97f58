//! `systemd:UNIT`: units of this node's systemd, over D-Bus and without running `systemctl`.
//!
//! * [`mod@unit`]: what a unit is called, and what its state means for a cluster.
//! * [`bus`]: systemd's own socket, which is there without any message bus, and its signals.
//! * [`service`]: verbs become jobs, and a job is awaited to its end.
//!
//! Only the cluster is to start a unit that it runs. One that is enabled, or that a socket starts, is told
//! by `validate`, and is not refused: whether it runs already is for `probe` to see and the daemon to
//! decide. A unit with `Restart=` is brought back by systemd itself; that it had to be is a failure of
//! the resource all the same, and `activating (auto-restart)` is not running.
//!
//! Deliberately absent: a drop-in that orders units before the daemon at shutdown, as Pacemaker writes
//! one. It would make systemd read all of its units anew whenever a resource starts, and outlive a crash;
//! who wants the order writes `Before=steadfast.service` into the unit. And processes that a unit leaves
//! behind by its own wish (`KillMode=process`) are left.

mod bus;
mod service;
mod unit;

use super::given;
use crate::kind::{Family, Future, Resource, ResourceType, World};
use bus::Bus;
use model::TypeName;
use resource_api::message::TypeStanding;
use resource_api::{Failure, Instance, Outcome, TypeDescription};
use service::Service;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Of two thousand names a list is still read; a machine with all of Debian's has fewer.
const LIST_MAX: usize = 2_000;

/// Where unit files are, as systemd.unit(5) has it.
const FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
];

/// The units of a machine.
pub(super) struct Systemd {
    bus: Arc<Bus>,
    /// Is there while systemd is process 1: sd_booted(3).
    booted: PathBuf,
}

impl Systemd {
    pub(super) fn of_this_machine() -> Self {
        Self { bus: Arc::new(Bus::at("/run/systemd/private".into())), booted: "/run/systemd/system".into() }
    }
}

impl Family for Systemd {
    fn find(&self, kind: &TypeName) -> Option<Arc<dyn ResourceType>> {
        let named = unit::name(kind.as_str().strip_prefix("systemd:")?).ok()?;
        self.booted.is_dir().then(|| Arc::new(Unit { named, bus: self.bus.clone() }) as Arc<dyn ResourceType>)
    }

    fn why_not(&self, kind: &TypeName) -> String {
        match unit::name(kind.as_str().strip_prefix("systemd:").unwrap_or_default()) {
            Err(why) => format!("`{kind}`: {why}"),
            Ok(_) => format!("systemd is not running on this node (no {})", self.booted.display()),
        }
    }

    /// Services that have a file. Templates are none: they need a name of an instance.
    fn list(&self) -> Vec<TypeStanding> {
        if !self.booted.is_dir() {
            return Vec::new();
        }
        let entries = |folder| std::fs::read_dir(Path::new(folder)).into_iter().flatten().flatten();
        let names = FOLDERS.into_iter().flat_map(entries).filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let plain = name.ends_with(".service") && !name.contains("@.");
            plain.then(|| format!("systemd:{name}").parse::<TypeName>().ok()).flatten()
        });
        let names: BTreeSet<TypeName> = names.collect();
        names.into_iter().take(LIST_MAX).map(|name| TypeStanding { name, problem: None }).collect()
    }
}

/// A unit as a type.
struct Unit {
    named: String,
    bus: Arc<Bus>,
}

impl ResourceType for Unit {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        let description =
            given::described(&format!("systemd:{}", self.named), "A unit of systemd.", Vec::new());
        Box::pin(async move { Ok(description) })
    }

    fn open(&self, instance: &Instance, _: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        if let Some(name) = instance.parameters.keys().next() {
            let why = format!("`{name}`: a unit has no parameters; what it does is in its file");
            return Err(Outcome::failed(Failure::NotConfigured, why));
        }
        Ok(Arc::new(Service::of(self.named.clone(), self.bus.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_systemd_no_unit_is_there_and_the_reason_is_told() {
        let nowhere = PathBuf::from("/nonexistent/systemd");
        let systemd = Systemd { bus: Arc::new(Bus::at(nowhere.clone())), booted: nowhere };
        let kind = |name: &str| name.parse::<TypeName>().unwrap();
        assert!(systemd.find(&kind("systemd:nginx")).is_none());
        let why = systemd.why_not(&kind("systemd:nginx"));
        assert_eq!(why, "systemd is not running on this node (no /nonexistent/systemd)");
        // A name that no systemd could have is told as that.
        let why = systemd.why_not(&kind("systemd:x.slice"));
        assert!(why.contains("a cluster cannot run a slice; it can: service"), "{why}");
        assert_eq!(systemd.list(), []);
    }
}
