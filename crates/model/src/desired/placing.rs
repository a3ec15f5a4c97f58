//! Where a group may be, where it should be, and with what: the file's words for the planner.
//!
//! Everything here has a default that means "as if it were not there", so a file says only what it
//! cares about. What the words do to a placement is the planner's (`docs/policies.md` for people).

use super::rule::Rule;
use crate::{GroupName, NodeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How much is to be said for a place. Scores are added; the highest sum wins.
pub type Score = i32;

/// No score may be further from nothing than this, so that no sum of them overflows.
pub const SCORE_MAX: Score = 1_000_000;

/// One of several, or one alone: `"ip"` or `["disk-a", "disk-b"]`. A list of these means all of
/// them; of each, any one is enough.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AnyOf<T> {
    /// This one.
    One(T),
    /// Any of these.
    Any(Vec<T>),
}

impl<T> AnyOf<T> {
    /// All that are named.
    pub fn names(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Any(any) => any,
        }
    }
}

impl<T> From<T> for AnyOf<T> {
    fn from(one: T) -> Self {
        Self::One(one)
    }
}

impl<T: fmt::Display> fmt::Display for AnyOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names().iter().map(ToString::to_string).collect();
        f.write_str(&names.join(" or "))
    }
}

/// Another group, or only its primary: `db` or `db:primary`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    /// Which group.
    pub group: GroupName,
    /// Only where it is primary.
    pub primary: bool,
}

/// A text names neither a group nor its primary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a group's name nor `NAME:primary`")]
pub struct InvalidTarget(String);

impl FromStr for Target {
    type Err = InvalidTarget;
    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let (name, primary) = match text.strip_suffix(":primary") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let group = GroupName::new(name).map_err(|_| InvalidTarget(text.chars().take(80).collect()))?;
        Ok(Self { group, primary })
    }
}

impl TryFrom<String> for Target {
    type Error = InvalidTarget;
    fn try_from(text: String) -> Result<Self, InvalidTarget> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.group, if self.primary { ":primary" } else { "" })
    }
}

/// What a group's section says for the planner, besides its owners and failback.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupPolicy {
    /// Who chooses first, and who must make room: the higher.
    #[serde(skip_serializing_if = "is_default")]
    pub priority: i32,
    /// What staying is worth, against a better place, where `failback` lets it move at all.
    #[serde(skip_serializing_if = "is_default")]
    pub stickiness: Score,
    /// What nodes are worth to it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<NodeName, Score>,
    /// What nodes with certain attributes, or certain times, mean for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// It runs only where all of these do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs_with: Vec<Target>,
    /// It never runs where one of these does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never_with: Vec<Target>,
    /// What it is worth to run where these do; below zero: to run elsewhere.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub near: BTreeMap<Target, Score>,
    /// What counts as the same place, for groups that are kept apart and for the copies of one.
    #[serde(skip_serializing_if = "is_default")]
    pub apart_by: Place,
    /// It is online only while these are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub start_after: Vec<AnyOf<Target>>,
    /// Where both have to start at the same time, these start first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefer_after: Vec<GroupName>,
    /// What it takes of a node's capacity, in the units in which `[[node]]` gives it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub uses: BTreeMap<String, u64>,
    /// The cluster looks at it and tells, but does nothing with it.
    #[serde(skip_serializing_if = "is_default")]
    pub unmanaged: bool,
    /// How often its resources are restarted where they are; a resource may say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<Limit>,
    /// How often it is moved for failures before the cluster gives it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failovers: Option<Limit>,
    /// What is done if it is found online on two nodes.
    #[serde(skip_serializing_if = "is_default")]
    pub found_twice: FoundTwice,
    /// It runs on several nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clones: Option<Clones>,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What counts as the same place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The same node.
    #[default]
    Node,
    /// The same failure domain. A node without one is one of its own.
    FailureDomain,
}

/// A number of failures that is put up with in a span of time: `"3 in 15m"`, or `"never"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Limit {
    /// So many are put up with.
    pub max: u32,
    /// Those before the last so many milliseconds are forgotten.
    pub within_ms: u64,
}

/// A text is not a number of failures in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no limit: expected a number and a time, such as `3 in 15m`, or `never`")]
pub struct InvalidLimit(String);

impl FromStr for Limit {
    type Err = InvalidLimit;
    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        if text == "never" {
            return Ok(Self { max: 0, within_ms: 0 });
        }
        let parts = text.split_once(" in ").and_then(|(max, within)| {
            let within = super::parse_duration(within)?;
            Some((max.parse().ok()?, u64::try_from(within.as_millis()).ok()?))
        });
        let (max, within_ms) = parts
            .filter(|(max, within_ms)| *max > 0 && (1_000..=366 * 86_400_000).contains(within_ms))
            .ok_or_else(|| InvalidLimit(text.chars().take(80).collect()))?;
        Ok(Self { max, within_ms })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
        match units.into_iter().find(|(_, unit_ms)| self.within_ms.is_multiple_of(*unit_ms)) {
            Some((unit, unit_ms)) if self.max > 0 => {
                write!(f, "{} in {}{unit}", self.max, self.within_ms / unit_ms)
            }
            _ => f.write_str("never"),
        }
    }
}

impl TryFrom<String> for Limit {
    type Error = InvalidLimit;
    fn try_from(text: String) -> Result<Self, InvalidLimit> {
        text.parse()
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

/// What is done with a group that is found online on more nodes than it may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundTwice {
    /// It is stopped everywhere and started once: nobody knows which of them is sound.
    #[default]
    StopAll,
    /// It is left where its owner has it, and stopped elsewhere.
    KeepOwner,
    /// It is left alone, and an alarm is raised.
    Block,
}

/// A group that runs on several nodes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clones {
    /// On so many nodes at most; nothing: on every node where it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// Whoever needs this group is content with so many.
    #[serde(default = "one")]
    pub min: u32,
    /// Whoever needs this group, and is a clone too, needs only the copy on its own node.
    #[serde(default, skip_serializing_if = "is_default")]
    pub interleave: bool,
    /// Copies start and stop one after the other.
    #[serde(default, skip_serializing_if = "is_default")]
    pub one_by_one: bool,
    /// So many of them are primary; nothing: they are all alike.
    #[serde(default, skip_serializing_if = "is_default")]
    pub primaries: u32,
}

fn one() -> u32 {
    1
}

impl Default for Clones {
    fn default() -> Self {
        Self { max: None, min: 1, interleave: false, one_by_one: false, primaries: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_round_trip() {
        for text in ["3 in 15m", "1 in 6h", "2 in 1d", "5 in 90s", "never"] {
            assert_eq!(text.parse::<Limit>().unwrap().to_string(), text);
        }
        for bad in ["", "3", "3 in", "0 in 15m", "3 in 15", "3 in 1ms", "-1 in 15m", "3 in 9999d", "always"] {
            assert!(bad.parse::<Limit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn targets_round_trip() {
        for text in ["db", "db:primary"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for bad in ["", ":primary", "db:", "db:secondary", "d b"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}
