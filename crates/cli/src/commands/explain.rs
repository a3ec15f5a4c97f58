//! `steadfast explain`: what an event means, or why a group is where it is.

mod event;
mod group;

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::Given;

/// Explain a group: why it is where it is; or an event: its cause, and what to do about it
///
/// Of a group, planned as by `steadfast plan`, every node is told with what became of it, and every step with
/// what it waits for. The catalogue of events is in the program, so for them no daemon is needed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The group; or the event's number or symbolic name
    #[arg(value_name = "WHAT")]
    what: String,
    #[command(flatten)]
    pub(crate) given: Given,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if !args.given.is_anything() && is_event(&args.what) {
        return event::run(&args.what, args.format, context);
    }
    group::run(&args.what, &args.given, args.format, context).await
}

/// Numbers are events, and so is what is written as their names are: `NODE_DOWN`. Whoever has a group of
/// such a name asks for it with `--at-time now`.
fn is_event(what: &str) -> bool {
    let is_number = what.bytes().all(|byte| byte.is_ascii_digit());
    let is_upper =
        what.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    is_number || is_upper || ::events::find(what).is_ok()
}
