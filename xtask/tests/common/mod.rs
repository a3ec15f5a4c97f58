//! The workspace as data: where it is, its files, and what cargo knows about it.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// `cargo metadata ARGS`. Nothing is fetched: what is compiled has been fetched before.
pub(crate) fn metadata(args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(args)
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// A list in the metadata.
pub(crate) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// A text in the metadata; empty where there is none.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The files that people wrote, as paths from the root: what is built and what git keeps is not
/// among them.
pub(crate) fn written_files() -> Vec<PathBuf> {
    let root = root();
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("readable").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if is_text(&path) {
                files.push(path.strip_prefix(&root).expect("it is below").to_owned());
            }
        }
    }
    files.sort();
    files
}

fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let kinds = ["rs", "toml", "md", "sh", "tsv", "json", "yml", "snap", "txt"];
    extension.is_some_and(|extension| kinds.contains(&extension)) || path.ends_with(".ci/run")
}

/// The Rust files of the product, and of the tests that stand beside it in `src`.
pub(crate) fn sources() -> Vec<PathBuf> {
    let is_source = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "rs") && path.iter().any(|part| part == "src")
    };
    written_files().into_iter().filter(is_source).collect()
}

/// The text of a file, by its path from the root.
pub(crate) fn read(path: &Path) -> String {
    let whole = root().join(path);
    fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{}: {error}", whole.display()))
}
