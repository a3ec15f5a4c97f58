//! The file and the view, put together: every name looked up once, every default filled in.
//!
//! Decides nothing. What it prepares is what every later stage asks again and again: who looks at whom,
//! what is where, what failed too often. Names that lead nowhere (the file is checked elsewhere, a view
//! may be older than the file) are left out, so that a plan can be made from anything.

mod build;
mod circles;
mod failures;
mod group;
mod times;
mod worth;

pub(crate) use build::build;
pub(crate) use failures::{Worn, failed_start, given_up, is_well, stopped_by, worn, worn_resource};
pub(crate) use group::{Aim, Copy, Frozen, Group, RESTARTS};
pub(crate) use worth::Unfit;

use crate::ids::{GroupIx, NodeIx, Of};
use crate::view::{NotReady, Now, Standing};
use std::collections::BTreeMap;

/// What is to be planned.
pub(crate) struct Problem<'a> {
    pub(crate) now: Now,
    pub(crate) maintenance: bool,
    pub(crate) nodes: Of<NodeIx, Node<'a>>,
    pub(crate) groups: Of<GroupIx, Group<'a>>,
    /// What nodes have and groups use, by number.
    pub(crate) measures: Vec<&'a str>,
    /// Groups of which one at a time may be starting.
    pub(crate) one_at_a_time: Vec<Vec<GroupIx>>,
}

/// A member.
pub(crate) struct Node<'a> {
    pub(crate) name: &'a model::NodeName,
    pub(crate) standing: Standing,
    /// Nodes that share a number fail together.
    pub(crate) domain: usize,
    pub(crate) attributes: BTreeMap<&'a str, &'a str>,
    /// How much of each measure it has; nothing: without a limit.
    pub(crate) capacity: Vec<Option<u64>>,
    pub(crate) not_ready: &'a [NotReady],
    /// A resource failed here whose policy takes everything else away from the node too.
    pub(crate) emptied_by: Option<GroupIx>,
}

impl Problem<'_> {
    /// The place of a node's name.
    pub(crate) fn node(&self, name: &model::NodeName) -> Option<NodeIx> {
        // A cluster has tens of nodes, and the few callers ask once per name.
        self.nodes.iter().find(|(_, node)| node.name == name).map(|(ix, _)| ix)
    }
}
