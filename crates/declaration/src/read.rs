//! Reading the sections of the file, each key as its type.
//!
//! A reader reports every problem that it can see by itself and goes on with what is left. What
//! holds between sections is for [`crate::check`], which is why places are kept beside values.

mod cluster;
mod group;
mod parameters;
mod resource;
mod section;
mod types;

pub(crate) use cluster::{cluster, nodes};
pub(crate) use group::{PlacedGroup, groups};
pub(crate) use resource::{PlacedAgent, PlacedResource};
pub(crate) use section::Section;
pub(crate) use types::{PlacedType, types};

use crate::place::At;
use model::NodeName;
use model::desired::NodeSpec;

/// A `[[node]]` that could be read.
pub(crate) struct PlacedNode {
    pub(crate) name: At<NodeName>,
    pub(crate) spec: NodeSpec,
}
