//! `steadfast node`: the members.

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::nodes;
use model::NodeName;

/// What to do with nodes.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the nodes
    List(Format),
    /// Show a node
    Show {
        /// Its name
        #[arg(value_name = "NODE")]
        name: NodeName,
        #[command(flatten)]
        format: Format,
    },
    /// Remove a node from the cluster for good
    ///
    /// From then on it can neither vote nor act, and its certificate is refused for ever. To come
    /// back it needs an empty data directory and a new join token.
    Evict {
        /// Its name
        #[arg(value_name = "NODE")]
        name: NodeName,
    },
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client()?;
    let width = context.out.width();
    match command {
        Command::List(Format { json: true }) => context.out.json(&client.nodes().await?)?,
        Command::List(_) => context.out.data(&nodes::list(&client.nodes().await?, None, width))?,
        Command::Show { name, format } => {
            let node = client.node(&name).await?;
            if format.json {
                context.out.json(&node)?;
            } else {
                context.out.data(&nodes::show(&node, width))?;
            }
        }
        Command::Evict { name } => {
            let done = client.evict(&name).await?;
            context.out.say(&format!("{} (revision {})", done.text, done.revision));
        }
    }
    Ok(Exit::Done)
}
