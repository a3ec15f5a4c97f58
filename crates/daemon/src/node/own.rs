//! What keeps this node from taking part in its cluster.

use model::stored::ProtocolRange;
use model::{Incarnation, NodeName};

/// What keeps this node from taking part, beyond what the engine can see. At most one of these is
/// true at a time; the first that was found stands until it is resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Own {
    /// Nothing does.
    #[default]
    Clear,
    /// A member said that this node was evicted.
    Evicted {
        /// Who said so.
        told_by: NodeName,
    },
    /// A member said that another daemon is alive with this node's identity, or that this node's
    /// data directory is an older copy.
    Duplicate {
        /// Who said so.
        told_by: NodeName,
        /// The life that was first, where it is another process that lives.
        first: Option<Incarnation>,
        /// What to tell people.
        text: String,
    },
    /// A member speaks no protocol that this node speaks.
    Incompatible {
        /// Who.
        told_by: NodeName,
        /// What it speaks.
        theirs: ProtocolRange,
        /// What it runs.
        software: String,
    },
    /// The identity or the cluster database cannot be used.
    Unusable {
        /// What is wrong, with the file.
        problem: String,
        /// The commands that help.
        next: String,
    },
    /// The cluster database could not be written, and waits for its disk.
    Stopped {
        /// What happened.
        problem: String,
    },
}

impl Own {
    /// Whether the engine must not run.
    #[must_use]
    pub fn bars_engine(&self) -> bool {
        !matches!(self, Self::Clear | Self::Stopped { .. })
    }
}
