//! What the catalogue says of one event.

use std::fmt;

/// One event of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number: Microsoft's where the meaning is the same, else 20000 and up.
    pub id: u32,
    /// Its symbolic name, such as `NODE_EVICTED`.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The message, with a `{field}` for each of its fields.
    pub message: &'static str,
    /// The fields, in the order of the struct.
    pub fields: &'static [Field],
    /// What leads to it, for people.
    pub cause: &'static str,
    /// What to do about it, with the next command, for people.
    pub remedy: &'static str,
}

/// A field of an event.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, in the message and in JSON.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Its type, as the source writes it.
    pub kind: &'static str,
    /// What the message says where the field has no value.
    pub absent: Option<&'static str>,
}

/// How bad an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something happened as it should.
    Information,
    /// Nothing is lost yet.
    Warning,
    /// Something does not work.
    Error,
    /// The cluster, or this node's part in it, does not work.
    Critical,
}

impl Level {
    /// Its word in records and filters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The priority of syslog and journald (RFC 5424, table 2) that means the same.
    #[must_use]
    pub fn syslog_priority(self) -> u8 {
        match self {
            Self::Information => 6,
            Self::Warning => 4,
            Self::Error => 3,
            Self::Critical => 2,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
