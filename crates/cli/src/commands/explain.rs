//! `steadfast explain`: what an event means, or why a group is where it is.

mod event;
mod group;

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::Given;

/// Explain an event: its cause, and what to do about it; with --file, why a group is where it is
///
/// The catalogue of events is in the program, so no daemon is needed. With --file the argument is a group:
/// planned as by `steadfast plan`, every node is told with what became of it, and every step with what it
/// waits for.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event's number or symbolic name; with --file, the group
    #[arg(value_name = "WHAT")]
    what: String,
    #[command(flatten)]
    pub(crate) given: Given,
    #[command(flatten)]
    format: Format,
}

pub(crate) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match args.given.file {
        Some(_) => group::run(&args.what, &args.given, args.format, context),
        None => event::run(&args.what, args.format, context),
    }
}
