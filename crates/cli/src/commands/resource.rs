//! `steadfast resource`: what a group is made of.

use super::{Format, not_found};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::groups;
use api::{GroupShown, ResourceShown, ResourceVerb};
use serde::Serialize;

/// What to do with resources.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the resources of all groups
    List(Format),
    /// Show a resource
    Show {
        /// Its name, or GROUP/RESOURCE where several groups have one of that name
        #[arg(value_name = "RESOURCE")]
        name: String,
        #[command(flatten)]
        format: Format,
    },
    /// Initiate a failure, as if it had been noticed
    Fail {
        /// Its name, or GROUP/RESOURCE
        #[arg(value_name = "RESOURCE")]
        name: String,
    },
    /// Forget the failures of a resource: it is tried again wherever it may be
    Clear {
        /// Its name, or GROUP/RESOURCE
        #[arg(value_name = "RESOURCE")]
        name: String,
    },
    /// Stop and start a resource, and what needs it, where it is
    Restart {
        /// Its name, or GROUP/RESOURCE
        #[arg(value_name = "RESOURCE")]
        name: String,
    },
}

/// A resource, and where it belongs.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Placed<'a> {
    /// Its group.
    pub(crate) group: &'a str,
    /// Who owns that.
    pub(crate) owner: Option<&'a str>,
    /// The resource.
    #[serde(flatten)]
    pub(crate) resource: &'a ResourceShown,
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let groups = context.client()?.status().await?.groups;
    let all = placed(&groups);
    let width = context.out.width();
    match command {
        Command::List(Format { json: true }) => context.out.json(&all)?,
        Command::List(_) => context.out.data(&groups::resources(&all, width))?,
        Command::Fail { name } => act(find(&all, &name)?, ResourceVerb::Fail, context).await?,
        Command::Clear { name } => act(find(&all, &name)?, ResourceVerb::Clear, context).await?,
        Command::Restart { name } => act(find(&all, &name)?, ResourceVerb::Restart, context).await?,
        Command::Show { name, format } => {
            let found = find(&all, &name)?;
            if format.json {
                context.out.json(found)?;
            } else {
                context.out.data(&groups::resource(found, width))?;
            }
        }
    }
    Ok(Exit::Done)
}

async fn act(found: &Placed<'_>, verb: ResourceVerb, context: &mut Context<'_>) -> Result<(), Failure> {
    let done = context.client()?.resource_act(found.group, &found.resource.name, verb).await?;
    context.out.say(&done.text);
    Ok(())
}

fn placed<'a>(groups: &'a [GroupShown]) -> Vec<Placed<'a>> {
    let of = |group: &'a GroupShown| {
        let GroupShown { name, owner, resources, .. } = group;
        resources.iter().map(|resource| Placed { group: name, owner: owner.as_deref(), resource })
    };
    groups.iter().flat_map(of).collect()
}

fn find<'a>(all: &'a [Placed<'a>], given: &str) -> Result<&'a Placed<'a>, Failure> {
    let matches = |placed: &&Placed<'_>| match given.split_once('/') {
        Some((group, name)) => placed.group == group && placed.resource.name == name,
        None => placed.resource.name == given,
    };
    let found: Vec<_> = all.iter().filter(matches).collect();
    match found[..] {
        [one] => Ok(one),
        [] => {
            let names = all.iter().map(|placed| placed.resource.name.as_str());
            Err(not_found("resource", given, names, "steadfast resource list"))
        }
        [first, ..] => {
            let groups: Vec<_> = found.iter().map(|placed| placed.group).collect();
            Err(Failure::new(format!(
                "several groups have a resource named `{given}`: {}",
                groups.join(", ")
            ))
            .next(format!("steadfast resource show {}/{given}", first.group)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn a_resource_is_found_by_its_name_and_by_its_group_where_that_is_not_enough() {
        let mut groups = samples::three_nodes().groups;
        let one = groups.clone();
        assert_eq!(find(&placed(&one), "ip").unwrap().group, "web");
        groups.push(GroupShown { name: "mail".to_owned(), ..groups[0].clone() });
        let several = find(&placed(&groups), "ip").unwrap_err().render();
        assert!(several.contains("web, mail") && several.contains("web/ip"), "{several}");
        assert_eq!(find(&placed(&groups), "mail/ip").unwrap().group, "mail");
        let missing = find(&placed(&one), "sit").unwrap_err().render();
        assert!(missing.contains("did you mean `site`?"), "{missing}");
    }
}
