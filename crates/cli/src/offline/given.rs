//! The options that say of which cluster, and of what moment of it, one asks.

use super::moment::When;
use model::NodeName;
use planner::hypothesis::Hypothesis;
use std::path::PathBuf;
use std::str::FromStr;

/// A cluster: the one that a node belongs to, now or when a plan was made; or one described by files.
#[derive(Debug, clap::Args)]
pub(crate) struct Given {
    /// Plan from this declarative file, without asking any node; `-` reads standard input. With --at:
    /// from it, in place of the file that was in force
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The cluster's nodes, in the order of joining, separated by commas; with --state, nodes beside its
    /// own. Without either: the nodes that the file names
    #[arg(long, value_name = "NODES", value_delimiter = ',', requires = "file", conflicts_with = "at")]
    pub(crate) nodes: Vec<NodeName>,
    /// How the cluster is: what `steadfast status --json` printed; `-` reads standard input. Without it
    /// nothing runs yet
    #[arg(long, value_name = "STATUS", requires = "file", conflicts_with = "at")]
    pub(crate) state: Option<PathBuf>,
    /// Suppose that this happens: node:N=down (or drained, paused, up), resource:GROUP/NAME=failed,
    /// type:TYPE@NODE=broken, network:N=down. Several happen together. With --file and without --state, they
    /// happen to a cluster where everything runs as the file says
    #[arg(long = "if", value_name = "WHAT")]
    pub(crate) suppose: Vec<Hypothesis>,
    /// When it is, for rules and windows of hours: 2026-11-22T14:00 in this machine's time zone,
    /// 2026-11-22T14:00:00Z, or now. Default: when what is known was so, else now
    #[arg(long, value_name = "TIME")]
    pub(crate) at_time: Option<When>,
    /// As the cluster was when this plan was made: a number that `steadfast plan --history` lists, such
    /// as n1:17; without a node, of the node that answers
    #[arg(long, value_name = "PLAN")]
    pub(crate) at: Option<PlanNumber>,
}

impl Given {
    /// Whether any of the options is given.
    pub(crate) fn is_anything(&self) -> bool {
        self.file.is_some() || self.at.is_some() || self.at_time.is_some() || !self.suppose.is_empty()
    }
}

/// A plan that was made, by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlanNumber {
    /// The node that made it.
    pub(crate) node: Option<NodeName>,
    /// Its number there.
    pub(crate) seq: u64,
}

impl FromStr for PlanNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (node, seq) = text.rsplit_once(':').map_or((None, text), |(node, seq)| (Some(node), seq));
        let wrong = || "expected a plan's number, such as 17 or n1:17".to_owned();
        let node = node.map(|node| node.parse().map_err(|_| wrong())).transpose()?;
        Ok(Self { node, seq: seq.parse().map_err(|_| wrong())? })
    }
}
