//! The options that describe a cluster without asking one.

use super::moment::When;
use model::NodeName;
use planner::hypothesis::Hypothesis;
use std::path::PathBuf;

/// A cluster, described by files.
#[derive(Debug, clap::Args)]
pub(crate) struct Given {
    /// Plan from this declarative file, without asking any node; `-` reads standard input
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The cluster's nodes, in the order of joining, separated by commas; with --state, nodes beside its
    /// own. Without either: the nodes that the file names
    #[arg(long, value_name = "NODES", value_delimiter = ',', requires = "file")]
    pub(crate) nodes: Vec<NodeName>,
    /// How the cluster is: what `steadfast status --json` printed; `-` reads standard input. Without it
    /// nothing runs yet
    #[arg(long, value_name = "STATUS", requires = "file")]
    pub(crate) state: Option<PathBuf>,
    /// Suppose that this happens: node:N=down (or drained, paused, up), resource:GROUP/NAME=failed,
    /// type:TYPE@NODE=broken. Several happen together. Without --state, they happen to a cluster where
    /// everything runs as the file says
    #[arg(long = "if", value_name = "WHAT", requires = "file")]
    pub(crate) suppose: Vec<Hypothesis>,
    /// When it is, for rules and windows of hours: 2026-11-22T14:00 in this machine's time zone,
    /// 2026-11-22T14:00:00Z, or now. Default: when the status was made, else now
    #[arg(long, value_name = "TIME", requires = "file")]
    pub(crate) at_time: Option<When>,
}
