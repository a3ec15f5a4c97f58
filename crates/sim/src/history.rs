//! What was seen, for the oracles.

use model::{NodeId, Revision};
use std::collections::{BTreeMap, BTreeSet};

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

/// A message of a leader, and what became of it, as it was read off the wire.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    /// The leader.
    pub from: NodeId,
    /// Who was asked.
    pub to: NodeId,
    /// The leader's term.
    pub term: u64,
    /// When it was sent.
    pub sent: Nanos,
    /// When it arrived.
    pub arrived: Nanos,
    /// When the answer had come back; absent where it was lost, or nobody waited for it.
    pub back: Option<Nanos>,
    /// Whether the answer was one that a quorum may count on, when it was given, and how long before that
    /// an older leader had been answered, as it said.
    pub answer: Option<(Nanos, Option<Nanos>)>,
}

/// A lease that was granted, in true time.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// In which term.
    pub term: u64,
    /// By whom.
    pub leader: NodeId,
    /// When it was asked for.
    pub asked: Nanos,
    /// When it was granted.
    pub granted: Nanos,
    /// When it ends.
    pub until: Nanos,
    /// Who voted.
    pub electorates: Vec<BTreeSet<NodeId>>,
}

/// What a leader says of the leases of its predecessors, in true time.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    /// In which term.
    pub term: u64,
    /// Who says so.
    pub leader: NodeId,
    /// When whoever waits for their end may start.
    pub over: Nanos,
}

/// A leader had committed its first entry.
#[derive(Debug, Clone)]
pub struct Began {
    /// In which term.
    pub term: u64,
    /// Who leads.
    pub node: NodeId,
    /// Who had told it by then when it last answered an older leader.
    pub told: BTreeSet<NodeId>,
    /// Who voted.
    pub electorates: Vec<BTreeSet<NodeId>>,
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
    /// In the order of their answers.
    pub exchanges: Vec<Exchange>,
    /// In order.
    pub renewals: Vec<Renewal>,
    /// In order.
    pub waits: Vec<Wait>,
    /// In order.
    pub began: Vec<Began>,
    /// What must never happen and needs no oracle: a file refused, an internal check failed.
    pub alarms: Vec<String>,
    /// The end.
    pub end: End,
}
