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

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    prereqs::ensure()?;
    let skipped = target_dir().join("skipped-tests.log");
    fs::write(&skipped, "").map_err(|error| format!("could not write {}: {error}", skipped.display()))?;

    let args = args.iter().map(String::as_str);
    let tested = if cargo::has("nextest") {
        let mut all = vec!["nextest", "run", "--release", "--workspace", "--no-fail-fast"];
        all.extend(args.clone());
        let tests = cargo::run_with(&all, &[(SKIPPED_LOG, &skipped)]);
        // Nextest does not know documentation tests. A choice of tests is none of them.
        let documentation = ["test", "--doc", "--release", "--workspace"];
        if args.len() == 0 { tests.and_then(|()| cargo::run(&documentation)) } else { tests }
    } else {
        let mut all = vec!["test", "--release", "--workspace", "--no-fail-fast"];
        all.extend(args);
        cargo::run_with(&all, &[(SKIPPED_LOG, &skipped)])
    };
    print!("{}", fs::read_to_string(&skipped).unwrap_or_default());
    tested
}
