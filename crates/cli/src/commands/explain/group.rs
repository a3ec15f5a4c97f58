//! Why a group is where it is.

use crate::commands::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::{Given, Question};
use crate::render::plan::explained;
use planner::answer::Explained;

pub(super) async fn run(
    what: &str,
    given: &Given,
    format: Format,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let question = Question::ask(given, context).await?;
    let group = question.group(what)?;
    let plan = planner::plan(&question.spec, &question.view);
    let report = planner::explain(&question.spec, &question.view, &group.name)
        .ok_or_else(|| Failure::new(format!("there is no group named `{what}`")))?;
    let out = &mut *context.out;
    out.say_block(&question.remarks);
    if format.json {
        out.json(&Explained::new(group, &report, &plan))?;
    } else {
        let width = out.width();
        out.data(&explained(&question, &report, &plan, width))?;
    }
    Ok(Exit::Done)
}
