//! `steadfast baseline`: what nodes are measured by, and who stands for it.

mod keys;
mod make;

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::baseline;
use api::{BaselineDiffQuery, BaselineQuery};

/// What to do with baselines.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Capture(make::Capture),
    Raise(make::Raise),
    Rollback(make::Rollback),
    Waive(make::Waive),
    /// Show a baseline
    Show {
        /// Its number [default: the present one]
        #[arg(value_name = "NUMBER")]
        generation: Option<u64>,
        /// Print the text that was signed, and the signatures, as `raise --file` takes them
        #[arg(long, conflicts_with = "json")]
        signed: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Say what differs between two baselines
    Diff {
        /// The one [default: the one before the other]
        #[arg(value_name = "FROM")]
        from: Option<u64>,
        /// The other [default: the present one]
        #[arg(value_name = "TO")]
        to: Option<u64>,
        #[command(flatten)]
        format: Format,
    },
    /// List the baselines that are kept
    History(Format),
    Sign(make::Sign),
    /// Enrol, list and remove those who may sign baselines
    #[command(subcommand)]
    Signer(keys::Command),
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let width = context.out.width();
    match command {
        Command::Capture(args) => return make::capture(args, context).await,
        Command::Raise(args) => return make::raise(args, context).await,
        Command::Rollback(args) => return make::rollback(args, context).await,
        Command::Waive(args) => return make::waive(args, context).await,
        Command::Sign(args) => return make::sign(&args, context),
        Command::Signer(command) => return keys::run(command, context).await,
        Command::Show { generation, signed, format } => {
            let shown = context.client()?.baseline(&BaselineQuery { generation }).await?;
            if signed {
                context.out.json(&shown.signed)?;
            } else if format.json {
                context.out.json(&shown)?;
            } else {
                context.out.data(&baseline::show(&shown, width))?;
            }
        }
        Command::Diff { from, to, format } => {
            let found = context.client()?.baseline_diff(&BaselineDiffQuery { from, to }).await?;
            if format.json {
                context.out.json(&found)?;
            } else {
                context.out.data(&baseline::diff(&found, width))?;
            }
        }
        Command::History(format) => {
            let history = context.client()?.baseline_history().await?;
            if format.json {
                context.out.json(&history)?;
            } else {
                context.out.data(&baseline::history(&history, width))?;
            }
        }
    }
    Ok(Exit::Done)
}
