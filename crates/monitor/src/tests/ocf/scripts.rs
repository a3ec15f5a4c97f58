//! Agents of a test's own: a folder like `/usr/lib/ocf`, and scripts in it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(super) struct Scripts(TempDir);

impl Scripts {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    /// An agent `ocf:test:NAME` that prints this as its metadata, and does this for other actions, which
    /// it finds in `$1`; a file of its own is `$F`.
    pub(super) fn agent(&self, name: &str, metadata: &str, does: &str) -> PathBuf {
        let file = self.0.path().join(name);
        let script = format!(
            "#!/bin/sh\nF='{}'\ncase $1 in\nmeta-data) cat <<'END'\n{metadata}\nEND\nexit 0;;\nesac\n{does}\n",
            file.display()
        );
        self.program(name, script.as_bytes());
        file
    }

    pub(super) fn program(&self, name: &str, content: &[u8]) {
        let folder = self.0.path().join("resource.d/test");
        fs::create_dir_all(&folder).unwrap();
        // Written under another name first: a program that is being written cannot be run, and another
        // test of this process may be about to start one while the file is still open.
        let (made, agent) = (folder.join(format!(".{name}")), folder.join(name));
        let written = std::process::Command::new("/bin/sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\" && mv \"$0\" \"$1\""])
            .args([&made, &agent])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .and_then(|mut child| {
                use std::io::Write as _;
                child.stdin.take().unwrap().write_all(content)?;
                child.wait()
            });
        assert!(written.unwrap().success());
        assert!(fs::metadata(&agent).unwrap().permissions().mode() & 0o111 != 0);
    }
}

/// Metadata with these actions.
pub(super) fn metadata(actions: &[&str]) -> String {
    let actions: String =
        actions.iter().map(|name| format!("<action name=\"{name}\" timeout=\"20s\"/>")).collect();
    format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">\n\
         <resource-agent name=\"x\"><version>1.0</version><shortdesc>x</shortdesc>\
         <parameters><parameter name=\"value\"><content type=\"string\"/></parameter>\
         <parameter name=\"count\"><content type=\"integer\"/></parameter></parameters>\
         <actions>{actions}<action name=\"monitor\" timeout=\"20s\"/>\
         <action name=\"monitor\" depth=\"10\" timeout=\"30s\"/></actions></resource-agent>"
    )
}
