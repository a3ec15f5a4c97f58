//! `steadfast component`: what resources stand on, and whether it is what was validated.

use super::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::components;
use api::{Components, NodeComponents};
use model::{AbsolutePath, NodeName};
use std::collections::BTreeSet;

/// What to do with components.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Read all components of all nodes anew, and say what stands on them
    ///
    /// A component is a file that a resource needs on a node: its agent or plug-in, the programs that it calls,
    /// the libraries that these load. They are found by reading; nothing is run. The daemon looks after them all
    /// the time; a scan is for whoever wants to be sure.
    Scan(Which),
    /// List the components of a node, as the daemon knows them
    List(Which),
    /// Show one component: what it is on each node, and who stands on it
    Show {
        /// Its path
        #[arg(value_name = "PATH")]
        path: AbsolutePath,
        #[command(flatten)]
        format: Format,
    },
    /// Say in what nodes differ: from the baseline, or two of them from each other
    ///
    /// Exit code 3 if anything differs.
    Diff {
        /// This node; without it, all
        #[arg(value_name = "NODE")]
        one: Option<NodeName>,
        /// From this one, instead of from the baseline
        #[arg(value_name = "OTHER")]
        other: Option<NodeName>,
        #[command(flatten)]
        format: Format,
    },
}

/// Of which node.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Only this node
    #[arg(long, value_name = "NODE")]
    node: Option<NodeName>,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let width = context.out.width();
    let fresh = matches!(command, Command::Scan(_));
    let mut found = context.client()?.components(fresh).await?;
    let silent = std::mem::take(&mut found.silent);
    let mut exit = Exit::Done;
    match command {
        Command::Scan(which) | Command::List(which) => {
            only(&mut found, which.node.as_ref(), &silent)?;
            if which.format.json {
                context.out.json(&found)?;
            } else if fresh {
                context.out.data(&components::scan(&found, width))?;
            } else {
                context.out.data(&components::list(&found, width))?;
            }
        }
        Command::Show { path, format } => {
            let path = path.to_string();
            let is_known = |node: &NodeComponents| node.components.iter().any(|it| it.path == path);
            if !found.nodes.iter().any(is_known) {
                let what = format!("nothing that runs in this cluster stands on {path}");
                return Err(Failure::new(what).next("steadfast component list"));
            }
            if format.json {
                context.out.json(&components::of_path(&found, &path))?;
            } else {
                context.out.data(&components::show(&found, &path, width))?;
            }
        }
        Command::Diff { one, other, format } => {
            let differs = diff(&mut found, one.as_ref(), other.as_ref(), &silent, format, context)?;
            if differs {
                exit = Exit::WouldChange;
            }
        }
    }
    for silent in &silent {
        context.out.say(&format!("{} does not answer: {}", silent.node, silent.reason));
    }
    Ok(exit)
}

/// Keeps one node alone.
fn only(found: &mut Components, node: Option<&NodeName>, silent: &[api::Silent]) -> Result<(), Failure> {
    let Some(node) = node else { return Ok(()) };
    named(found, node, silent)?;
    found.nodes.retain(|it| it.node == node.as_str());
    Ok(())
}

fn named<'f>(
    found: &'f Components,
    node: &NodeName,
    silent: &[api::Silent],
) -> Result<&'f NodeComponents, Failure> {
    found.nodes.iter().find(|it| it.node == node.as_str()).ok_or_else(|| {
        match silent.iter().find(|it| it.node == node.as_str()) {
            Some(silent) => Failure::new(format!("{node} does not answer")).because(&silent.reason),
            None => Failure::new(format!("there is no node {node}")).next("steadfast node list"),
        }
    })
}

fn diff(
    found: &mut Components,
    one: Option<&NodeName>,
    other: Option<&NodeName>,
    silent: &[api::Silent],
    format: Format,
    context: &mut Context<'_>,
) -> Result<bool, Failure> {
    let width = context.out.width();
    if let (Some(one), Some(other)) = (one, other) {
        let (one, other) = (named(found, one, silent)?, named(found, other, silent)?);
        let differences = components::between(one, other);
        if format.json {
            context.out.json(&differences)?;
        } else {
            context.out.data(&components::differences(one, other, &differences, width))?;
        }
        return Ok(!differences.is_empty());
    }
    only(found, one, silent)?;
    if found.baseline.is_none() {
        let what = "there is no baseline to compare with";
        return Err(Failure::new(what)
            .because("nothing was validated yet")
            .next("steadfast baseline capture"));
    }
    if format.json {
        let shown: Vec<_> = found.nodes.iter().map(|it| (it.node.clone(), it.findings.clone())).collect();
        context.out.json(&shown.into_iter().collect::<std::collections::BTreeMap<_, _>>())?;
    } else {
        context.out.data(&components::findings(found, width))?;
    }
    let differing: BTreeSet<&str> =
        found.nodes.iter().filter(|it| it.differ > 0).map(|it| it.node.as_str()).collect();
    Ok(!differing.is_empty())
}
