//! `steadfast run`: handed over to the daemon.

use crate::context::config_path;
use crate::settings::{self, Global};
use std::path::PathBuf;

/// What the daemon is told by the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunArgs {
    /// The node's own file.
    pub config: PathBuf,
}

/// What to hand over.
pub(crate) fn hand_over(global: &Global) -> RunArgs {
    RunArgs { config: config_path(global, &settings::from_process) }
}
