//! The contract between the node daemon, its resource monitors and native plug-ins.
//!
//! The daemon never loads foreign code. A *monitor* does, in a process and a cgroup of its own: one
//! for the built-in types, OCF agents and systemd units, and one `steadfast-plugin-host` per native
//! plug-in. All of them speak the same protocol over a socket pair:
//!
//! * [`frame`]: a length and a JSON document, bounded, versioned by the first message.
//! * [`message`]: what the daemon asks ([`ToMonitor`]) and what a monitor says ([`FromMonitor`]).
//! * [`verb`]: what can be asked of a resource, in the words of the original's resource DLLs and of OCF.
//! * [`outcome`]: what became of it.
//! * [`instance`]: a resource as a monitor knows it.
//! * [`notes`]: what agents note for the cluster; [`cluster`]: what they may ask about it.
//! * [`latest`]: the queue in which what either side has not heard yet waits, bounded.
//! * [`metadata`]: a type as it describes itself; [`check`]: given parameters against that.
//! * [`abi`]: the C side of native plug-ins, the mirror of `include/steadfast_plugin.h`.
//!
//! Plain data and its encoding, nothing else: no clock, no process, no socket. The plug-in host, which
//! must start where much is broken, depends on this crate and little more.

pub mod abi;
pub mod check;
pub mod cluster;
pub mod frame;
pub mod instance;
pub mod latest;
pub mod message;
pub mod metadata;
pub mod notes;
pub mod outcome;
pub mod verb;

pub use check::ParameterProblem;
pub use cluster::Cluster;
pub use instance::{Checks, Instance, ResourceId};
pub use latest::Latest;
pub use message::{FromMonitor, Hello, ToMonitor};
pub use metadata::{Kind, Parameter, TypeDescription};
pub use notes::{Note, Notes};
pub use outcome::{Failure, Outcome, Role, Verdict};
pub use verb::Verb;
