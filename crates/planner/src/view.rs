//! What is known of the cluster at one moment: the planner's other input, beside the declarative file.
//!
//! It says what is, not what should be. It is made by whoever knows (the daemon from the database, its
//! membership and its monitors; a case file; the output of `status --json`) and can be written down, so
//! that a plan can be made again from the same knowledge, years later if need be.

use model::desired::{Date, Day};
use model::{GroupName, NodeName, ResourceName, TypeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Everything that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// When.
    pub now: Now,
    /// The members, in the order of joining. Where nothing else speaks for one of several nodes, the
    /// first is taken.
    pub nodes: Vec<NodeView>,
    /// Groups of which anything is known. Of others nothing runs, and they should.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<GroupName, GroupView>,
}

/// A moment, with what the calendar says of it in the cluster's local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Milliseconds since 1970, in UTC.
    pub unix_ms: u64,
    /// The local date.
    pub date: Date,
    /// The local day of the week.
    pub day: Day,
    /// The local hour of the day.
    pub hour: u8,
}

impl Default for Now {
    fn default() -> Self {
        Self { unix_ms: 0, date: Date { year: 1970, month: 1, day: 1 }, day: Day::Thu, hour: 0 }
    }
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// Which.
    pub name: NodeName,
    /// How it is.
    pub standing: Standing,
    /// What it could not run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ready: Vec<NotReady>,
    /// Attributes that were found out, which go before those of the file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Its address on each network, by the network's name: nodes hear each other over those that they
    /// share. Empty: nothing is known of networks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub networks: BTreeMap<String, IpAddr>,
}

impl NodeView {
    /// A member that stands so, and of which nothing else is known.
    #[must_use]
    pub fn new(name: NodeName, standing: Standing) -> Self {
        Self { name, standing, not_ready: Vec::new(), attributes: BTreeMap::new(), networks: BTreeMap::new() }
    }
}

/// How a node is, as far as placing things there goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// There, and to be used.
    Up,
    /// There; it keeps what it has, and gets nothing more.
    Paused,
    /// There; what it has moves away.
    Draining,
    /// There; it runs nothing.
    Maintenance,
    /// Not a full member yet.
    Joining,
    /// There, without the majority: it has to stop what it runs.
    Isolated,
    /// Not there.
    Down,
}

impl Standing {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Maintenance => "maintenance",
            Self::Joining => "joining",
            Self::Isolated => "isolated",
            Self::Down => "down",
        }
    }
}

/// Something that a node could not run if it had to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotReady {
    /// Everything of this type,
    #[serde(rename = "type")]
    pub kind: TypeName,
    /// or only this resource, as `GROUP/RESOURCE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Why.
    pub reason: String,
    /// How bad it is.
    #[serde(default, skip_serializing_if = "Degree::is_unable")]
    pub degree: Degree,
}

/// How far from ready a node is for something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Degree {
    /// It can run there. Other nodes go before.
    Lowered,
    /// What it stands on is not what was validated. It is not started there while any other node is ready.
    NotReady,
    /// It cannot run there.
    #[default]
    Unable,
}

impl Degree {
    fn is_unable(&self) -> bool {
        *self == Self::Unable
    }
}

/// What is known of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupView {
    /// The administrator wants it offline.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wanted_offline: bool,
    /// The administrator wants it left alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub maintenance: bool,
    /// The administrator asked for it to be moved there. Whoever executes plans forgets it when the group
    /// is anywhere else; as long as it is there, no better place draws it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<NodeName>,
    /// Where anything of it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CopyView>,
    /// What failed, until it is cleared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// When it was moved for failures, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failovers: Vec<u64>,
}

/// A group on a node: the only one, or one of a clone's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyView {
    /// Where.
    pub node: NodeName,
    /// The database says that it is this node's.
    pub owned: bool,
    /// When another may have it, if this node is not there.
    #[serde(default)]
    pub takeover: Takeover,
    /// It is primary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
    /// How well it would do as the primary, as it rates itself. Nothing: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<i32>,
    /// Its resources, as far as they are known. Others are offline.
    pub resources: BTreeMap<ResourceName, State>,
}

/// When another node may have what a lost node had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Takeover {
    /// At once: it released it, or was fenced.
    #[default]
    Now,
    /// At this moment, in milliseconds since 1970: its lease has ended then.
    At(u64),
    /// Not before somebody confirms that it is down; why.
    Never(String),
}

/// How a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It does not run.
    Offline,
    /// It is being started.
    Starting,
    /// It runs.
    Online,
    /// It runs as an older file had it: its parameters have changed.
    Changed,
    /// It is being stopped.
    Stopping,
    /// It failed, and may run in part.
    Failed,
    /// It could not be stopped. Nobody may start it elsewhere.
    StopFailed,
    /// Nobody knows.
    Unknown,
}

impl State {
    /// Whether anything of it may be there, so that it has to be stopped before it is elsewhere.
    #[must_use]
    pub fn may_run(self) -> bool {
        self != Self::Offline
    }

    /// Whether others that need it can go on.
    #[must_use]
    pub fn serves(self) -> bool {
        matches!(self, Self::Online | Self::Changed)
    }
}

/// Something that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Which resource.
    pub resource: ResourceName,
    /// Where.
    pub node: NodeName,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// It could not be started, rather than having run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_start: bool,
}
