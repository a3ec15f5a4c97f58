//! `steadfast plan`: what would be done, and why.

pub(crate) mod answer;

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::{Given, Question};
use crate::render::plan::plan;
use answer::Answer;

/// Say what would be done, and why; change nothing
///
/// Plans as the cluster itself would, without any daemon: from the declarative file and, if given, what
/// `steadfast status --json` printed. First where every group is to be, and why; then every step, with
/// the steps that it waits for. Exit code 3 if anything would be done, 0 if nothing.
#[derive(Debug, clap::Args)]
#[command(mut_arg("file", |file| file.required(true)))]
pub(crate) struct Args {
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    format: Format,
}

pub(crate) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let question = Question::read(&args.given)?;
    let found = planner::plan(&question.spec, &question.view);
    let out = &mut *context.out;
    out.say_block(&question.remarks);
    if args.format.json {
        out.json(&Answer::new(&question.spec, &found))?;
    } else {
        let width = out.width();
        out.data(&plan(&question, &found, width))?;
    }
    Ok(if found.steps.is_empty() { Exit::Done } else { Exit::WouldChange })
}
