//! What a daemon and a monitor say to each other.
//!
//! The daemon speaks first: [`ToMonitor::Hello`] with the versions it knows; the monitor answers with
//! [`FromMonitor::Hello`] and the one that both speak from then on, or with the range that it knows and
//! ends. A call is answered exactly once, in any order. A monitor keeps nothing over its own end: its
//! successor is told everything again, and finds out by probing what runs.

use crate::cluster::Cluster;
use crate::instance::{Instance, ResourceId};
use crate::metadata::TypeDescription;
use crate::notes::Note;
use crate::outcome::Outcome;
use crate::verb::Verb;
use model::{GroupName, ResourceName, TypeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The versions of the protocol that this software speaks: the oldest and the newest.
pub const VERSIONS: (u32, u32) = (1, 1);

/// The first message in each direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The oldest version that the sender speaks.
    pub oldest: u32,
    /// The newest.
    pub newest: u32,
    /// The sender's software, for logs.
    pub software: String,
}

impl Hello {
    /// The versions that this software speaks.
    #[must_use]
    pub fn ours(software: impl Into<String>) -> Self {
        Self { oldest: VERSIONS.0, newest: VERSIONS.1, software: software.into() }
    }

    /// The newest version that both speak.
    #[must_use]
    pub fn common(&self, other: &Self) -> Option<u32> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest)
    }
}

/// From the daemon to a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub enum ToMonitor {
    /// First.
    Hello {
        /// The versions.
        hello: Hello,
        /// Where the monitor works.
        place: Place,
    },
    /// Which types are there? Answered by [`FromMonitor::Types`].
    List,
    /// What is this type? Answered by [`FromMonitor::Described`].
    Describe {
        /// The type.
        #[serde(rename = "type")]
        kind: TypeName,
    },
    /// From now on this resource may be asked for. Of one that is known: with these parameters from now on.
    Open {
        /// It.
        instance: Instance,
    },
    /// Forget it. What runs goes on running.
    Close {
        /// Which.
        id: ResourceId,
    },
    /// Do something. Answered by [`FromMonitor::Answer`].
    Call {
        /// By which the answer is recognised; never used twice in a connection.
        call: u64,
        /// Of which resource.
        id: ResourceId,
        /// What.
        verb: Verb,
        /// How long it may take, in milliseconds. Then what it started is ended.
        deadline_ms: u64,
        /// What a verb has to know besides, such as the other side of a migration.
        #[serde(default)]
        arguments: BTreeMap<String, String>,
    },
    /// The answer to this call is not wanted any more: end it.
    Cancel {
        /// Which.
        call: u64,
    },
    /// Look after a resource, or stop doing so. What changes is told by [`FromMonitor::Changed`].
    Watch {
        /// Which.
        id: ResourceId,
        /// Whether.
        on: bool,
    },
    /// What agents noted: all that is known, to a monitor that has just said hello, and later what was
    /// noted elsewhere.
    Note {
        /// It.
        note: Note,
    },
    /// The cluster, as agents may ask for it from now on.
    Cluster {
        /// All of it.
        cluster: Cluster,
    },
    /// A group may run here until then, on CLOCK_BOOTTIME in nanoseconds. When that has passed, the monitor
    /// stops it by itself, whatever became of the daemon, and starts nothing of it before it is leased anew.
    Lease {
        /// Which group.
        group: GroupName,
        /// Until when.
        until_boot_ns: u64,
        /// What is stopped first: all of a list at once, the lists one after another.
        stops: Vec<Vec<ResourceName>>,
    },
    /// Groups that are leased, and whose time is not up, may run until then.
    Renew {
        /// Which groups.
        groups: Vec<GroupName>,
        /// Until when.
        until_boot_ns: u64,
    },
    /// Nothing of a group runs here any more; there is no deadline to look at.
    Unlease {
        /// Which group.
        group: GroupName,
    },
    /// Are you there? Answered by [`FromMonitor::Pong`] at once, whatever else goes on.
    Ping {
        /// By which the answer is recognised.
        nonce: u64,
    },
    /// End. What runs goes on running.
    Quit,
}

/// Where a monitor works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The node's name, which agents are told.
    pub node: String,
    /// A folder of its own for files that need not outlive a restart of the machine.
    pub run_dir: PathBuf,
    /// The folder below which each resource gets a cgroup, where version 2 is writable; otherwise what a
    /// resource starts is held together by process groups and by who its parent is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<PathBuf>,
}

/// From a monitor to the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub enum FromMonitor {
    /// First.
    Hello {
        /// The versions.
        hello: Hello,
    },
    /// The types that are there.
    Types {
        /// By name.
        types: Vec<TypeStanding>,
    },
    /// What a type is; nothing, if it is not there or does not say.
    Described {
        /// The type.
        #[serde(rename = "type")]
        kind: TypeName,
        /// As it describes itself.
        description: Option<TypeDescription>,
        /// Why not.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// What became of a call.
    Answer {
        /// Which.
        call: u64,
        /// What.
        outcome: Outcome,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// A watched resource is not any more as it was.
    Changed {
        /// Which.
        id: ResourceId,
        /// How it is now.
        outcome: Outcome,
        /// Who noticed.
        noticed_by: NoticedBy,
        /// How many changes before this one were not sent, because it overtook them.
        #[serde(default, skip_serializing_if = "is_zero")]
        left_out: u64,
    },
    /// An agent noted something that was not known before.
    Note {
        /// It.
        note: Note,
    },
    /// The library of a native plug-in cannot be used, and this process ends after having said so: all
    /// that the library serves is lost on this node, and nothing else.
    LoadFailed {
        /// It.
        library: PathBuf,
        /// How far it came.
        stage: LoadStage,
        /// What is wrong: a sentence each.
        problems: Vec<String>,
    },
    /// There I am.
    Pong {
        /// From the ping.
        nonce: u64,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How far a native plug-in came before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadStage {
    /// Its file, or one that it needs, is missing or wrong. Found out before anything of it ran, by
    /// whoever would have started its process.
    Check,
    /// It could not be loaded, or is no plug-in.
    Load,
    /// It was loaded, and its start-up call failed, or told what cannot be.
    Startup,
}

/// A type, and whether it can be used on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeStanding {
    /// Its name.
    pub name: TypeName,
    /// Why it cannot be used; nothing: it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How a change was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticedBy {
    /// The kernel or the service manager said so, at once.
    Event,
    /// A cheap look.
    LooksAlive,
    /// A thorough look.
    IsAlive,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_share_a_version_speak_the_newest_that_they_share() {
        let of = |oldest, newest| Hello { oldest, newest, software: String::new() };
        assert_eq!(of(1, 3).common(&of(2, 5)), Some(3));
        assert_eq!(of(1, 1).common(&of(1, 1)), Some(1));
        assert_eq!(of(1, 2).common(&of(3, 4)), None);
    }
}
