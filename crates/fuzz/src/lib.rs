//! Fuzz targets on the stable compiler: every decoder that reads before authentication, and those
//! that read the operator's files and the disk.
//!
//! ```text
//!   corpus/TARGET/*, seeds in code --> mutate (a number chooses) --> Target::run --> holds, or not
//! ```
//!
//! An input is a function of the corpus and of one number, so a failure is told by its number, and
//! also kept as a file. What must hold for every input: no panic, an end within [`drive::CPU_MAX`],
//! and what the target says about the result (what was decoded is encoded and decoded alike, what
//! was refused was left alone, and so on).
//!
//! What it does not do: it is not guided by coverage, which would need a nightly compiler. The
//! corpus takes that place: each file of it reaches another part of a decoder.
//!
//! Read next: `targets` for the list, `drive` for what is observed, `mutate` for what is tried.

mod corpus;
pub mod drive;
mod mutate;
mod panics;
mod targets;

pub use targets::{TARGETS, Target, named};
