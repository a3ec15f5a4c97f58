//! A resource, as a monitor knows it.

use model::desired::Value;
use model::{GroupName, ResourceName, TypeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A resource of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceId {
    /// The group.
    pub group: GroupName,
    /// The resource.
    pub resource: ResourceName,
}

impl ResourceId {
    /// A name that is unique on a node and safe as a part of a path: neither part may hold a slash, nor
    /// begin with a dot, and `+` is in neither.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}+{}", self.group, self.resource)
    }

    /// What agents are told that it is called. They make names of files, containers and attributes of it and
    /// put it into regular expressions, so it is of letters, digits, `_`, `-` and `.` alone: group, dot,
    /// resource. Dots of the group are doubled, so that no two resources have one name: none begins with a dot.
    #[must_use]
    pub fn agent_name(&self) -> String {
        format!("{}.{}", self.group.as_str().replace('.', ".."), self.resource)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.resource)
    }
}

/// What a monitor has to know of a resource before it can be asked for anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Which.
    pub id: ResourceId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: TypeName,
    /// Its parameters, with the defaults filled in where the type has some.
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
    /// How it is looked after while it is watched.
    #[serde(default)]
    pub checks: Checks,
}

impl Instance {
    /// A parameter as text: the form in which agents and plug-ins get it. A list is its parts with a
    /// space between.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.parameters.get(name).map(as_text)
    }
}

/// A value as text.
#[must_use]
pub fn as_text(value: &Value) -> String {
    match value {
        Value::Flag(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(list) => list.join(" "),
    }
}

/// Intervals and deadlines of the looks at a resource, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// From one cheap look to the next; zero: never.
    pub looks_alive_ms: u64,
    /// What takes longer has failed.
    pub looks_alive_deadline_ms: u64,
    /// From one thorough look to the next; zero: never.
    pub is_alive_ms: u64,
    /// What takes longer has failed.
    pub is_alive_deadline_ms: u64,
}

impl Default for Checks {
    /// 5 s and 60 s, as in the original. The deadlines are what OCF agents commonly ask for.
    fn default() -> Self {
        Self {
            looks_alive_ms: 5_000,
            looks_alive_deadline_ms: 20_000,
            is_alive_ms: 60_000,
            is_alive_deadline_ms: 30_000,
        }
    }
}
