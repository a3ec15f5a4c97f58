//! What was seen, for the oracles.

use model::{NodeId, Revision};
use std::collections::BTreeMap;

/// Nanoseconds on the simulated clock.
pub type Nanos = u64;

/// A client's operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// What it was, in a word.
    pub what: &'static str,
    /// When it was proposed first.
    pub invoked: Nanos,
    /// When the client was told, and what. Absent where the client never learnt.
    pub answered: Option<(Nanos, Answer)>,
}

/// What a client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The change was made.
    Done(Revision),
    /// It was refused by the state that it met.
    Refused,
}

/// A node told its event log that a change was made.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// Which node.
    pub node: NodeId,
    /// Which life of it.
    pub life: u32,
    /// The revision that the change made.
    pub revision: Revision,
    /// Which operation the change was.
    pub operation: u64,
}

/// A state that a node showed.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Which node.
    pub node: NodeId,
    /// Which life of it.
    pub life: u32,
    /// Its revision.
    pub revision: Revision,
    /// The operation that was decided last, as the state remembers; no two states have the same.
    pub last: u64,
    /// Hash of its bytes.
    pub hash: [u8; 32],
}

/// The end: everything healed, everybody asked.
#[derive(Debug, Clone)]
pub struct End {
    /// Whether the cluster took a write again, and all members caught up.
    pub converged: Result<(), String>,
    /// What each member holds.
    pub members: BTreeMap<NodeId, Held>,
}

impl Default for End {
    fn default() -> Self {
        Self { converged: Err("the run has not ended".to_owned()), members: BTreeMap::new() }
    }
}

/// What a member holds in the end.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its revision.
    pub revision: Revision,
    /// Hash of its state.
    pub hash: [u8; 32],
    /// The operations whose traces are in it (tokens and credentials that were made).
    pub traces: Vec<u64>,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct History {
    /// By number.
    pub operations: BTreeMap<u64, Operation>,
    /// In order.
    pub told: Vec<Told>,
    /// In order.
    pub seen: Vec<Seen>,
    /// Who said that it leads, by term.
    pub leaders: Vec<(u64, NodeId)>,
    /// What must never happen and needs no oracle: a file refused, an internal check failed.
    pub alarms: Vec<String>,
    /// The end.
    pub end: End,
}
