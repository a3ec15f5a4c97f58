//! What agents note for the whole cluster: scores, attributes of nodes, and where not to be.
//!
//! An agent notes something through a tool of the cluster (`crm_attribute` and its like) and expects it to
//! be there the next time, on every node. A monitor keeps nothing over its own end, so notes are the
//! daemon's: the monitor tells each change ([`FromMonitor::Note`](crate::FromMonitor)), the daemon keeps
//! it, and tells it to the monitor's successor, and to the monitors of other nodes
//! ([`ToMonitor::Note`](crate::ToMonitor)). A monitor has a copy, so that no agent waits for the daemon.
//!
//! Deliberately absent: what follows from a note. That is the planner's.

use crate::instance::ResourceId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Something that an agent noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum Note {
    /// How well a resource would do as the primary on a node. An instance says it of itself, and a
    /// primary of those that follow it.
    Score {
        /// Which resource.
        id: ResourceId,
        /// On which node.
        node: String,
        /// How well, from -1,000,000 (never) to 1,000,000; nothing: not at all any more.
        score: Option<i64>,
    },
    /// An attribute of a node.
    Attribute {
        /// Of which node.
        node: String,
        /// Its name.
        name: String,
        /// Its value; nothing: it has none any more.
        value: Option<String>,
        /// Whether it is to outlive the node's next start.
        #[serde(default)]
        lasting: bool,
    },
    /// A resource is to be kept away from a node: its agent found that it would do harm there.
    Ban {
        /// Which resource.
        id: ResourceId,
        /// From which node.
        node: String,
        /// Whether; false: no more.
        on: bool,
    },
}

impl Note {
    /// Whether it is longer than anybody keeps.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        let long = |text: &String| text.len() > Notes::TEXT_MAX_BYTES;
        match self {
            Self::Score { node, .. } | Self::Ban { node, .. } => long(node),
            Self::Attribute { node, name, value, .. } => {
                long(node) || long(name) || value.as_ref().is_some_and(long)
            }
        }
    }

    /// What it is about: a later note about the same takes its place.
    #[must_use]
    pub fn about(&self) -> NoteAbout {
        match self {
            Self::Score { id, node, .. } => NoteAbout::Score(id.clone(), node.clone()),
            Self::Attribute { node, name, .. } => NoteAbout::Attribute(node.clone(), name.clone()),
            Self::Ban { id, node, .. } => NoteAbout::Ban(id.clone(), node.clone()),
        }
    }
}

/// What a note is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteAbout {
    /// The score of a resource on a node.
    Score(ResourceId, String),
    /// The attribute of a node, of this name.
    Attribute(String, String),
    /// Whether a resource is kept away from a node.
    Ban(ResourceId, String),
}

/// Notes, the latest of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    scores: BTreeMap<(ResourceId, String), i64>,
    /// By node and name; the value, and whether it lasts.
    attributes: BTreeMap<(String, String), (String, bool)>,
    bans: BTreeSet<(ResourceId, String)>,
}

/// More notes than agents have use for, or a longer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most {} notes of at most {} bytes are kept", Notes::MAX, Notes::TEXT_MAX_BYTES)]
pub struct TooMuch;

impl Notes {
    /// Agents that note more, on all nodes of a cluster together, are mad.
    pub const MAX: usize = 10_000;
    /// The longest value that a known agent notes is a list of hosts.
    pub const TEXT_MAX_BYTES: usize = 4 << 10;

    /// Takes a note, in the place of an earlier one about the same; whether it says something new.
    ///
    /// # Errors
    /// [`TooMuch`]; then nothing is changed.
    pub fn take(&mut self, note: Note) -> Result<bool, TooMuch> {
        let full = self.len() >= Self::MAX;
        match note {
            note if note.is_too_long() => Err(TooMuch),
            Note::Score { id, node, score } => replace(&mut self.scores, (id, node), score, full),
            Note::Attribute { node, name, value, lasting } => {
                let value = value.map(|value| (value, lasting));
                replace(&mut self.attributes, (node, name), value, full)
            }
            Note::Ban { id, node, on: false } => Ok(self.bans.remove(&(id, node))),
            Note::Ban { id, node, on: true } => match (id, node) {
                key if full && !self.bans.contains(&key) => Err(TooMuch),
                key => Ok(self.bans.insert(key)),
            },
        }
    }

    /// What a resource noted of itself goes with it.
    pub fn forget(&mut self, id: &ResourceId) {
        self.scores.retain(|(of, _), _| of != id);
        self.bans.retain(|(of, _)| of != id);
    }

    /// How well this resource would do as the primary on this node.
    #[must_use]
    pub fn score(&self, id: &ResourceId, node: &str) -> Option<i64> {
        self.scores.get(&(id.clone(), node.to_owned())).copied()
    }

    /// The value of an attribute of a node.
    #[must_use]
    pub fn attribute(&self, node: &str, name: &str) -> Option<&str> {
        self.attributes.get(&(node.to_owned(), name.to_owned())).map(|(value, _)| value.as_str())
    }

    /// All of them, as they would be told to somebody who knows none.
    pub fn iter(&self) -> impl Iterator<Item = Note> + '_ {
        let scores = self.scores.iter().map(|((id, node), score)| Note::Score {
            id: id.clone(),
            node: node.clone(),
            score: Some(*score),
        });
        let attributes = self.attributes.iter().map(|((node, name), (value, lasting))| Note::Attribute {
            node: node.clone(),
            name: name.clone(),
            value: Some(value.clone()),
            lasting: *lasting,
        });
        let bans =
            self.bans.iter().map(|(id, node)| Note::Ban { id: id.clone(), node: node.clone(), on: true });
        scores.chain(attributes).chain(bans)
    }

    fn len(&self) -> usize {
        self.scores.len() + self.attributes.len() + self.bans.len()
    }
}

fn replace<K: Ord, V: PartialEq>(
    map: &mut BTreeMap<K, V>,
    key: K,
    value: Option<V>,
    full: bool,
) -> Result<bool, TooMuch> {
    match value {
        None => Ok(map.remove(&key).is_some()),
        Some(_) if full && !map.contains_key(&key) => Err(TooMuch),
        Some(value) => {
            let new = map.get(&key) != Some(&value);
            map.insert(key, value);
            Ok(new)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ResourceId {
        ResourceId { group: "g".parse().unwrap(), resource: name.parse().unwrap() }
    }

    fn score(name: &str, score: Option<i64>) -> Note {
        Note::Score { id: id(name), node: "n1".to_owned(), score }
    }

    fn attribute(name: &str, value: Option<&str>) -> Note {
        let (node, name, value) = ("n1".to_owned(), name.to_owned(), value.map(str::to_owned));
        Note::Attribute { node, name, value, lasting: true }
    }

    fn ban(on: bool) -> Note {
        Note::Ban { id: id("a"), node: "n2".to_owned(), on }
    }

    #[test]
    fn the_latest_note_holds_and_what_is_told_to_another_makes_it_the_same() {
        let mut notes = Notes::default();
        for note in [score("a", Some(5)), attribute("x", Some("1")), ban(true)] {
            assert_eq!(notes.take(note.clone()), Ok(true));
            assert_eq!(notes.take(note), Ok(false), "no news");
        }
        assert_eq!(notes.take(score("a", Some(-7))), Ok(true));
        assert_eq!((notes.score(&id("a"), "n1"), notes.score(&id("a"), "n2")), (Some(-7), None));
        assert_eq!((notes.attribute("n1", "x"), notes.attribute("n2", "x")), (Some("1"), None));
        let mut other = Notes::default();
        assert!(notes.iter().all(|note| other.take(note) == Ok(true)));
        assert_eq!(other, notes);
        for gone in [score("a", None), attribute("x", None), ban(false)] {
            assert_eq!(other.take(gone.clone()), Ok(true));
            assert_eq!(other.take(gone), Ok(false));
        }
        assert_eq!(other, Notes::default());
        notes.forget(&id("a"));
        assert_eq!(notes.iter().collect::<Vec<_>>(), [attribute("x", Some("1"))]);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut notes = Notes::default();
        for number in 0..Notes::MAX {
            assert_eq!(notes.take(attribute(&number.to_string(), Some("1"))), Ok(true));
        }
        assert_eq!(notes.take(attribute("more", Some("1"))), Err(TooMuch));
        assert_eq!(notes.take(score("a", Some(1))), Err(TooMuch));
        assert_eq!(notes.take(ban(true)), Err(TooMuch));
        assert_eq!(notes.take(attribute("7", Some("2"))), Ok(true));
        let long = "x".repeat(Notes::TEXT_MAX_BYTES + 1);
        assert_eq!(notes.take(attribute("7", Some(&long))), Err(TooMuch));
        assert_eq!(notes.take(Note::Score { id: id("a"), node: long, score: None }), Err(TooMuch));
        assert_eq!(notes.attribute("n1", "7"), Some("2"));
    }
}
