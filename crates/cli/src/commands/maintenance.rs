//! `steadfast maintenance`: hands off, for as long as somebody works.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::ValueEnum;
use model::GroupName;

/// Leave the cluster or a group alone, or no more
///
/// What is in maintenance is looked at, and nothing is started, stopped, moved or taken over. Without a
/// group it is for the whole cluster. It lasts until it is switched off.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whether
    #[arg(value_enum)]
    switch: Switch,
    /// Only this group
    #[arg(value_name = "GROUP")]
    group: Option<GroupName>,
}

/// Whether it is on.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Switch {
    /// Leave it alone
    On,
    /// Go on
    Off,
}

pub(crate) async fn run(args: Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let on = matches!(args.switch, Switch::On);
    let done = context.client()?.maintenance(args.group.as_ref(), on).await?;
    context.out.say(&format!("{} (revision {})", done.text, done.revision));
    Ok(Exit::Done)
}
