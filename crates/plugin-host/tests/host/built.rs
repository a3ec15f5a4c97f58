//! Libraries, made by the C compiler; the one in Rust is made by cargo, because this test depends on it.

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

// Named, so that cargo builds it: what is needed is the library beside this test.
use example_plugin as _;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The example in Rust.
pub(crate) fn example_in_rust() -> PathBuf {
    let beside = std::env::current_exe().unwrap().with_file_name("libexample_plugin.so");
    assert!(beside.exists(), "cargo builds it as {}", beside.display());
    beside
}

/// A folder for libraries.
pub(crate) struct Libraries(TempDir);

impl Libraries {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn compile(&self, name: &str, source: &str, options: &[&str]) -> PathBuf {
        let mut cc = Command::new("cc");
        cc.current_dir(self.0.path()).args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-pthread"]);
        cc.arg("-I").arg(root().join("crates/resource-api/include")).args(["-o", name]);
        let output = cc.arg(root().join(source)).args(options).output().expect("a C compiler");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.path(name)
    }

    pub(crate) fn unruly(&self, options: &[&str]) -> PathBuf {
        self.compile("unruly.so", "crates/plugin-host/tests/plugins/unruly.c", options)
    }

    /// The vendor's helper library, of this version, where the plug-in finds it.
    pub(crate) fn helper(&self, version: u32) {
        let (file, define) = (format!("libvendor.so.{version}"), format!("-DVENDOR_VERSION={version}"));
        let source = "examples/plugins/c/vendor_helper.c";
        self.compile(&file, source, &[&define, "-Wl,-soname,libvendor.so"]);
        let link = self.path("libvendor.so");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(file, link).unwrap();
    }

    pub(crate) fn example_in_c(&self) -> PathBuf {
        let source = "examples/plugins/c/vendor_disk.c";
        self.compile("vendor_disk.so", source, &["-L.", "-lvendor", "-Wl,-rpath,$ORIGIN"])
    }
}
