//! `steadfast explain`: what an event means, or why a group is where it is.

mod event;
mod group;

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::Given;
use model::GroupName;

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
    match group::run(&args.what, &args.given, args.format, context).await {
        // Nobody can say whether there is such a group; that it is no event is certain.
        Err(failure) if failure.exit() == Exit::NoAnswer && !args.given.is_anything() => {
            event::run(&args.what, args.format, context)
        }
        done => done,
    }
}

/// Numbers are events, and so is what cannot be the name of a group, such as `NODE_DOWN`. Whoever has a group
/// that is called like an event asks for it with `--at-time now`.
fn is_event(what: &str) -> bool {
    let is_number = what.bytes().all(|byte| byte.is_ascii_digit());
    is_number || what.parse::<GroupName>().is_err() || ::events::find(what).is_ok()
}
