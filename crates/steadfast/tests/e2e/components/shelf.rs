//! The packages that are installed on every host, and clusters that were validated with them.

use crate::cluster::{Cluster, Node, eventually};
use crate::failover::is_online_on;
use api::NotReady;
use std::path::PathBuf;
use std::process::Command;

/// Where the packages lie on every host.
pub(crate) const SHELF: &str = "/steadfast/shelf";

/// Where a program and its library are installed.
pub(crate) const PROGRAM: &str = "/usr/bin/helped";
pub(crate) const FOLDER: &str = "/usr/lib/helped";
pub(crate) const LIBRARY: &str = "/usr/lib/helped/libhelper.so.4.0";

const HELPER: &str = "int helper_open(void) { return HELPER; }\n\
#if HELPER > 3\nint helper_flush(void) { return 2; }\n#endif\n\
#if HELPER > 4\nint helper_sync(void) { return 3; }\n#endif\n";
/// It loads a module besides, whose name it makes up.
const HELPED: &str = "#include <dlfcn.h>\n#include <stdio.h>\n#include <unistd.h>\n\
                      int helper_open(void);\nint helper_flush(void);\n\
                      int main(void) { char name[64]; snprintf(name, 64, \"/usr/lib/helped/%s.so\", \"module\");\n\
                      dlopen(name, RTLD_NOW);\n\
                      for (;;) { helper_open(); helper_flush(); sleep(1); } }\n";
const MODULE: &str = "int module(void) { return 1; }\n";

pub(crate) const FILE: &str = "[cluster]\nname = \"shop\"\n[[group]]\nname = \"db\"\npreferred_owners = [\"n1\", \"n2\", \"n3\"]\n\
                    [[group.resource]]\nname = \"data\"\ntype = \"process\"\nexclusive = \"none\"\n\
                    command = [\"/usr/bin/helped\"]\n";

/// Packages made on this machine: `helped` with its library in versions 4.0, 3.0 and 5.0, and an `option-pack` that
/// brings the old library too.
pub(crate) struct Shelf(tempfile::TempDir);

impl Shelf {
    pub(crate) fn or_skip(test: &str) -> Option<Self> {
        for program in ["cc", "dpkg-deb"] {
            if Command::new(program).arg("--version").output().is_err() {
                use std::io::Write as _;
                let _ = writeln!(std::io::stderr(), "SKIPPED {test}: it needs {program}");
                return None;
            }
        }
        let shelf = Self(tempfile::tempdir().unwrap());
        std::fs::write(shelf.path("helper.c"), HELPER).unwrap();
        std::fs::write(shelf.path("helped.c"), HELPED).unwrap();
        std::fs::write(shelf.path("module.c"), MODULE).unwrap();
        shelf.run("cc", &["-shared", "-fPIC", "-o", "module.so", "module.c"]);
        for (version, defines) in [("3.0", 3), ("4.0", 4), ("5.0", 5)] {
            let library = format!("libhelper.so.{version}");
            let define = format!("-DHELPER={defines}");
            let options = ["-shared", "-fPIC", &define, "-Wl,-soname,libhelper.so.4"];
            shelf.run("cc", &[&options[..], &["-o", &library, "helper.c"]].concat());
        }
        std::fs::copy(shelf.path("libhelper.so.4.0"), shelf.path("libhelper.so.4")).unwrap();
        let path = format!("-Wl,-rpath,{FOLDER}");
        shelf.run("cc", &["-o", "helped", "helped.c", "-L.", "-l:libhelper.so.4", &path]);
        shelf.package("helped", "4.0-1", "", "4.0");
        shelf.package("helped", "3.0-1", "", "3.0");
        shelf.package("helped", "5.0-1", "", "5.0");
        shelf.package("option-pack", "1.0", "Replaces: helped\n", "3.0");
        Some(shelf)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str]) {
        let output = Command::new(program).current_dir(self.0.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// `NAME-VERSION.deb`
    pub(crate) fn package(&self, name: &str, version: &str, more: &str, library: &str) {
        let root = self.path("root");
        let at = |path: &str| root.join(path.trim_start_matches('/'));
        for folder in [FOLDER, "/usr/bin", "/DEBIAN"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@example.org>\n{more}\
             Description: x\n"
        );
        std::fs::write(at("/DEBIAN/control"), control).unwrap();
        std::fs::copy(self.path(&format!("libhelper.so.{library}")), at(LIBRARY)).unwrap();
        let mut sums = Command::new("md5sum");
        let mut files = vec![LIBRARY.trim_start_matches('/')];
        if name == "helped" {
            std::fs::copy(self.path("helped"), at(PROGRAM)).unwrap();
            std::os::unix::fs::symlink("libhelper.so.4.0", at("/usr/lib/helped/libhelper.so.4")).unwrap();
            files.push(PROGRAM.trim_start_matches('/'));
        }
        let sums = sums.current_dir(&root).args(files).output().unwrap().stdout;
        std::fs::write(at("/DEBIAN/md5sums"), sums).unwrap();
        let deb = format!("{name}-{version}.deb");
        self.run("dpkg-deb", &["--root-owner-group", "--build", root.to_str().unwrap(), &deb]);
        std::fs::remove_dir_all(&root).unwrap();
    }

    /// Puts everything onto a host, and installs version 4.
    pub(crate) fn install_on(&self, node: Node<'_>) {
        for entry in std::fs::read_dir(self.0.path()).unwrap().flatten().filter(|it| it.path().is_file()) {
            let name = entry.file_name().into_string().unwrap();
            node.write_file(&format!("{SHELF}/{name}"), std::fs::read(entry.path()).unwrap());
        }
        sh(node, "dpkg -i helped-4.0-1.deb");
    }
}

/// Runs a line of shell on a host, in the folder of the packages.
pub(crate) fn sh(node: Node<'_>, line: &str) {
    let output = node.host().command("sh").args(["-ec", &format!("cd {SHELF}; {line}")]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What one node says of another: what it is not ready for.
pub(crate) fn not_ready(asked: Node<'_>, of: &str) -> Vec<NotReady> {
    let nodes = asked.try_status().map(|status| status.nodes).unwrap_or_default();
    nodes.into_iter().find(|node| node.name == of).map(|node| node.not_ready).unwrap_or_default()
}

pub(crate) fn lowered(asked: Node<'_>, of: &str) -> Vec<NotReady> {
    let nodes = asked.try_status().map(|status| status.nodes).unwrap_or_default();
    nodes.into_iter().find(|node| node.name == of).map(|node| node.lowered).unwrap_or_default()
}

/// A cluster of three that is validated, and whose group runs on n1.
pub(crate) fn validated(cluster: &Cluster, shelf: &Shelf) {
    let [n1, n2, n3] = cluster.all();
    for node in [n1, n2, n3] {
        shelf.install_on(node);
    }
    cluster.settled(&[n1, n2, n3]);
    n1.apply(FILE).ok();
    is_online_on(n2, "db", "n1");
    n1.ok("baseline capture");
    eventually("n3 to go by it", || n3.status().baseline.generation == Some(1));
    let has_looked =
        |node: Node<'_>| n1.run(&format!("component diff {} --json", node.name())).stdout.contains("[]");
    eventually("all to have what was validated", || [n1, n2, n3].into_iter().all(has_looked));
}

/// What differs on a node, as another one knows it: class and path.
pub(crate) fn differs(asked: Node<'_>, node: &str) -> Vec<(String, String)> {
    let shown = asked.run(&format!("component diff {node} --json")).stdout;
    let shown: std::collections::BTreeMap<String, Vec<api::FindingShown>> =
        serde_json::from_str(&shown).unwrap_or_default();
    shown.into_values().flatten().map(|it| (it.class, it.what)).collect()
}
