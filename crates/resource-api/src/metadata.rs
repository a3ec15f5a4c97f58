//! A resource type, as it describes itself.

use crate::verb::Verb;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a type is, what it takes and what it can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeDescription {
    /// Its name in the declarative file.
    pub name: String,
    /// Its own version, as it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// A line.
    #[serde(default)]
    pub summary: String,
    /// More than a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it takes, in its order.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// What it can, with the deadline that it asks for in milliseconds, where it does.
    #[serde(default)]
    pub verbs: BTreeMap<Verb, Option<u64>>,
    /// Whether its instances have roles.
    #[serde(default)]
    pub promotable: bool,
}

/// A parameter of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What its value may be.
    pub kind: Kind,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// What it is if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether two instances with the same value would be in each other's way.
    #[serde(default)]
    pub unique: bool,
    /// Whether a change of it can be taken up by [`Verb::Reload`] while the resource runs.
    #[serde(default)]
    pub reloadable: bool,
    /// A line.
    #[serde(default)]
    pub summary: String,
    /// A newer parameter to use instead of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

/// What the value of a parameter may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`, or one of the words that agents take for them.
    Flag,
    /// A time; a number without a unit is seconds.
    Duration,
    /// One of these.
    OneOf {
        /// The words.
        words: Vec<String>,
    },
}
