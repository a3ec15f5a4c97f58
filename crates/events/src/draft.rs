//! An event that has happened and is not yet in a log.

use crate::entry::Entry;
use crate::render;
use model::stored::EventRecord;
use model::{NodeName, Revision, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

/// An event without its place in a log.
///
/// Made from an event's struct by `From`; its fields are bounded then, because some of them come
/// from peers that have proven nothing yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What the catalogue says of it.
    pub entry: &'static Entry,
    /// Its fields, by name.
    pub fields: Map<String, Value>,
    /// The change of the cluster database that it tells of.
    pub revision: Option<Revision>,
}

impl Draft {
    /// The same event, as the telling of a change of the cluster database.
    #[must_use]
    pub fn at_revision(mut self, revision: Revision) -> Self {
        self.revision = Some(revision);
        self
    }

    /// The message: one line, without control characters, of bounded length.
    #[must_use]
    pub fn text(&self) -> String {
        render::message(self.entry, &self.fields)
    }

    /// The event as it is stored and sent.
    #[must_use]
    pub fn into_record(self, seq: u64, node: NodeName, time: Timestamp) -> EventRecord {
        EventRecord {
            seq,
            node,
            time,
            id: self.entry.id,
            name: self.entry.name.to_owned(),
            level: self.entry.level.as_str().to_owned(),
            text: self.text(),
            fields: self.fields,
            revision: self.revision,
        }
    }
}

/// A field as JSON, bounded. A value that JSON cannot hold (no field type has one) is told
/// rather than lost.
pub(crate) fn field<T: Serialize>(value: &T) -> Value {
    let json = serde_json::to_value(value).unwrap_or_else(|error| Value::String(error.to_string()));
    render::bounded(json)
}
