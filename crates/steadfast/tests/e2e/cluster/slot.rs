//! A place among the few tests that may have hosts at a time.
//!
//! A dozen clusters on two cores would keep all their promises, but each so late that deadlines
//! mean nothing. Test runners count threads or processes of their own; this counts labs, across
//! all of them, with locks that the kernel releases however a test ends.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// How many tests with hosts run at a time: two, so that one works while the other waits for a
/// deadline of the cluster's.
const SLOTS: usize = 2;

/// A place, held until it is dropped.
pub(crate) struct Slot(#[expect(dead_code, reason = "held, never read")] File);

impl Slot {
    /// Waits for a place, however long the others take.
    pub(crate) fn wait() -> Self {
        let open = |number| {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("e2e-slot-{number}"));
            File::options().create(true).truncate(false).write(true).open(path).expect("a file in target")
        };
        let slots: Vec<File> = (0..SLOTS).map(open).collect();
        loop {
            for slot in &slots {
                if slot.try_lock().is_ok() {
                    return Self(slot.try_clone().expect("a descriptor"));
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
