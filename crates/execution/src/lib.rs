//! Carrying out plans: the leader's half and the node's half, as state machines without I/O.
//!
//! The leader plans whenever anything is not as its last plan assumed, and of each plan only the steps that
//! wait for nothing are taken ([`executor`]): an ownership is proposed to the database, everything else is an
//! [`Order`] to a node. The node's half ([`runner`]) does what it is ordered, as far as it may: it holds each
//! order against what it owns and against its lease, keeps gates and monitors told of deadlines, and stops
//! by itself what it may no longer run. What is the case on a node, it says in a [`Report`].
//!
//! ```text
//!   leader:  reports, database --> overview (a View) --> planner --> executor --> orders, proposals
//!   node:    orders, lease, database, monitors' words --> runner --> calls, gates, deadlines, reports
//! ```
//!
//! Nothing here remembers a plan: a leader that dies in the middle of one leaves nothing to be finished. Its
//! successor reads the database and the reports, and plans anew. That is also why a step is never waited for
//! in here: the state that it leads to is.
//!
//! Deliberately absent: choosing places (crate `planner`), counting leases (crate `lease`), and all I/O.
//! Read next: [`order`], [`runner`], [`executor`].

pub mod executor;
pub mod order;
pub mod overview;
pub mod protection;
pub mod runner;

pub use executor::{Dispatch, Executor, Key};
pub use order::{CopyReport, FailureSeen, Order, Report, Reports, ResourceReport, Sequel};
pub use runner::{Clock, Effect, Feeding, Runner, Target};
