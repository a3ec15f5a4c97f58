//! Why a group is where it is.

use crate::commands::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::offline::{Given, Question};
use crate::render::groups;
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
    let is_now = given.file.is_none() && given.at.is_none() && !format.json;
    let takeover = if is_now { takeover(what, context).await } else { String::new() };
    let out = &mut *context.out;
    out.say_block(&question.remarks);
    if format.json {
        out.json(&Explained::new(group, &report, &plan))?;
    } else {
        let width = out.width();
        let mut text = explained(&question, &report, &plan, width);
        text.push_str(&takeover);
        out.data(&text)?;
    }
    Ok(Exit::Done)
}

/// How long a takeover of it would wait, and what protects it. Where no node says so, nothing.
async fn takeover(what: &str, context: &Context<'_>) -> String {
    let Ok(client) = context.client() else { return String::new() };
    let groups = client.groups().await.unwrap_or_default();
    let found = groups.iter().find(|group| group.name == what);
    let text = found.map(groups::takeover).unwrap_or_default();
    if text.is_empty() { text } else { format!("\nif its node were lost, {text}") }
}
