//! Replication and storage: openraft over one redb file.
//!
//! ```text
//!            propose                         handle (a peer's bytes)
//!               |                               |
//!            Engine ------------------------ openraft ---- network ---> Transport (injected)
//!               |                            /      \
//!      state(), changes()            log (LogStore)  machine store ---> NoticeSink (injected)
//!                                            \      /
//!                                      disk: one queue, one committer, one redb file
//! ```
//!
//! * [`open_file`] turns a file into an [`OpenStore`], or refuses it by name.
//! * [`Engine`] is the handle that the rest of the daemon holds.
//! * Everything written goes through one queue in one order; a batch of it is one redb transaction
//!   and one fsync, and nothing is acknowledged before that fsync returned. After the first failed
//!   write nothing is acknowledged any more: the engine stops, says why, and is started anew on
//!   the same file once its disk is well.
//!
//! Not here: addresses (a node is a number to openraft; the transport knows where it lives), TLS,
//! timers' values (see `membership`), and the decision who votes.

mod beat;
mod committer;
mod disk;
mod executor;
mod failure;
mod handle;
mod lease_hooks;
mod log;
mod machine_store;
mod message;
mod network;
mod open;
mod quorum;
mod record;
mod settings;
mod stall;
mod standing;
mod types;
mod verify;

pub use beat::{Tokio, beat, engine_follows};
pub use executor::{DedicatedThread, DiskExecutor};
pub use failure::Failure;
pub use handle::{ChangeError, Changes, Engine, ProposeError, StartError, TransferError};
pub use lease_hooks::{LeadingTerm, LeaseHooks, NoLeases, QuorumMoves};
pub use machine_store::NoticeSink;
pub use message::{MAX_MESSAGE_BYTES, MAX_PROPOSAL_BYTES, RefusedMessage};
pub use network::{Transport, TransportError};
pub use open::{IfMissing, OpenError, OpenStore, create_backend, open_backend, open_file};
pub use settings::EngineSettings;
pub use standing::{PeerStanding, Role, Standing, Stopped};

/// A boxed future, as the injected traits return it.
pub type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;

#[cfg(test)]
mod tests;
