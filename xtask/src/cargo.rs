//! Calls of cargo and of what it builds, with their output and exit codes passed through.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

use crate::Failure;

/// `cargo ARGS`.
pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    run_with(args, &[])
}

/// `cargo ARGS`, with more variables in its environment.
pub(crate) fn run_with(args: &[&str], variables: &[(&str, &PathBuf)]) -> Result<(), Failure> {
    eprintln!("$ cargo {}", args.join(" "));
    let mut command = Command::new(cargo());
    // `cargo xtask` has told this program of its own package; build scripts (that of `ring`, on which
    // half the house stands) watch these variables and would be run again, here and once more by the
    // next cargo without us.
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_our_package(name)) {
        command.env_remove(name);
    }
    pass_through(command.args(args).envs(variables.iter().copied()))
}

/// Whether cargo sets it for the package that it runs.
fn is_of_our_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Whether cargo has the subcommand, such as `nextest`.
pub(crate) fn has(subcommand: &str) -> bool {
    let asked = Command::new(cargo()).args([subcommand, "--version"]).output();
    asked.is_ok_and(|output| output.status.success())
}

/// Builds a binary of the workspace and runs it. It is built as a part of the whole workspace, as
/// the tests are: alone, its dependencies could have other features, and be compiled once more.
pub(crate) fn run_binary(name: &str, args: &[&str]) -> Result<(), Failure> {
    run(&["build", "--release", "--workspace", "--bin", name])?;
    let binary = target_dir().join("release").join(name);
    eprintln!("$ {} {}", binary.display(), args.join(" "));
    pass_through(Command::new(binary).args(args))
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Where cargo builds. This program was built there too, as `TARGET/release/xtask`.
pub(crate) fn target_dir() -> PathBuf {
    let own = env::current_exe().ok();
    let own = own.as_deref().and_then(|path| path.parent()?.parent()).map(PathBuf::from);
    own.unwrap_or_else(|| workspace().join("target"))
}

/// The cargo that runs us, so that its toolchain stays the same.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a program in the workspace, its output and exit code as they are.
pub(crate) fn pass_through(command: &mut Command) -> Result<(), Failure> {
    command.current_dir(workspace());
    let status = command.status().map_err(|error| format!("could not start {command:?}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    // A program that a signal ended has no code, and has not explained itself either.
    match status.code() {
        Some(code) => Err(Failure { message: None, code: u8::try_from(code).unwrap_or(1) }),
        None => Err(format!("{command:?} was ended: {status}").into()),
    }
}
