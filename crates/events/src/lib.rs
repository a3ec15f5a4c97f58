//! The catalogue of numbered events: one entry per event, with cause and remedy.
//!
//! An event is a struct with typed fields ([`NodeEvicted`], [`QuorumLost`], …). Whoever notices
//! something builds the struct and turns it into a [`Draft`]; whoever keeps the node's event log
//! turns the draft into a [`model::stored::EventRecord`] by adding its place, its node and its
//! time. So the number, the level and the words of an event exist once, in [`catalogue`], and
//! code cannot name a field that the message lacks.
//!
//! Numbers below 20000 are those of Microsoft's cluster service, used only where the meaning is
//! the same (`tests/catalogue.rs` lists each with its evidence; all are verified but 1059, which is
//! remembered alone and says so there); our own begin at 20000.
//!
//! What it does not do: it stores nothing, sends nothing, and knows no clock.
//!
//! Read next: [`catalogue`] for the entries, `draft` for how a message is rendered, and
//! `docs/adding-an-event.md` for a new one.

pub mod catalogue;
mod draft;
mod entry;
mod explain;
mod render;

pub use catalogue::components::*;
pub use catalogue::configuration::*;
pub use catalogue::daemon::*;
pub use catalogue::database::*;
pub use catalogue::forming::*;
pub use catalogue::groups::*;
pub use catalogue::membership::*;
pub use catalogue::network::*;
pub use catalogue::resources::*;
pub use catalogue::security::*;
pub use catalogue::versions::*;
pub use draft::Draft;
pub use entry::{Entry, Field, Level};
pub use explain::{UnknownEvent, entries, entry, explain, find};
