//! What to measure, on what.

use clap::{Parser, ValueEnum};
use std::fmt;
use std::path::PathBuf;

/// Measures the figures that Steadfast promises, and prints each beside its floor or target.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Args {
    /// What to measure; without, everything, which takes about fifteen minutes,
    /// and ten more where Pacemaker is installed
    #[arg(value_name = "FIGURE")]
    figures: Vec<Wanted>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// The binary to measure; without, the workspace's own is built and used
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// Where the daemons keep their data; without, the build folder. What a disk is fast at depends
    /// on the disk: a folder in memory makes every fsync free
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// How often each of the figures is taken that clients notice
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) rounds: u8,
    /// Only make one plan, for so many nodes and groups, and tell the memory that it took
    #[arg(long, value_name = "NODES,GROUPS", hide = true)]
    pub(crate) memory_of_a_plan: Option<String>,
}

/// A group of figures that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Wanted {
    /// The floor of this machine, and one writer's acknowledged writes
    Commit,
    /// Sixteen writers against one
    Writers,
    /// From the end of the leader to the next acknowledged write
    LeaderLoss,
    /// Memory and processor time of daemons that have nothing to do
    Idle,
    /// From nothing to the first answer, and to a quorum
    Start,
    /// `steadfast status` as a process
    Status,
    /// What a resource monitor costs, and how soon it notices
    Resources,
    /// Plans for thousands of resources, beside `crm_simulate` where that is installed
    Planner,
    /// A lost node, to its address answering from another
    NodeLost,
    /// Whether an address ever has two owners
    TwoOwners,
    /// From nothing to all groups online
    AllOnline,
    /// The outage of a planned move
    Move,
    /// From a failure to a restart
    Restart,
    /// The outage while a daemon is restarted
    DaemonBack,
    /// Failovers when machines stand still for a second
    Stall,
    /// How soon a change of a component is known to all nodes, and what looking after them costs
    Components,
    /// Whether a million files written elsewhere make a false alarm
    Noise,
    /// What a program stands on: found out, looked at and read
    Closure,
    /// Reading all of /usr, beside AIDE where it is installed
    Verify,
    /// What the guard adds to a run of apt or dpkg
    Guard,
    /// When Pacemaker notices that a library on a standby got older, where it is installed
    PacemakerComponents,
}

impl Wanted {
    /// What stands above its figures.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Commit => "An acknowledged write, 3 nodes",
            Self::Writers => "Group commit",
            Self::LeaderLoss => "Loss of the leader",
            Self::Idle => "An idle daemon",
            Self::Start => "Cold start of 3 nodes",
            Self::Status => "The command line",
            Self::Resources => "A resource monitor",
            Self::Planner => "The planner, nodes x resources",
            Self::Guard => "The guard of package managers",
            Self::NodeLost => "A lost node",
            Self::TwoOwners => "Two owners",
            Self::AllOnline => "Everything off and on again",
            Self::Move => "A planned move",
            Self::Restart => "A failed resource",
            Self::DaemonBack => "A daemon killed, and back within the lease",
            Self::Stall => "Machines that stand still for a second",
            Self::Components => "Components",
            Self::Noise => "Components, and a million files elsewhere",
            Self::Closure => "What a program stands on",
            Self::Verify => "Reading all of /usr",
            Self::PacemakerComponents => "Pacemaker, and a library that got older on a standby",
        }
    }
}

impl Wanted {
    /// Whether it is measured on the binary; else it is measured on what is in this program.
    pub(crate) fn needs_the_binary(self) -> bool {
        !matches!(self, Self::Planner | Self::PacemakerComponents | Self::Closure | Self::Verify)
    }

    /// Whether it is measured on whole hosts.
    pub(crate) fn needs_hosts(self) -> bool {
        self.is_noticed_by_clients() || matches!(self, Self::PacemakerComponents | Self::Guard)
    }

    /// Whether it is what clients notice, asked for from a host beside the members.
    pub(crate) fn is_noticed_by_clients(self) -> bool {
        use Wanted::{AllOnline, DaemonBack, Move, NodeLost, Restart, Stall, TwoOwners};
        matches!(self, NodeLost | TwoOwners | AllOnline | Move | Restart | DaemonBack | Stall)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value();
        f.write_str(name.as_ref().map_or("figure", |name| name.get_name()))
    }
}

impl Args {
    /// What to measure, in an order that leaves quiet measurements alone.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        let all = Wanted::value_variants();
        all.iter().copied().filter(|one| self.figures.is_empty() || self.figures.contains(one)).collect()
    }
}
