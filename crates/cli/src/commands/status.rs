//! `steadfast status`: the cluster as the asked node knows it.

use super::{Format, watch};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::status::status;

/// Show the cluster as this node knows it, also without quorum
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    /// Show it again whenever it changes, until interrupted; with --json, a line for each change
    #[arg(long)]
    watch: bool,
}

pub(crate) async fn run(args: Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client()?;
    if args.watch {
        return watch::run(&client, args.format, context.out).await;
    }
    let found = client.status().await?;
    if args.format.json {
        context.out.json(&found)?;
    } else {
        let width = context.out.width();
        context.out.data(&status(&found, width))?;
    }
    Ok(Exit::Done)
}
