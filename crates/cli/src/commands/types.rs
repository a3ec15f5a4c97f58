//! `steadfast type`: what can be a resource, and where.

mod test;

use super::{Format, not_found};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::Out;
use crate::paint::{Tone, clean, tone};
use crate::render::types;
use api::client::{Client, ClientError};
use api::{ProblemKind, Silent};
use model::TypeName;

/// What to do with resource types.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the resource types, and the nodes on which each can be used
    ///
    /// With --json every type describes itself, for which each agent is run: that takes some seconds.
    List(Format),
    /// Show a resource type: where it can be used and why not elsewhere, and its parameters
    Show {
        /// Its name
        #[arg(value_name = "TYPE")]
        name: TypeName,
        #[command(flatten)]
        format: Format,
    },
    Test(test::Args),
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let width = context.out.width();
    match command {
        Command::Test(args) => return test::run(args, context).await,
        Command::List(format) => {
            let found = context.client()?.types(format.json).await?;
            if format.json {
                context.out.json(&found.types)?;
            } else {
                context.out.data(&types::list(&found.types, width))?;
            }
            name_silent(&found.silent, context.out);
        }
        Command::Show { name, format } => {
            let client = context.client()?;
            let shown = match client.resource_type(&name).await {
                Ok(shown) => shown,
                Err(error) => return Err(with_nearest(&client, &name, error).await),
            };
            if format.json {
                context.out.json(&shown)?;
            } else {
                context.out.data(&types::show(&shown, width))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Says whose types are not known.
fn name_silent(silent: &[Silent], out: &mut Out) {
    for Silent { node, reason } in silent {
        let text = format!("{node} did not answer, what it can run is not known: {reason}");
        out.say(&format!("{} {}", tone("warning:", Tone::Doubt), clean(&text)));
    }
}

/// A name that nobody knows is probably mistyped.
async fn with_nearest(client: &Client, name: &TypeName, error: ClientError) -> Failure {
    let is_unknown = matches!(&error, ClientError::Problem(why) if why.kind == ProblemKind::NotFound);
    match client.types(false).await {
        Ok(known) if is_unknown && known.silent.is_empty() => {
            let names = known.types.iter().map(|shown| shown.name.as_str());
            not_found("resource type", name.as_str(), names, "steadfast type list")
        }
        _ => error.into(),
    }
}
