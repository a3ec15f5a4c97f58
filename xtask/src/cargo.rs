//! Calls of cargo and of what it builds, with their output and exit codes passed through.

use std::env;
use std::ffi::OsString;
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
    pass_through(Command::new(cargo()).args(args).envs(variables.iter().copied()))
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

fn pass_through(command: &mut Command) -> Result<(), Failure> {
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
