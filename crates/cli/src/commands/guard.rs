//! `steadfast guard`: what package managers may not do on this node.

mod hook;
mod system;

pub(crate) use hook::run as hook;

use super::{Format, duration};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use ::guard::Change;
use ::guard::answer;
use ::guard::folder::{Folder, PolicyError};
use model::Timestamp;
use model::stored::{GuardDeed, GuardNote, Permit};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What to do with the guard.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say what stands guard on this node, and what was let through
    Status(Format),
    /// Say whether these packages would be refused; installs nothing
    ///
    /// Exit code 1 if one would be.
    Check {
        /// The packages, as files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Let a package through that is refused, on this node, for a while
    ///
    /// Root on this node may. It is told as an event on every node, and the components that it brings are still
    /// held against the baseline: the node is not ready for what stands on them.
    Allow {
        /// Which; without a version, any
        #[arg(value_name = "PACKAGE[=VERSION]")]
        package: String,
        /// Why; it is told with the event
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// For how long
        #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = duration)]
        how_long: Duration,
    },
    /// Write the preferences by which apt does not even choose what would be refused
    ///
    /// Done by itself after `apt update`, and when another baseline counts.
    Pins {
        /// Say nothing unless something is wrong
        #[arg(long)]
        quiet: bool,
    },
    /// Make the package that conflicts with what would be refused, so that dpkg says no by itself
    ///
    /// Make it again when another baseline counts; a rollout does that by itself where it is installed.
    Shield {
        /// Install it
        #[arg(long, conflicts_with = "out")]
        install: bool,
        /// Write it to this file
        #[arg(long, value_name = "FILE", required_unless_present = "install")]
        out: Option<PathBuf>,
    },
    /// What package managers call before they change anything; of no use by hand
    #[command(hide = true)]
    Hook {
        /// Who calls
        caller: hook::Caller,
    },
}

pub(crate) fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let folder = Folder::of(&context.data_dir()?);
    match command {
        Command::Status(format) => status(&folder, format, context),
        Command::Check { files } => check(&folder, &files, context),
        Command::Allow { package, reason, how_long } => allow(&folder, &package, reason, how_long, context),
        Command::Pins { quiet } => system::pins(&folder, quiet, context),
        Command::Shield { install, out } => system::shield(&folder, install, out.as_deref(), context),
        Command::Hook { .. } => Err(Failure::usage("a hook is called by a package manager")),
    }
}

/// The wall clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The policy of this node, or why there is none.
fn policy(folder: &Folder) -> Result<::guard::folder::Policy, Failure> {
    folder.policy().map_err(|error| {
        let failure = Failure::new("the guard of this node has nothing to go by").because(&error);
        match error {
            PolicyError::None => failure.next("steadfast baseline capture, on any node of the cluster"),
            PolicyError::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                failure.next("the same as root")
            }
            _ => failure.next("systemctl restart steadfast: the daemon writes it anew"),
        }
    })
}

/// As it is printed.
#[derive(Serialize)]
struct Standing {
    cluster: String,
    baseline: u64,
    hooks: system::Hooks,
    shield: Option<String>,
    permits: Vec<Permit>,
}

fn status(folder: &Folder, format: Format, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let policy = policy(folder)?;
    let now = now();
    let standing = Standing {
        cluster: policy.cluster.to_string(),
        baseline: policy.baseline.generation.0,
        hooks: system::Hooks::look(Path::new("/")),
        shield: system::installed_shield(Path::new("/")),
        permits: folder.permits().into_iter().filter(|permit| now < permit.until).collect(),
    };
    if format.json {
        context.out.json(&standing)?;
        return Ok(Exit::Done);
    }
    let mut text = format!("guards    baseline {} of cluster {}\n", standing.baseline, standing.cluster);
    let is = |there: bool| if there { "yes" } else { "no: install the package steadfast" };
    text.push_str(&format!("apt       {}\n", is(standing.hooks.apt)));
    text.push_str(&format!("dpkg      {}\n", is(standing.hooks.dpkg)));
    text.push_str(&format!(
        "pins      {}\n",
        if standing.hooks.pins { "yes" } else { "none are needed, or none are written" }
    ));
    let wanted = ::guard::shield::version(&policy.baseline);
    text.push_str(&match &standing.shield {
        Some(version) if *version == wanted => format!("shield    of baseline {version}\n"),
        Some(version) => {
            format!(
                "shield    of baseline {version}; `steadfast guard shield --install` brings it to {wanted}\n"
            )
        }
        None => "shield    none; `steadfast guard shield --install` adds one\n".to_owned(),
    });
    for Permit { package, version, until, reason, by } in &standing.permits {
        let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        text.push_str(&format!("let through until {until}: {package}{version} ({by}: {reason})\n"));
    }
    context.out.data(&text)?;
    Ok(Exit::Done)
}

fn check(folder: &Folder, files: &[PathBuf], context: &mut Context<'_>) -> Result<Exit, Failure> {
    policy(folder)?;
    for file in files {
        if !file.is_file() {
            return Err(Failure::new(format!("{} is no file", file.display())));
        }
    }
    let change =
        |file: &PathBuf| Change { name: None, installed: None, version: None, file: Some(file.clone()) };
    let changes: Vec<Change> = files.iter().map(change).collect();
    let answer = answer::decide(folder, &changes, Path::new("/"), now());
    context.out.say_block(&answer.text());
    if answer.refused.is_empty() {
        context.out.say("Nothing of it would be refused.");
        return Ok(Exit::Done);
    }
    Ok(Exit::Failed)
}

fn allow(
    folder: &Folder,
    package: &str,
    reason: String,
    how_long: Duration,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let policy = policy(folder)?;
    if reason.trim().is_empty() {
        return Err(Failure::usage("a reason is wanted: it is what somebody reads who finds out"));
    }
    let (name, version) = match package.split_once('=') {
        Some((name, version)) => (name, Some(version.to_owned())),
        None => (package, None),
    };
    if name.is_empty() || version.as_ref().is_some_and(String::is_empty) {
        return Err(Failure::usage(format!("`{package}` is no package: expected helper or helper=3.0-1")));
    }
    let now = now();
    let permit = Permit {
        package: name.to_owned(),
        version,
        until: now.plus(how_long),
        reason,
        by: format!("root on {}", policy.node),
    };
    let failed = |error: io::Error| {
        Failure::new("the leave cannot be written down")
            .because(format!("{}: {error}", folder.path().display()))
    };
    folder.change_permits(now, |permits| permits.push(permit.clone())).map_err(failed)?;
    let note =
        GuardNote { at: now, installer: "steadfast".to_owned(), what: GuardDeed::Allowed(permit.clone()) };
    folder.note(&note).map_err(failed)?;
    context.out.say(&format!("{package} may be installed on this node until {}.", permit.until));
    if system::installed_shield(Path::new("/")).is_some() {
        context.out.say("The shield forbids it too until it is made anew: steadfast guard shield --install");
    }
    Ok(Exit::Done)
}
