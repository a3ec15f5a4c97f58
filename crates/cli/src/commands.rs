//! The commands, one file each: what its arguments are, what it asks, what it prints.

pub(crate) mod apply;
pub(crate) mod baseline;
pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod component;
pub(crate) mod credential;
pub(crate) mod demo;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod export;
mod follow;
pub(crate) mod group;
pub(crate) mod guard;
pub(crate) mod init;
pub(crate) mod join;
pub(crate) mod maintenance;
pub(crate) mod man;
pub(crate) mod node;
pub(crate) mod plan;
pub(crate) mod resource;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod types;
mod waiting;
mod watch;

use crate::args::Command;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use std::time::Duration;

/// Does what a command says.
pub(crate) async fn dispatch(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(args, context).await,
        Command::Join(args) => join::run(args, context).await,
        Command::Token(command) => token::run(command, context).await,
        Command::Status(args) => status::run(args, context).await,
        Command::Apply(args) => apply::run(args, context).await,
        Command::Export => export::run(context).await,
        Command::Node(command) => node::run(command, context).await,
        Command::Group(command) => group::run(command, context).await,
        Command::Resource(command) => resource::run(command, context).await,
        Command::Maintenance(args) => maintenance::run(args, context).await,
        Command::Type(command) => types::run(command, context).await,
        Command::Events(args) => events::run(args, context).await,
        Command::Plan(args) => plan::run(&args, context).await,
        Command::Check(args) => check::run(&args, context).await,
        Command::Explain(args) => explain::run(&args, context).await,
        Command::Component(command) => component::run(command, context).await,
        Command::Baseline(command) => baseline::run(command, context).await,
        Command::Guard(command) => guard::run(command, context),
        Command::Credential(command) => credential::run(command, context).await,
        Command::Completion(args) => completion::run(&args, context),
        Command::Man(args) => man::run(&args, context),
        Command::Run | Command::Demo(_) | Command::Monitor | Command::GateKeeper(_) | Command::Trace(_) => {
            Err(Failure::new("this command does not ask a node"))
        }
    }
}

/// How to print.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Format {
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads `15m` or `1h` as an argument.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    model::desired::parse_duration(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a whole number and its unit, such as 90s, 15m, 1h or 7d".to_owned())
}

/// A failure to find `given` among `known`, with the nearest of them.
pub(crate) fn not_found<'n>(
    kind: &str,
    given: &str,
    known: impl Iterator<Item = &'n str>,
    list: &str,
) -> Failure {
    with_nearest(Failure::new(format!("no {kind} named `{given}`")).next(list), given, known)
}

/// The same failure, with the nearest of `known` if `given` is probably a mistyped one.
pub(crate) fn with_nearest<'n>(
    failure: Failure,
    given: &str,
    known: impl Iterator<Item = &'n str>,
) -> Failure {
    let distance = |name: &str| strsim::osa_distance(name, given);
    let nearest = known.min_by_key(|name| distance(name));
    // One slip of the finger in three letters is a mistyped name; more is another name.
    match nearest.filter(|name| distance(name) <= given.chars().count().div_ceil(3)) {
        Some(nearest) => failure.because(format!("did you mean `{nearest}`?")),
        None => failure,
    }
}
