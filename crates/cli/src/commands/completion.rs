//! `steadfast completion`: tab completion for a shell.

use crate::args::Cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print the tab completion of a shell
///
/// For example: steadfast completion bash > /etc/bash_completion.d/steadfast
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "steadfast", &mut script);
    context.out.bytes(&script)?;
    Ok(Exit::Done)
}
