//! Planning without a daemon: what `plan`, `explain` and `check` have in common with `--file`.
//!
//! The declarative file is read and checked as `apply` does it, the view is made of the nodes that
//! somebody names or of a status that was kept, and what is supposed is applied to it. What comes out is
//! the planner's input and nothing else, so that a command only asks and prints.

mod file;
mod given;
mod moment;
mod question;
mod snapshot;
mod suppose;
#[cfg(test)]
mod tests;

pub(crate) use given::Given;
pub(crate) use question::{Question, Start, after};
