//! Which binary is measured, and on which disk.

use crate::args::Args;
use crate::problem::Problem;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The binary to measure. The workspace's own is built first, because figures of yesterday's build
/// would be worse than none; where cargo cannot be started, what is there is taken.
pub(crate) fn find(args: &Args) -> Result<PathBuf, Problem> {
    if let Some(named) = &args.binary {
        return there(named.clone());
    }
    let own = target_dir().join("release/steadfast");
    // As a part of the workspace, as the tests build it: alone, its dependencies could have other
    // features, and be compiled once more.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--workspace", "--bin", "steadfast"]).current_dir(workspace());
    match cargo.status() {
        Ok(status) if status.success() => there(own),
        Ok(status) => Err(Problem::Build { command: format!("{cargo:?}"), outcome: status.to_string() }),
        Err(error) if own.is_file() => {
            eprintln!("bench: cargo cannot be started ({error}); measuring {} as it is", own.display());
            there(own)
        }
        Err(error) => Err(Problem::Build { command: format!("{cargo:?}"), outcome: error.to_string() }),
    }
}

fn there(path: PathBuf) -> Result<PathBuf, Problem> {
    // Daemons are started from other folders.
    match path.canonicalize() {
        Ok(path) if path.is_file() => Ok(path),
        _ => Err(Problem::NoBinary(path)),
    }
}

/// Where the daemons keep their data.
pub(crate) fn folder(args: &Args) -> PathBuf {
    args.dir.clone().unwrap_or_else(target_dir)
}

fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().and_then(Path::parent).unwrap_or(own)
}

/// Where cargo builds: this program was built there too, as `TARGET/release/bench`.
fn target_dir() -> PathBuf {
    let own = std::env::current_exe().ok();
    let own = own.as_deref().and_then(|path| path.parent()?.parent()).map(PathBuf::from);
    own.unwrap_or_else(|| workspace().join("target"))
}
