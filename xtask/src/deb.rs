//! The Debian package: both binaries as they are shipped, and packaging/deb around them.
//!
//! `steadfast` is linked statically, so that it starts on a system whose libraries are broken: for musl where that
//! target is installed, else with glibc in it. The plug-in host has to load libraries, so it is linked as usual.

use crate::Failure;
use crate::cargo;
use std::path::PathBuf;
use std::process::Command;

/// The libc that is best for a static program.
const MUSL: &str = "x86_64-unknown-linux-musl";

/// This machine's usual target.
const GLIBC: &str = "x86_64-unknown-linux-gnu";

/// Builds it.
pub(crate) fn build(into: Option<&str>) -> Result<(), Failure> {
    let target = if has_target(MUSL) { MUSL } else { GLIBC };
    let flags = PathBuf::from("-C target-feature=+crt-static");
    let binary =
        ["build", "--profile", "dist", "--package", "steadfast", "--bin", "steadfast", "--target", target];
    // A target that is named keeps the flags from build scripts, which could not load anything with them.
    cargo::run_with(&binary, &[("RUSTFLAGS", &flags)])?;
    cargo::run(&["build", "--profile", "dist", "--package", "plugin-host"])?;
    let built = cargo::target_dir();
    let binaries = built.join("deb");
    std::fs::create_dir_all(&binaries).map_err(|error| format!("{}: {error}", binaries.display()))?;
    for (from, name) in [
        (built.join(target).join("dist/steadfast"), "steadfast"),
        (built.join("dist/steadfast-plugin-host"), "steadfast-plugin-host"),
    ] {
        let done = std::fs::copy(&from, binaries.join(name));
        done.map_err(|error| format!("{}: {error}", from.display()))?;
    }
    let into = into.map_or_else(|| Ok(binaries.clone()), std::path::absolute);
    let into = into.map_err(|error| format!("the folder for the package: {error}"))?;
    let script = cargo::workspace().join("packaging/deb/build");
    cargo::pass_through(Command::new(script).arg(&binaries).arg(&into))
}

/// Whether the compiler has the libraries of a target.
fn has_target(target: &str) -> bool {
    let asked = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    let folder = asked.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    folder.is_some_and(|folder| PathBuf::from(folder.trim()).is_dir())
}
