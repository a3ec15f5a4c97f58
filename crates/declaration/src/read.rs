//! Reading the sections of the file, each key as its type.
//!
//! A reader reports every problem that it can see by itself and goes on with what is left. What
//! holds between sections is for [`crate::check`], which is why places are kept beside values.

mod care;
mod clones;
mod cluster;
mod group;
mod hours;
mod lists;
mod node;
mod parameters;
mod placing;
mod resource;
mod rule;
mod section;
mod types;
mod values;

pub(crate) use clones::PlacedClones;
pub(crate) use cluster::{PlacedCluster, cluster};
pub(crate) use group::{PlacedGroup, groups};
pub(crate) use node::{PlacedNode, nodes};
#[cfg(test)]
pub(crate) use resource::common_keys;
pub(crate) use resource::{PlacedAgent, PlacedResource};
pub(crate) use rule::PlacedRule;
pub(crate) use section::Section;
pub(crate) use types::{PlacedType, types};
