//! `steadfast node`: the members.

use super::Format;
use super::waiting::{How, dry_run, wait};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::nodes;
use api::GroupShown;
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
    /// Move everything away from a node, and give it nothing more
    Drain {
        /// Its name
        #[arg(value_name = "NODE")]
        name: NodeName,
        #[command(flatten)]
        how: How,
    },
    /// Leave a node what it has, and give it nothing more
    Pause {
        /// Its name
        #[arg(value_name = "NODE")]
        name: NodeName,
        #[command(flatten)]
        how: How,
    },
    /// Use a node again that was drained or paused
    Resume {
        /// Its name
        #[arg(value_name = "NODE")]
        name: NodeName,
        #[command(flatten)]
        how: How,
    },
    /// Vouch that a node is down and runs nothing: what it had is free at once
    ///
    /// For a node that is lost with something that nothing protects: make sure that it is powered off, or cut
    /// from disks and networks, before. If it still runs, its groups may run twice.
    ConfirmDown {
        /// Its name
        #[arg(value_name = "NODE")]
        name: NodeName,
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
        Command::Drain { name, how } => return intend(&name, "drain", how, context).await,
        Command::Pause { name, how } => return intend(&name, "pause", how, context).await,
        Command::Resume { name, how } => return intend(&name, "resume", how, context).await,
        Command::ConfirmDown { name } => {
            let done = client.node_act(&name, "confirm-down").await?;
            context.out.say(&format!("{} (revision {})", done.text, done.revision));
        }
        Command::Evict { name } => {
            let done = client.evict(&name).await?;
            context.out.say(&format!("{} (revision {})", done.text, done.revision));
        }
    }
    Ok(Exit::Done)
}

async fn intend(name: &NodeName, verb: &str, how: How, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if how.dry_run {
        let standing = match verb {
            "drain" => planner::Standing::Draining,
            "pause" => planner::Standing::Paused,
            _ => planner::Standing::Up,
        };
        let change = |view: &mut planner::View| {
            if let Some(node) = view.nodes.iter_mut().find(|node| node.name == *name) {
                node.standing = standing;
            }
        };
        return dry_run(context, change).await;
    }
    let changed = context.client()?.node_act(name, verb).await?;
    context.out.say(&format!("{} (revision {})", changed.text, changed.revision));
    if how.no_wait || verb != "drain" {
        return Ok(Exit::Done);
    }
    let has = |group: &GroupShown| {
        group.owner.as_deref().is_some_and(|owners| owners.split(", ").any(|owner| owner == name.as_str()))
    };
    // What left has to have arrived.
    let is_empty = |groups: &[GroupShown]| !groups.iter().any(|group| has(group) || group.state == "pending");
    wait(
        context,
        &changed,
        |group| has(group) || group.state == "pending",
        is_empty,
        &format!("steadfast node resume {name}"),
    )
    .await
}
