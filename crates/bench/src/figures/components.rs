//! Components: how soon a change is known everywhere, what looking after them costs, and how fast files are read.

mod closed;
mod known;
mod noise;
mod stand;
mod verify;

pub(crate) use closed::measure as closure;
pub(crate) use known::measure as known;
pub(crate) use noise::measure as noise;
pub(crate) use verify::{measure as verify, missing as verify_missing};
