//! `steadfast apply`: make the cluster what a file says.

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::render::apply::{diff, places, warnings};
use api::client::ClientError;
use api::{ApplyAnswer, ApplyRequest};
use std::path::PathBuf;

/// Make the cluster what a declarative file says
///
/// The whole file or nothing: it is checked against the cluster as it is, changed in one step,
/// and the command returns when that is committed. What the file omits is removed; the printed
/// difference says so. Nothing is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file; `-` reads standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Say what would change, and change nothing; exit code 3 if something would
    #[arg(long)]
    dry_run: bool,
    /// Only if nobody asked for a change since this revision
    #[arg(long, value_name = "REVISION")]
    if_revision: Option<u64>,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (text, name) = files::read_declaration(&args.file)?;
    let request = ApplyRequest { text, dry_run: args.dry_run, if_revision: args.if_revision };
    let answer = match context.client()?.apply(&request).await {
        Ok(answer) => answer,
        Err(error) => return Err(refused(error, &name)),
    };
    let out = &mut *context.out;
    out.say_block(&warnings(&name, &answer.warnings));
    if args.format.json {
        out.json(&answer)?;
    } else {
        out.data(&diff(&answer.diff))?;
        out.say_block(&summary(&args, &answer));
    }
    Ok(if args.dry_run && answer.changed { Exit::WouldChange } else { Exit::Done })
}

/// A refusal that names places is told by them; its own sentence would say the same again.
fn refused(error: ClientError, name: &str) -> Failure {
    match error {
        ClientError::Problem(problem) if !problem.diagnostics.is_empty() => {
            let mistakes = match problem.diagnostics.len() {
                1 => "1 mistake".to_owned(),
                several => format!("{several} mistakes"),
            };
            let failure = Failure::new(format!("{name} has {mistakes}; nothing was changed"));
            let failure = failure.places(places(name, &problem.diagnostics));
            problem.next.into_iter().fold(failure, Failure::next)
        }
        error => error.into(),
    }
}

fn summary(args: &Args, answer: &ApplyAnswer) -> String {
    let revision = answer.revision;
    match (answer.changed, args.dry_run) {
        (true, true) => format!("nothing was changed: the cluster is at revision {revision}\n"),
        (true, false) => format!("applied: the cluster is at revision {revision}\n"),
        // Then the difference says it.
        (false, _) if !answer.diff.is_empty() => String::new(),
        (false, _) => {
            format!("nothing to change: the cluster is what the file says, at revision {revision}\n")
        }
    }
}
