//! No file that an honest disk kept is refused, and no internal check of an engine fails.

use crate::history::History;

pub(super) fn check(history: &History) -> Result<(), String> {
    history.alarms.first().map_or(Ok(()), |alarm| Err(format!("{alarm} ({} in all)", history.alarms.len())))
}
