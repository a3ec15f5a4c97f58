//! `steadfast plan`: what would be done, and why.

mod history;

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::{Given, Question, Start, after};
use crate::render::plan::plans as render;
use planner::Plan;
use planner::answer::Answer;

/// How many plans are shown of a cluster that comes up. Each follows from a primary that another group
/// waits for; whoever has more of them in a row reads the last in the cluster itself.
const PLANS_MAX: usize = 8;

/// Say what would be done, and why; change nothing
///
/// Plans as the cluster itself does, of what its leader knows. First where every group is to be, and why;
/// then every step, with the steps that it waits for. With --at: as the cluster was when an earlier plan was
/// made, which says why it did what it did. With --file, without any daemon: from the declarative file
/// and, if given, what `steadfast status --json` printed. Exit code 3 if anything would be done, 0 if nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) given: Given,
    /// List the plans that were made, with their numbers, and why each was made when it was
    #[arg(long, conflicts_with_all = ["file", "suppose", "at_time", "at"])]
    history: bool,
    /// With --history: at most the latest so many: 1 to 10000 [default: 100]
    #[arg(short = 'n', long, value_name = "NUMBER", requires = "history",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: Option<u32>,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if args.history {
        return history::run(args.limit, args.format, context).await;
    }
    let question = Question::ask(&args.given, context).await?;
    let plans = plans(&question);
    let out = &mut *context.out;
    out.say_block(&question.remarks);
    if args.format.json {
        out.json(&Answer::new(&question.spec, &plans))?;
    } else {
        let width = out.width();
        out.data(&render(&question, &plans, width))?;
    }
    let changes = plans.iter().any(|plan| !plan.steps.is_empty());
    Ok(if changes { Exit::WouldChange } else { Exit::Done })
}

/// The plan; and where nothing runs yet, those that follow it. A copy that is to be the primary has to run
/// first, and what needs the primary comes after that.
pub(crate) fn plans(question: &Question) -> Vec<Plan> {
    let spec = &question.spec;
    let mut plans = vec![planner::plan(spec, &question.view)];
    let mut view = question.view.clone();
    while question.start == Start::Nothing && plans.len() < PLANS_MAX {
        view = after(spec, &view);
        let next = planner::plan(spec, &view);
        if next.steps.is_empty() {
            break;
        }
        plans.push(next);
    }
    plans
}
