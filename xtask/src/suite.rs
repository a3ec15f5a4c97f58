//! All tests.
//!
//! Nextest where it is installed, because it runs tests of different binaries side by side; cargo's
//! own runner elsewhere. Both print their own totals; nothing is counted here. Tests that a machine
//! cannot run name themselves in a file, which is repeated at the end, so that skipping is seen.

use std::fs;

use crate::cargo::{self, target_dir};
use crate::{Failure, prereqs};

/// Read by `lab::skip`.
const SKIPPED_LOG: &str = "STEADFAST_SKIPPED_LOG";

pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    prereqs::ensure()?;
    let skipped = target_dir().join("skipped-tests.log");
    fs::write(&skipped, "").map_err(|error| format!("could not write {}: {error}", skipped.display()))?;

    // Documentation tests first: nextest does not know them, and cargo's own runner puts its totals
    // per crate, of which the last are to be those of real tests. A choice of tests is none of them.
    let documentation = match args {
        [] => cargo::run(&["test", "--doc", "--release", "--workspace"]),
        _ => Ok(()),
    };
    let mut all = if cargo::has("nextest") {
        vec!["nextest", "run", "--release", "--workspace", "--no-fail-fast"]
    } else {
        vec!["test", "--release", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]
    };
    all.extend(args);
    let tested = cargo::run_with(&all, &[(SKIPPED_LOG, &skipped)]);
    print!("{}", fs::read_to_string(&skipped).unwrap_or_default());
    documentation.and(tested)
}
