//! `steadfast export`: the declarative file as it was applied.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) async fn run(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let export = context.client()?.export().await?;
    if export.text.is_empty() {
        context.out.say("nothing was applied yet; `steadfast apply -f FILE` does");
    }
    context.out.bytes(export.text.as_bytes())?;
    Ok(Exit::Done)
}
