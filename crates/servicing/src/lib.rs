//! What a node's components are worth beside the ones that were validated. Pure decisions: what was found on a
//! disk comes in as values.
//!
//! * [`version`]: which of two versions is the older one, by the rules of whoever made them.
//!
//! What it deliberately does not do: it reads no file and no database of packages, and hashes nothing.

pub mod version;
