//! `steadfast group`: what moves as one.

use super::waiting::{How, dry_run, named, wait};
use super::{Format, not_found};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::groups;
use api::{Changed, GroupShown, MoveRequest};
use model::{GroupName, NodeName};

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
    /// Move a group to another node
    ///
    /// Returns when it runs there. It stays there until something else is asked for, or it cannot be there.
    Move {
        /// Its name
        #[arg(value_name = "GROUP")]
        name: GroupName,
        /// Where to [default: the best node that it is not on]
        #[arg(long, value_name = "NODE")]
        to: Option<NodeName>,
        /// What was asked for before is not wanted any more: it goes where it should be
        #[arg(long, conflicts_with_all = ["to", "dry_run"])]
        cancel: bool,
        #[command(flatten)]
        how: How,
    },
    /// Have a group run
    Online {
        /// Its name
        #[arg(value_name = "GROUP")]
        name: GroupName,
        #[command(flatten)]
        how: How,
    },
    /// Stop a group, until it is wanted online again
    Offline {
        /// Its name
        #[arg(value_name = "GROUP")]
        name: GroupName,
        #[command(flatten)]
        how: How,
    },
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Move { name, cancel: true, .. } => {
            let request = MoveRequest { cancel: true, ..MoveRequest::default() };
            let done = context.client()?.group_move(&name, &request).await?;
            context.out.say(&format!("{} (revision {})", done.text, done.revision));
            Ok(Exit::Done)
        }
        Command::Move { name, to, how, .. } => relocate(&name, to, how, context).await,
        Command::Online { name, how } => want(&name, true, how, context).await,
        Command::Offline { name, how } => want(&name, false, how, context).await,
        Command::List(format) => list(format, context).await,
        Command::Show { name, format } => show(&name, format, context).await,
    }
}

async fn relocate(
    name: &GroupName,
    to: Option<NodeName>,
    how: How,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let client = context.client()?;
    let request = MoveRequest { to, dry_run: how.dry_run, ..MoveRequest::default() };
    let changed = client.group_move(name, &request).await?;
    let to: NodeName = changed.text.parse().map_err(|_| Failure::new("the node's answer names no node"))?;
    if how.dry_run {
        let asked = |view: &mut planner::View| view.groups.entry(name.clone()).or_default().asked = Some(to);
        return dry_run(context, asked).await;
    }
    let changed = Changed { text: format!("group {name} is to move to {to}"), ..changed };
    context.out.say(&format!("{} (revision {})", changed.text, changed.revision));
    if how.no_wait {
        return Ok(Exit::Done);
    }
    let is_there = |groups: &[GroupShown]| {
        named(groups, name)
            .is_some_and(|group| group.owner.as_deref() == Some(to.as_str()) && group.state == "online")
    };
    let undo = format!("steadfast group move {name} --cancel");
    wait(context, &changed, |group| group.name == name.as_str(), is_there, &undo).await
}

async fn want(name: &GroupName, online: bool, how: How, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if how.dry_run {
        let wanted = |view: &mut planner::View| {
            view.groups.entry(name.clone()).or_default().wanted_offline = !online;
        };
        return dry_run(context, wanted).await;
    }
    let changed = context.client()?.group_want(name, online).await?;
    context.out.say(&format!("{} (revision {})", changed.text, changed.revision));
    if how.no_wait {
        return Ok(Exit::Done);
    }
    let wanted = if online { "online" } else { "offline" };
    let is_so = |groups: &[GroupShown]| {
        named(groups, name).is_some_and(|group| group.state == wanted && (online || group.owner.is_none()))
    };
    let other = if online { "offline" } else { "online" };
    let undo = format!("steadfast group {other} {name}");
    wait(context, &changed, |group| group.name == name.as_str(), is_so, &undo).await
}

async fn list(format: Format, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let groups = context.client()?.status().await?.groups;
    let width = context.out.width();
    match format.json {
        true => context.out.json(&groups)?,
        false => context.out.data(&groups::list(&groups, width))?,
    }
    Ok(Exit::Done)
}

async fn show(name: &GroupName, format: Format, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let groups = context.client()?.status().await?.groups;
    let width = context.out.width();
    let names = groups.iter().map(|group| group.name.as_str());
    let group = named(&groups, name)
        .ok_or_else(|| not_found("group", name.as_str(), names, "steadfast group list"))?;
    match format.json {
        true => context.out.json(group)?,
        false => context.out.data(&groups::show(group, width))?,
    }
    Ok(Exit::Done)
}
