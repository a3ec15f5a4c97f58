//! The library of a native plug-in: can it be loaded on this node, and what keeps it from that?
//!
//! The answer comes from reading files alone (crate `elf`); nothing of the library runs for it. It is
//! looked at again every few seconds, because what breaks a plug-in is mostly somebody who replaces a
//! file that it needs, while it runs or while nobody uses it. A look at files that have not changed
//! costs some dozen `stat`s. What is broken is read again at each look, so that it does not matter where
//! the missing file appears.

use super::trouble::{Trouble, not_loadable};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// From one look to the next. Whoever broke a file is told of it while he still knows what he did.
const LOOK: Duration = Duration::from_secs(2);

/// What a file is recognised by: its times, its number and its size. Nothing, if it is not there.
type Mark = Option<(u64, i64, i64, i64, u64)>;

/// A library and what is known of it.
pub(super) struct Library {
    path: PathBuf,
    host: PathBuf,
    looked: watch::Sender<Option<Looked>>,
}

/// What a look found.
#[derive(Clone, PartialEq)]
pub(super) struct Looked {
    /// What keeps it from being loaded.
    pub(super) trouble: Option<Trouble>,
    /// The files that it stands on, each with its mark.
    files: Vec<(PathBuf, Mark)>,
}

impl Library {
    /// One at this path, to be loaded by that program.
    pub(super) fn new(path: &Path, host: &Path) -> Self {
        Self { path: path.to_owned(), host: host.to_owned(), looked: watch::Sender::new(None) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is known, and what is found from now on; nothing before the first look.
    pub(super) fn looked(&self) -> watch::Receiver<Option<Looked>> {
        self.looked.subscribe()
    }

    /// What keeps it from being loaded, as far as is known.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.looked.borrow().as_ref()?.trouble.clone()
    }

    /// Looks for ever; `changed` is called after each look that found something else than the one before.
    /// `types` are those that it serves, for the event that they cannot be used.
    pub(super) async fn look(&self, types: impl Fn() -> BTreeSet<String>, changed: impl Fn()) {
        loop {
            let before = self.looked.borrow().clone();
            let (path, host, names) = (self.path.clone(), self.host.clone(), types());
            let known = before.clone();
            let look = move || look_once(&path, &host, &names, known.as_ref());
            // Reading a library takes milliseconds, on a disk that stalls far more.
            if let Ok(found) = tokio::task::spawn_blocking(look).await
                && before.as_ref() != Some(&found)
            {
                self.looked.send_replace(Some(found));
                changed();
            }
            sleep(LOOK).await;
        }
    }
}

fn look_once(path: &Path, host: &Path, types: &BTreeSet<String>, before: Option<&Looked>) -> Looked {
    if let Some(before) = before
        && before.trouble.is_none()
        && before.files.iter().all(|(file, known)| mark(file) == *known)
    {
        return before.clone();
    }
    // Marked first: what changes while it is read is found by the next look.
    let cache = PathBuf::from("/etc/ld.so.cache");
    let cache = (cache.clone(), mark(&cache));
    let check = elf::check_in(&elf::Search::of_this_machine(), Some(host), path);
    let files = check.files.iter().map(|file| (file.path.clone(), mark(&file.path)));
    let files = files.chain([(path.to_owned(), mark(path)), cache]).collect();
    Looked { trouble: not_loadable(path, types, &check.problems), files }
}

/// Checks a library once: why it cannot be loaded.
pub(super) fn check(path: &Path, host: &Path) -> Result<(), String> {
    let looked = look_once(path, host, &BTreeSet::new(), None);
    looked.trouble.map_or(Ok(()), |trouble| Err(trouble.why))
}

fn mark(file: &Path) -> Mark {
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.size()))
}
