//! `steadfast man`: the manual pages.

use crate::args::Cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::CommandFactory;
use std::path::PathBuf;

/// Write the manual pages, one per command, into a folder
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; it is made if need be
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(crate) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    std::fs::create_dir_all(&args.dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &args.dir))
        .map_err(|error| {
            Failure::new(format!("cannot write the manual pages into {}", args.dir.display())).because(error)
        })?;
    context.out.say(&format!("the manual pages are in {}", args.dir.display()));
    Ok(Exit::Done)
}
