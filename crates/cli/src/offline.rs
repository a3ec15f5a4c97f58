//! The planner's input, which `plan`, `explain` and `check` have in common.
//!
//! Without `--file` a node is asked for it: what is known now, or what was when a plan was made. With it,
//! no daemon is needed: the declarative file is read and checked as `apply` does it, and the view is made
//! of the nodes that somebody names or of a status that was kept. What is supposed is applied to either.
//! What comes out is the planner's input and nothing else, so that a command only plans and prints; it is
//! the same planner that the daemon has.

mod file;
mod given;
mod known;
mod moment;
mod question;
mod snapshot;
mod suppose;
#[cfg(test)]
mod tests;

pub(crate) use given::Given;
pub(crate) use question::{Question, Start, after};
