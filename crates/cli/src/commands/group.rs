//! `steadfast group`: what moves as one.

use super::{Format, not_found};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::groups;
use model::GroupName;

/// What to do with groups.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the groups
    List(Format),
    /// Show a group and its resources
    Show {
        /// Its name
        #[arg(value_name = "GROUP")]
        name: GroupName,
        #[command(flatten)]
        format: Format,
    },
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let groups = context.client()?.status().await?.groups;
    let width = context.out.width();
    match command {
        Command::List(Format { json: true }) => context.out.json(&groups)?,
        Command::List(_) => context.out.data(&groups::list(&groups, width))?,
        Command::Show { name, format } => {
            let named = |group: &&api::GroupShown| group.name == name.as_str();
            let names = groups.iter().map(|group| group.name.as_str());
            let group = groups
                .iter()
                .find(named)
                .ok_or_else(|| not_found("group", name.as_str(), names, "steadfast group list"))?;
            if format.json {
                context.out.json(group)?;
            } else {
                context.out.data(&groups::show(group, width))?;
            }
        }
    }
    Ok(Exit::Done)
}
