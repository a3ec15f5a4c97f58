//! Unmount, whoever still uses it.

use super::mounts::{self, Mount};
use super::users::{self, User};
use super::{Disk, Looked, Sight, failed};
use process::Watched;
use resource_api::{Failure, Outcome};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, Signal};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Who uses it has so long to end when told to, but no longer than half of the deadline.
const GRACE_MAX: Duration = Duration::from_secs(5);

/// From one try to the next.
const AGAIN: Duration = Duration::from_millis(50);

/// Before the deadline so much is left to say who is in the way.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// What a try came to.
enum Try {
    /// Nothing of it is mounted any more; the number of what was.
    Gone(Option<String>),
    /// These use it.
    Busy(Mount, Vec<User>),
}

pub(super) async fn offline(looked: &Looked, deadline: Duration, by_force: bool) -> Result<Outcome, Outcome> {
    let began = Instant::now();
    let grace = if by_force { Duration::ZERO } else { GRACE_MAX.min(deadline / 2) };
    let most = deadline.saturating_sub(LAST_WORDS);
    let (mut told, mut ended) = (false, Vec::<User>::new());
    let (mount, users) = loop {
        let (mount, users) = match looked.beside(attempt).await? {
            Try::Gone(device) => {
                let text = match ended.as_slice() {
                    [] => String::new(),
                    ended => format!("ended because they used it: {}", users::listed(ended)),
                };
                return nobody_else(looked, device, Outcome { text, ..Outcome::done() }).await;
            }
            Try::Busy(mount, users) => (mount, users),
        };
        for user in &users {
            if !ended.contains(user) {
                ended.push(user.clone());
            }
        }
        if began.elapsed() >= grace {
            signal(&users, Signal::KILL);
        } else if !told {
            signal(&users, Signal::TERM);
            told = true;
        }
        let enough = if by_force { most / 2 } else { most };
        if began.elapsed() + AGAIN >= enough {
            break (mount, users);
        }
        sleep(AGAIN).await;
    };
    let who = match users.as_slice() {
        [] => "nobody that can be seen: the kernel itself (a swap file, an NFS export, a loop device), or \
               another mount namespace"
            .to_owned(),
        users => users::listed(users),
    };
    let at = mount.at.display().to_string();
    if !by_force {
        return Err(Outcome::failed(Failure::Generic, format!("{at} is still in use, by {who}")));
    }
    // Nobody can open anything there any more. What is open stays open, so this is no success.
    let detached = looked.beside(move |_| Ok(unmount(&mount.at, UnmountFlags::DETACH))).await?;
    let detached = if detached.is_ok() { "was taken out of the tree, but is" } else { "is" };
    Err(Outcome::failed(Failure::Generic, format!("{at} {detached} still in use, by {who}")))
}

/// Unmounts all that is ours at the mount point.
fn attempt(disk: &Disk) -> Result<Try, Outcome> {
    let mut gone = None;
    loop {
        let mount = match disk.look()? {
            Sight::Nothing | Sight::Foreign(_) => return Ok(Try::Gone(gone)),
            Sight::Ours(mount, _) | Sight::Orphan(mount, _) => mount,
        };
        match unmount(&mount.at, UnmountFlags::empty()) {
            // The next look says whether there is one more below it.
            Ok(()) | Err(Errno::INVAL | Errno::NOENT) => gone = Some(mount.device),
            Err(Errno::BUSY) => {
                if let Some(inner) = within(&mount)? {
                    let (inner, at) = (inner.at.display(), mount.at.display());
                    let why = format!("{inner} is mounted within {at}; take that offline first");
                    return Err(Outcome::failed(Failure::Generic, why));
                }
                let users = users::of(&mount);
                return Ok(Try::Busy(mount, users));
            }
            Err(error) => return Err(failed(format!("unmount {}", mount.at.display()), error)),
        }
    }
}

/// Something mounted within it.
fn within(mount: &Mount) -> Result<Option<Mount>, Outcome> {
    let all = mounts::ours().map_err(|error| failed("read the list of mounts", error))?;
    Ok(all.into_iter().find(|other| other.at != mount.at && other.at.starts_with(&mount.at)))
}

/// It is gone from where we see it: also from where others do?
async fn nobody_else(looked: &Looked, device: Option<String>, done: Outcome) -> Result<Outcome, Outcome> {
    let Some(device) = device else { return Ok(done) };
    looked
        .beside(move |_| match mounts::elsewhere().into_iter().find(|found| found.mount.device == device) {
            None => Ok(done),
            Some(found) => {
                let (at, pid) = (found.mount.at.display(), found.pid);
                let why = format!("unmounted here, but process {pid} still sees it mounted at {at}");
                Err(Outcome::failed(Failure::Generic, why))
            }
        })
        .await
}

/// Signals those processes, and nobody who has got the number of one that ended.
fn signal(users: &[User], signal: Signal) {
    // The first process of a machine or a container is not ours to end.
    for user in users.iter().filter(|user| user.pid > 1) {
        if let Some(process) = Pid::from_raw(user.pid).and_then(Watched::of) {
            let _ = process.signal(signal);
        }
    }
}
