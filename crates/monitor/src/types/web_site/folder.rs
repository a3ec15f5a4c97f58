//! The folder that a site serves: is it there, and may those read it who serve it?
//!
//! Whether somebody may is asked of the kernel, by a program that is that user, with all its groups:
//! modes alone do not tell where there are access control lists. Such a program may also wait for a dead
//! disk, as this monitor must not.

use process::{How, Job, run};
use resource_api::{Failure, Outcome};
use std::path::Path;
use std::time::Duration;

/// Nothing is read; only a dead disk takes longer.
const DEADLINE: Duration = Duration::from_secs(5);

/// Whether this user of this group, or everybody if none is said, may look into the folder.
pub(super) async fn is_readable(root: &Path, user: Option<(&str, &str)>) -> Result<(), Outcome> {
    let here = |text| Outcome::failed(Failure::Arguments, text);
    if !ask("-d", root, None).await? {
        return Err(here(format!(
            "`root`: {} is no folder on this node; make it, or let the site depend on the disk that has it",
            root.display()
        )));
    }
    let (Some(user), true) = (user, Path::new(SETPRIV).exists()) else { return Ok(()) };
    if ask("-x", root, Some(user)).await? {
        return Ok(());
    }
    // The first one on the way that stops it.
    let mut stopped = root;
    for folder in root.ancestors() {
        if !ask("-x", folder, Some(user)).await? {
            stopped = folder;
        }
    }
    let (stopped, name) = (stopped.display(), user.0);
    Err(here(format!(
        "`root`: nginx serves as user `{name}`, who may not enter {stopped}; `chmod o+x {stopped}` lets \
         everybody in, `setfacl -m u:{name}:x {stopped}` only that user"
    )))
}

const SETPRIV: &str = "/usr/bin/setpriv";

/// One question of `test`, asked by this user.
async fn ask(question: &str, path: &Path, user: Option<(&str, &str)>) -> Result<bool, Outcome> {
    let job = match user {
        None => Job::new("/usr/bin/test"),
        Some((user, group)) => Job::new(SETPRIV)
            .arg(format!("--reuid={user}"))
            .arg(format!("--regid={group}"))
            .arg("--init-groups")
            .arg("/usr/bin/test"),
    };
    let failed = |text| Err(Outcome::failed(Failure::Generic, text));
    match run(&job.arg(question).arg(path), DEADLINE).await {
        Ok(ended) if ended.how == How::Exited(0) => Ok(true),
        Ok(ended) if ended.how == How::Exited(1) && ended.output.is_empty() => Ok(false),
        Ok(ended) if ended.how == How::TimedOut => {
            failed(format!("`root`: {} does not answer; the disk below it may be dead", path.display()))
        }
        // That nobody can be asked is no reason not to serve: the health check will tell.
        _ => Ok(true),
    }
}
