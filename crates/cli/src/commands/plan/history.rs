//! The plans that were made.

use crate::commands::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paint::{Tone, clean, tone};
use crate::render::plan::history;
use api::PlansQuery;

pub(super) async fn run(
    limit: Option<u32>,
    format: Format,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let found = context.client()?.plans(&PlansQuery { limit }).await?;
    let out = &mut *context.out;
    if format.json {
        out.json(&found.plans)?;
    } else {
        let width = out.width();
        out.data(&history(&found.plans, width))?;
    }
    for silent in &found.silent {
        let who = tone("warning:", Tone::Doubt);
        let text = format!("{} did not answer, its plans are missing: {}", silent.node, silent.reason);
        out.say(&format!("{who} {}", clean(&text)));
    }
    Ok(Exit::Done)
}
