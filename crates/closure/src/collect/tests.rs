//! Files that were made here, and what this machine has.

use crate::{Closure, Ground, Reason, Root, of};
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// A folder with programs in `bin` and `sbin`, units and agents.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for folder in ["bin", "sbin", "units", "ocf/resource.d/test", "ocf/lib/heartbeat", "lib"] {
            std::fs::create_dir_all(machine.at(folder)).unwrap();
        }
        machine
    }

    fn at(&self, path: &str) -> PathBuf {
        std::fs::canonicalize(self.0.path()).unwrap().join(path)
    }

    fn program(&self, path: &str, text: &str) {
        std::fs::write(self.at(path), text).unwrap();
        std::fs::set_permissions(self.at(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn ground(&self) -> Ground {
        let mut ground = Ground::of_this_machine();
        ground.path = vec![self.at("sbin"), self.at("bin"), PathBuf::from("/usr/bin"), PathBuf::from("/bin")];
        ground.ocf_root = self.at("ocf");
        ground.unit_folders = vec![self.at("units")];
        ground
    }

    fn agent(&self) -> Closure {
        let (provider, name) = ("test".to_owned(), "agent".to_owned());
        of(&self.ground(), &[Root::Agent { provider, name, parameters: BTreeMap::new() }])
    }

    /// The files of it that are this machine's own, without its folder.
    fn own(&self, closure: &Closure) -> Vec<String> {
        let own = closure.files.keys().filter_map(|path| path.strip_prefix(self.at("")).ok());
        own.map(|path| path.display().to_string()).collect()
    }
}

#[test]
fn an_agent_stands_on_what_it_reads_and_calls_and_they_in_turn() {
    let machine = Machine::new();
    machine.program(
        "ocf/resource.d/test/agent",
        "#!/bin/sh\n. $OCF_FUNCTIONS_DIR/funcs\n$TOOL -x\nhelp\nnone\n",
    );
    std::fs::write(machine.at("ocf/lib/heartbeat/funcs"), ": ${TOOL:=tool}\nhelp() { deep; }\n").unwrap();
    machine.program("bin/tool", "#!/bin/sh\nother\n");
    machine.program("bin/other", "#!/bin/sh\n");
    machine.program("bin/deep", "#!/bin/sh\n");
    machine.program("bin/help", "#!/bin/sh\n");
    let closure = machine.agent();
    let expected =
        ["bin/deep", "bin/other", "bin/tool", "ocf/lib/heartbeat/funcs", "ocf/resource.d/test/agent"];
    assert_eq!(machine.own(&closure), expected, "`help` is a function");
    assert!(closure.files.keys().any(|path| path.to_string_lossy().contains("libc.so")), "of its shell");
    assert!(closure.problems.is_empty(), "{:?}", closure.problems);
    assert_eq!(
        closure.files[&machine.at("ocf/lib/heartbeat/funcs")],
        Reason::Sourced(machine.at("ocf/resource.d/test/agent"))
    );
    for folder in ["bin", "sbin"] {
        assert!(
            closure.folders.contains(&machine.at(folder)),
            "a `tool` that comes to {folder} would be another"
        );
    }
}

#[test]
fn a_program_that_comes_first_takes_the_place_of_the_other() {
    let machine = Machine::new();
    machine.program("ocf/resource.d/test/agent", "#!/bin/sh\ntool\n");
    machine.program("bin/tool", "#!/bin/sh\n");
    assert_eq!(machine.own(&machine.agent()), ["bin/tool", "ocf/resource.d/test/agent"]);
    machine.program("sbin/tool", "#!/bin/sh\n");
    assert_eq!(machine.own(&machine.agent()), ["ocf/resource.d/test/agent", "sbin/tool"]);
}

#[test]
fn each_link_on_the_way_is_a_file_of_its_own_and_circles_end() {
    let machine = Machine::new();
    machine.program("lib/tool.2", "#!/bin/sh\n");
    symlink("tool.2", machine.at("lib/tool")).unwrap();
    symlink("../lib/tool", machine.at("bin/tool")).unwrap();
    machine.program("ocf/resource.d/test/agent", "#!/bin/sh\ntool\nround\n");
    symlink("round", machine.at("bin/round")).unwrap();
    let closure = machine.agent();
    assert_eq!(machine.own(&closure), ["bin/tool", "lib/tool", "lib/tool.2", "ocf/resource.d/test/agent"]);
    let ground = machine.ground();
    symlink("b", machine.at("bin/a")).unwrap();
    symlink("a", machine.at("bin/b")).unwrap();
    let closure = of(&ground, &[Root::Library { path: machine.at("bin/a"), host: None }]);
    assert!(closure.problems.iter().any(|it| it.contains("leads nowhere")), "{:?}", closure.problems);
}

#[test]
fn what_is_missing_or_damaged_is_told_and_the_rest_is_found() {
    let machine = Machine::new();
    machine.program("ocf/resource.d/test/agent", "#!/opt/none/sh\n. /opt/none/funcs\ntool\n");
    machine.program("bin/tool", "\x7fELF but cut off");
    let closure = machine.agent();
    assert!(closure.problems.iter().any(|it| it.contains("/opt/none/sh, which is not there")));
    assert!(closure.problems.iter().any(|it| it.contains("tool")), "{:?}", closure.problems);
    let missing = |root| of(&machine.ground(), &[root]).problems.into_iter().next().unwrap();
    assert_eq!(missing(Root::Program("nosuch".to_owned())), "there is no program nosuch");
    assert_eq!(missing(Root::Unit("nosuch".to_owned())), "there is no unit nosuch");
}

#[test]
fn scripts_that_call_or_read_each_other_in_a_circle_end() {
    let machine = Machine::new();
    let funcs = machine.at("ocf/lib/heartbeat/funcs");
    machine.program("ocf/resource.d/test/agent", &format!("#!/bin/sh\n. {}\ntool\n", funcs.display()));
    std::fs::write(&funcs, format!(". {}\n", funcs.display())).unwrap();
    machine.program("bin/tool", "#!/bin/sh\ntool\n");
    let expected = ["bin/tool", "ocf/lib/heartbeat/funcs", "ocf/resource.d/test/agent"];
    assert_eq!(machine.own(&machine.agent()), expected);
}

#[test]
fn a_unit_stands_on_its_files_and_on_what_it_starts() {
    let machine = Machine::new();
    machine.program("bin/server", "#!/bin/sh\n");
    let server = machine.at("bin/server");
    std::fs::write(machine.at("units/x.service"), format!("[Service]\nExecStart=-{} -f\n", server.display()))
        .unwrap();
    let closure = of(&machine.ground(), &[Root::Unit("x".to_owned())]);
    assert_eq!(machine.own(&closure), ["bin/server", "units/x.service"]);
}

#[test]
fn the_programs_of_this_machine_fit_what_they_need() {
    let machine = Machine::new();
    for name in ["sh", "ls", "ip", "nginx"] {
        if !["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().any(|it| Path::new(it).join(name).exists()) {
            eprintln!("SKIPPED: no {name}");
            continue;
        }
        let mut ground = machine.ground();
        ground.path = Ground::of_this_machine().path;
        let closure = of(&ground, &[Root::Program(name.to_owned())]);
        assert!(closure.problems.is_empty(), "{name}: {:?}", closure.problems);
        let has = |part: &str| closure.files.keys().any(|path| path.to_string_lossy().contains(part));
        assert!(has("libc.so.6") && has("ld-linux"), "{name}: {:#?}", closure.files);
    }
}

#[test]
fn the_agents_of_this_machine_are_read() {
    let ground = Ground::of_this_machine();
    let folder = ground.ocf_root.join("resource.d/heartbeat");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no agents in {}", folder.display());
        return;
    };
    let names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let closure_of = |name: &str| {
        let (provider, name) = ("heartbeat".to_owned(), name.to_owned());
        of(&ground, &[Root::Agent { provider, name, parameters: BTreeMap::new() }])
    };
    for name in names.iter().filter(|name| !name.starts_with('.')) {
        let closure = closure_of(name);
        assert!(closure.files.len() > 2, "{name}: {:?}", closure.problems);
    }
    let closure = closure_of("IPaddr2");
    let has = |part: &str| closure.files.keys().any(|path| path.ends_with(part));
    for part in ["ocf-shellfuncs", "findif.sh", "bin/ip", "resource.d/heartbeat/IPaddr2"] {
        assert!(has(part), "{part}: {:#?}", closure.files.keys());
    }
    eprintln!("IPaddr2: {} files", closure.files.len());
}
