//! Tests that need a lab, on a machine that cannot have one: skipped by name, never silently.

use std::fs::OpenOptions;
use std::io::Write;

use crate::{Lab, LabError};

/// A lab of `hosts` hosts for the test named `test`; where labs cannot be made, `None` after one
/// line `SKIPPED <test>: <reason>`.
///
/// # Panics
/// When labs can be made here but this one failed; and instead of skipping, when
/// `STEADFAST_REQUIRE_LAB=1` is set.
#[track_caller]
pub fn or_skip(test: &str, hosts: usize) -> Option<Lab> {
    let error = match Lab::new(hosts) {
        Ok(lab) => return Some(lab),
        Err(error) => error,
    };
    match Lab::supported() {
        Ok(()) => panic!("{test}: {error}"),
        Err(reason) => skip(test, &reason),
    }
    None
}

/// Says `SKIPPED <test>: <reason>` on standard error, and appends it to the file named by
/// `STEADFAST_SKIPPED_LOG`, because test runners hide the output of tests that pass.
///
/// # Panics
/// When `STEADFAST_REQUIRE_LAB=1` is set: there, nothing may be skipped.
#[track_caller]
pub fn skip(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {}\n", reason.replace('\n', " "));
    let required = std::env::var_os("STEADFAST_REQUIRE_LAB").is_some_and(|value| value == "1");
    assert!(!required, "STEADFAST_REQUIRE_LAB=1, but: {line}");
    say(&line);
}

/// Says the same of what only another kernel could bring, and so nobody can ask for.
pub fn kernel_lacks(test: &str, what: &str) {
    say(&format!("SKIPPED {test}: this kernel has no {what}\n"));
}

fn say(line: &str) {
    // Not eprint!, which the test harness captures. There is nowhere to report a failure to.
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("STEADFAST_SKIPPED_LOG") {
        let log = OpenOptions::new().create(true).append(true).open(path);
        let _ = log.and_then(|mut log| log.write_all(line.as_bytes()));
    }
}

/// What keeps a lab from being made here: tried out, with a lab of one host.
pub(crate) fn try_out() -> Result<(), LabError> {
    Lab::new(1).map(drop)
}
