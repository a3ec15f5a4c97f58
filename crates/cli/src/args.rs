//! The commands, noun and verb, and what is said when they are used wrongly.

use crate::commands::{
    apply, baseline, check, completion, component, credential, demo, events, explain, group, guard, init,
    join, maintenance, man, node, plan, resource, status, token, types,
};
use crate::exit::Exit;
use crate::settings::Global;
use clap::{Parser, Subcommand};

/// Failover cluster server for Linux.
///
/// Steadfast keeps each service running on exactly one healthy node, and says why it runs where
/// it does. Every command asks the daemon of this machine, or with --server any node of a cluster.
#[derive(Debug, Parser)]
#[command(name = "steadfast", version, arg_required_else_help = true, after_help = exit_codes())]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the node's daemon in the foreground
    ///
    /// Start it first, also on a node that belongs to no cluster yet; `steadfast init` or
    /// `steadfast join` comes after. It reads the node's own file (--config) and nothing else.
    /// SIGTERM stops it in order. Where systemd started it, it says when it is ready.
    Run,
    Init(init::Args),
    Join(join::Args),
    /// Make and list join tokens
    #[command(subcommand)]
    Token(token::Command),
    Status(status::Args),
    Apply(apply::Args),
    /// Print the declarative file as it was applied, byte for byte
    Export,
    /// List, drain, pause, resume and evict nodes
    #[command(subcommand)]
    Node(node::Command),
    /// List, show, move, start and stop groups
    #[command(subcommand)]
    Group(group::Command),
    /// List, show, fail, clear and restart resources
    #[command(subcommand)]
    Resource(resource::Command),
    Maintenance(maintenance::Args),
    /// List, show and test resource types
    #[command(subcommand)]
    Type(types::Command),
    /// Say what resources stand on, and whether it is what was validated
    #[command(subcommand)]
    Component(component::Command),
    /// Capture, raise, roll back and sign what nodes are measured by
    #[command(subcommand)]
    Baseline(baseline::Command),
    /// Say what package managers may not do on this node, and let something through
    #[command(subcommand)]
    Guard(guard::Command),
    Plan(plan::Args),
    Check(check::Args),
    Events(events::Args),
    Explain(explain::Args),
    /// Make, list and revoke credentials for use from elsewhere
    #[command(subcommand)]
    Credential(credential::Command),
    Completion(completion::Args),
    Man(man::Args),
    Demo(demo::DemoArgs),
    /// What the daemon starts to look after resources; of no use by hand
    #[command(hide = true)]
    Monitor,
    /// What the daemon starts to hold the table of nftables when it does not; of no use by hand
    #[command(hide = true)]
    GateKeeper(GateKeeperArgs),
    /// What `type test --record` starts to see which files are read; of no use by hand
    #[command(hide = true)]
    Trace(TraceArgs),
}

/// What `trace` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    /// The process whose children are followed
    pub(crate) process: u32,
}

/// What `gate-keeper` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct GateKeeperArgs {
    /// The socket at which it hands out what it holds
    pub(crate) socket: std::path::PathBuf,
}

fn exit_codes() -> String {
    let codes = Exit::MEANINGS.map(|(exit, meaning)| format!("{} {meaning}", exit.code()));
    format!("Exit codes: {}.", codes.join(", "))
}

/// Prints help, the version, or what is wrong with the arguments.
pub(crate) fn explain_usage(error: &clap::Error) -> Exit {
    // clap knows by itself which stream it is, and whether that is a terminal. If nobody can hear
    // it, nothing is lost that the exit code does not say.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_mistyped_command_names_the_nearest() {
        let error = Cli::try_parse_from(["steadfast", "statsu"]).unwrap_err();
        assert!(error.to_string().contains("'status'"), "{error}");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn options_for_every_command_may_stand_before_and_after_it() {
        for line in ["steadfast --socket /s status", "steadfast status --socket /s"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.global.socket.unwrap().to_str(), Some("/s"));
        }
        let both = ["steadfast", "--socket", "/s", "--server", "10.0.0.1", "status"];
        assert!(Cli::try_parse_from(both).is_err());
    }
}
