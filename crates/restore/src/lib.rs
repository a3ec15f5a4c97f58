//! Puts files where they belong, each as a whole: after a power cut it is the old one or the new one, never a part.
//!
//! * [`write_whole`]: a file of our own.
//!
//! What it deliberately does not do: it decides nothing. What a file should hold comes in as a value.

mod whole;

pub use whole::{sync_folder, write_whole};
