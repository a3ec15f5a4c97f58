//! What of the guard is in apt's and dpkg's own hands.

use super::{now, policy};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use ::guard::folder::Folder;
use ::guard::{pins, shield};
use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// Which hooks are installed.
#[derive(Serialize)]
pub(super) struct Hooks {
    pub(super) apt: bool,
    pub(super) dpkg: bool,
    pub(super) pins: bool,
}

impl Hooks {
    /// Looks at a system's files.
    pub(super) fn look(root: &Path) -> Self {
        let is_there = |path: &str| root.join(path.trim_start_matches('/')).exists();
        Self {
            apt: is_there("/etc/apt/apt.conf.d/20steadfast"),
            dpkg: is_there("/etc/dpkg/dpkg.cfg.d/steadfast"),
            pins: is_there(pins::FILE),
        }
    }
}

/// For which baseline the shield is that is installed.
pub(super) fn installed_shield(root: &Path) -> Option<String> {
    let dpkg = packages::dpkg::Dpkg::read(root).ok()??;
    dpkg.packages().iter().find(|it| it.name == shield::NAME).map(|it| it.version.clone())
}

pub(super) fn pins(folder: &Folder, quiet: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let policy = match policy(folder) {
        Ok(policy) => policy,
        // After each `apt update`, also of a node that is no member yet.
        Err(_) if quiet => return Ok(Exit::Done),
        Err(failure) => return Err(failure),
    };
    let written = pins::refresh(&policy.baseline);
    let written = written.map_err(|error| {
        Failure::new(format!("cannot write {}", pins::FILE))
            .because(error)
            .next("the same as root, where apt is")
    })?;
    if let Some(count) = written.filter(|_| !quiet) {
        context.out.say(&format!("{}: {count} versions that apt will not choose", pins::FILE));
    }
    Ok(Exit::Done)
}

pub(super) fn shield(
    folder: &Folder,
    install: bool,
    out: Option<&Path>,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let policy = policy(folder)?;
    let package = shield::package(&policy.cluster, &policy.baseline, &folder.permits(), now())
        .map_err(|error| Failure::new("the package cannot be made").because(error))?;
    let at = folder.path().join(format!("{}.deb", shield::NAME));
    let path = out.unwrap_or(&at);
    std::fs::write(path, package)
        .map_err(|error| Failure::new(format!("cannot write {}", path.display())).because(error))?;
    if !install {
        context.out.say(&format!("{}: install it with dpkg -i", path.display()));
        return Ok(Exit::Done);
    }
    let run = Command::new("dpkg").arg("--install").arg(path).output();
    let run = run.map_err(|error| Failure::new("dpkg cannot be started").because(error))?;
    if run.status.success() {
        let version = shield::version(&policy.baseline);
        context
            .out
            .say(&format!("{} {version} is installed: dpkg itself refuses what is older.", shield::NAME));
        return Ok(Exit::Done);
    }
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    let failure =
        said.lines().fold(Failure::new("dpkg did not install it"), |failure, line| failure.because(line));
    Err(failure.next("steadfast component diff: what is older already has to be put right first"))
}
