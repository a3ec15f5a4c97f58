//! The folder that a site serves: is it there, and may those enter it who serve it?

use crate::types::process::access::{Asking, closed, may};
use resource_api::{Failure, Outcome};
use std::path::Path;

/// Whether this user of this group, or everybody if none is said, may look into the folder.
pub(super) async fn is_readable(root: &Path, user: Option<(&str, &str)>) -> Result<(), Outcome> {
    let here = |text| Outcome::failed(Failure::Arguments, text);
    if !may("-d", root, Asking::Root).await? {
        return Err(here(format!(
            "`root`: {} is no folder on this node; make it, or let the site depend on the disk that has it",
            root.display()
        )));
    }
    // nginx gives its workers all groups of their user.
    let Some((name, group)) = user else { return Ok(()) };
    let Some(stopped) = closed(root, Asking::Member(name, group)).await? else { return Ok(()) };
    let stopped = stopped.display();
    Err(here(format!(
        "`root`: nginx serves as user `{name}`, who may not enter {stopped}; `chmod o+x {stopped}` lets \
         everybody in, `setfacl -m u:{name}:x {stopped}` only that user"
    )))
}
