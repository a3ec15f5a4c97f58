//! What a node's components are worth beside the ones that were validated. Pure decisions: what was found on a
//! disk comes in as values.
//!
//! * [`version`]: which of two versions is the older one, by the rules of whoever made them.
//! * [`compare`]: whether what a file holds is the same as, older or newer than what it should hold, or foreign.
//! * [`judge`]: from a baseline and what a node has to findings, and to what the node is ready for.
//! * [`capture`]: from what nodes have to the next baseline.
//! * [`change`]: what differs between two baselines, which way, and who has to sign it.
//! * [`signature`]: whether somebody who may has signed.
//! * [`guard`]: whether an installer may do what it is about to do.
//! * [`root`]: one hash for what two nodes have, equal where nothing differs.
//!
//! What it deliberately does not do: it reads no file and no database of packages, and hashes nothing but what it
//! is given.

pub mod capture;
pub mod change;
pub mod compare;
pub mod guard;
pub mod inventory;
pub mod judge;
pub mod root;
#[cfg(test)]
mod samples;
pub mod signature;
pub mod symbols;
pub mod version;
