//! The declarative file: read with its places, checked as a whole, compared.
//!
//! [`parse()`] turns the text of a `cluster.toml` into the desired state of the `model` crate, or
//! into every problem it finds, each with line, column, the line itself, what was expected and
//! the nearest valid word. [`check_against`] holds a good file against the cluster it meets,
//! [`check_agents`] its resources against what their types say of themselves,
//! [`diff()`] says what would change, [`types()`] is the list of built-in resource types and their
//! parameters, and [`starting_file`] is what a new cluster exports.
//!
//! What it does not do: it reads no files (texts arrive as values), it applies nothing, and it
//! never writes a declaration: what `export` prints is the text that was applied, byte for byte,
//! because the comments in it are the administrator's.
//!
//! Its input comes over the network, so it is bounded: [`TEXT_BYTES_MAX`], [`GROUPS_MAX`],
//! [`RESOURCES_MAX`], and nesting ([`too_deep`]; the TOML parser refuses more than 80 levels).
//!
//! Read next: `read` for how a section is read, `check` for what must hold between sections,
//! `diff` for the comparison.

mod against;
mod agents;
mod check;
mod diagnostic;
mod diff;
mod findings;
mod nearest;
mod nesting;
mod parse;
mod place;
mod read;
mod starting;
mod types;
mod value;

pub use against::check_against;
pub use agents::{Said, check_agents};
pub use diagnostic::{Diagnostic, Severity, render};
pub use diff::{Change, ChangeKind, Diff, Item, KeyChange, diff};
pub use nesting::too_deep;
pub use parse::{
    GROUPS_MAX, LIBRARIES_MAX, NODES_MAX, Parsed, RESOURCES_MAX, TEXT_BYTES_MAX, TYPES_MAX, parse,
};
pub use starting::starting_file;
pub use types::{Kind, Parameter, ResourceType, resource_type, types};
