//! May somebody use a file or folder? The kernel is asked, by a program that is that user.
//!
//! Modes alone do not tell where there are access control lists, or where a folder on the way is closed.
//! And such a program may wait for a dead disk, as this monitor must not.

use process::{How, Job, run};
use resource_api::{Failure, Outcome};
use std::path::Path;
use std::time::Duration;

/// Nothing is read; only a dead disk takes longer.
const DEADLINE: Duration = Duration::from_secs(5);

/// What runs a program as somebody else. Part of `util-linux`, which every distribution has.
const SETPRIV: &str = "/usr/bin/setpriv";

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(in crate::types) enum Asking<'a> {
    /// This monitor's own user, who may do almost all.
    Root,
    /// A user with this group and all others that it is in; each by name or number.
    Member(&'a str, &'a str),
    /// A user with this group alone.
    Alone(&'a str, &'a str),
}

/// One question of `test`, such as `-d` or `-x`, about this path. Where nobody can be asked the answer is
/// yes: what is to be done with it will tell.
pub(in crate::types) async fn may(question: &str, path: &Path, asking: Asking<'_>) -> Result<bool, Outcome> {
    let as_user = |user: &str, group: &str, groups: &str| {
        let job = Job::new(SETPRIV).arg(format!("--reuid={user}")).arg(format!("--regid={group}"));
        job.arg(groups).arg("/usr/bin/test")
    };
    let job = match asking {
        Asking::Root => Job::new("/usr/bin/test"),
        Asking::Member(user, group) => as_user(user, group, "--init-groups"),
        Asking::Alone(user, group) => as_user(user, group, "--clear-groups"),
    };
    match run(&job.arg(question).arg(path), DEADLINE).await {
        Ok(ended) if ended.how == How::Exited(1) && ended.output.is_empty() => Ok(false),
        Ok(ended) if ended.how == How::TimedOut => {
            let text = format!("{} does not answer; the disk below it may be dead", path.display());
            Err(Outcome::failed(Failure::Generic, text))
        }
        _ => Ok(true),
    }
}

/// The first folder on the way that this user may not enter, the last one included; nothing: none.
pub(in crate::types) async fn closed<'p>(
    folder: &'p Path,
    asking: Asking<'_>,
) -> Result<Option<&'p Path>, Outcome> {
    if may("-x", folder, asking).await? {
        return Ok(None);
    }
    let mut closed = folder;
    for above in folder.ancestors() {
        if !may("-x", above, asking).await? {
            closed = above;
        }
    }
    Ok(Some(closed))
}
