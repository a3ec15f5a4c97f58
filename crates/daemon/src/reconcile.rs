//! Reconcilers: each looks at what is and at what should be, and takes one step. They take no
//! hints and keep no memory, so a step that was lost is taken at the next look.

mod members;
mod own_record;
mod quorum_watch;
mod types;

pub(crate) use members::keep_members;
pub(crate) use own_record::keep_own_record;
pub(crate) use quorum_watch::watch_quorum;
pub(crate) use types::keep_types;
