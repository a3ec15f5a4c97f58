//! Native plug-ins in a cluster: registered in the declarative file, lost on one node, known on all.

use crate::cluster::{Node, eventually};
use api::TypeShown;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the vendor's files lie on every host; each host has its own.
const FOLDER: &str = "/steadfast/vendor";

/// The article's plug-in and its helper library in both versions, made on this machine; nothing, with a
/// word about it, where there is no C compiler, or nobody has built the program that loads plug-ins.
struct Vendor(tempfile::TempDir);

impl Vendor {
    fn or_skip(test: &str) -> Option<Self> {
        let host = Path::new(env!("CARGO_BIN_EXE_steadfast")).with_file_name("steadfast-plugin-host");
        let compiler = Command::new("cc").arg("--version").output();
        if !host.exists() || compiler.is_err() {
            use std::io::Write as _;
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED {test}: it needs a C compiler, and {} (`cargo build --release -p plugin-host`)",
                host.display()
            );
            return None;
        }
        let made = Self(tempfile::tempdir().unwrap());
        for version in [4, 3] {
            made.compile(
                &format!("libvendor.so.{version}"),
                "vendor_helper.c",
                &[&format!("-DVENDOR_VERSION={version}"), "-Wl,-soname,libvendor.so"],
            );
        }
        std::fs::copy(made.path("libvendor.so.4"), made.path("libvendor.so")).unwrap();
        made.compile("vendor_disk.so", "vendor_disk.c", &["-L.", "-lvendor", "-Wl,-rpath,$ORIGIN"]);
        Some(made)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn compile(&self, name: &str, source: &str, options: &[&str]) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut cc = Command::new("cc");
        cc.current_dir(self.0.path()).args(["-shared", "-fPIC", "-o", name]);
        cc.arg("-I").arg(root.join("crates/resource-api/include"));
        let output = cc.arg(root.join("examples/plugins/c").join(source)).args(options).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Puts a file of the vendor's onto a host, over the one that is there, as an installer would.
    fn install(&self, node: Node<'_>, file: &str, as_name: &str) {
        let (content, to) = (std::fs::read(self.path(file)).unwrap(), format!("{FOLDER}/{as_name}"));
        node.write_file(&format!("{to}.new"), content);
        node.within(|| std::fs::rename(format!("{to}.new"), &to).unwrap());
    }

    fn install_all(&self, node: Node<'_>) {
        self.install(node, "libvendor.so.4", "libvendor.so");
        self.install(node, "vendor_disk.so", "vendor_disk.so");
    }
}

fn file(parameters: &str) -> String {
    format!(
        "[cluster]\nname = \"shop\"\n[[type]]\nname = \"vendor-disk\"\nlibrary = \"{FOLDER}/vendor_disk.so\"\n\
         [[group]]\nname = \"db\"\n[[group.resource]]\nname = \"data\"\ntype = \"vendor-disk\"\n\
         [group.resource.parameters]\n{parameters}\n"
    )
}

fn standing(asked: Node<'_>, of: &str) -> (Option<bool>, String) {
    let all: Vec<TypeShown> = serde_json::from_str(&asked.ok("type list --json")).unwrap();
    let shown = all.into_iter().find(|shown| shown.name == "vendor-disk");
    let on = shown.and_then(|mut shown| shown.nodes.remove(of));
    on.map_or((None, "not listed".to_owned()), |on| (on.loadable, on.reason.unwrap_or_default()))
}

/// What `asked` says that `of` cannot run.
fn not_ready(asked: Node<'_>, of: &str) -> Option<api::NotReady> {
    let status = asked.try_status()?;
    status.nodes.into_iter().find(|node| node.name == of)?.not_ready.into_iter().next()
}

/// Knowledge Base Q218922 on one node of two: an installer puts an older helper library over the newer.
#[test]
fn a_library_broken_on_one_node_is_known_on_the_other_with_its_reason_also_while_the_node_is_down() {
    let Some(vendor) = Vendor::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    for node in [n1, n2, n3] {
        vendor.install_all(node);
    }
    let applied = n1.apply(&file("device = \"/dev/sdb\"")).exited(0);
    assert!(!applied.stderr.contains("warning"), "{applied:?}");
    for node in ["n1", "n2", "n3"] {
        eventually("the type to be loaded everywhere", || standing(n1, node).0 == Some(true));
    }

    vendor.install(n2, "libvendor.so.3", "libvendor.so");
    let told = n2.tells(events::PluginNotLoadable::ENTRY);
    assert!(told.text.contains(&format!("Library: {FOLDER}/libvendor.so.")), "{}", told.text);
    assert!(told.text.contains("Missing symbol: vendor_is_claimed."), "{}", told.text);
    eventually("n1 to know it", || not_ready(n1, "n2").is_some());
    let known = not_ready(n1, "n2").unwrap();
    assert_eq!((known.kind.as_str(), known.resource.as_deref()), ("vendor-disk", Some("data")));
    assert!(known.reason.contains("vendor_is_claimed"), "{}", known.reason);
    assert!(not_ready(n1, "n1").is_none() && not_ready(n1, "n3").is_none(), "only on that node");
    let text = n1.ok("status");
    assert!(text.contains("n2 is not ready for vendor-disk (db/data): symbol vendor_is_claimed"), "{text}");
    let alarm = n1.status().alarms.into_iter().find(|alarm| alarm.event == 1058).unwrap();
    assert_eq!(alarm.node, "n2");
    assert!(n2.status().quorum.has, "the node itself goes on");

    // A node that is down is known by its last word.
    n2.kill();
    let (loadable, reason) = standing(n1, "n2");
    assert_eq!(loadable, Some(false), "{reason}");
    assert!(reason.contains("vendor_is_claimed") && reason.contains("as it last said"), "{reason}");
    assert!(not_ready(n3, "n2").is_some());

    // It starts with the older library, as with any other: nothing but the type is lost.
    n2.start();
    cluster.settled(&[n1, n2, n3]);
    eventually("it to be found out again", || n2.told(1058).len() == 2);
    vendor.install(n2, "libvendor.so.4", "libvendor.so");
    n2.tells(events::PluginLoadable::ENTRY);
    eventually("n1 to know that too", || not_ready(n1, "n2").is_none());
    eventually("the type to be usable", || standing(n3, "n2").0 == Some(true));
}

#[test]
fn a_type_is_registered_checked_shown_and_survives_what_becomes_of_its_library() {
    let Some(vendor) = Vendor::or_skip(test_name!()) else { return };
    let cluster = formed!(1);
    let [n1] = cluster.all();
    // No node has the library: doubtful, stored, and told.
    let doubtful = n1.apply(&file("devise = \"/dev/sdb\"")).exited(0);
    assert!(doubtful.stderr.contains("no node can load the type `vendor-disk`"), "{doubtful:?}");
    n1.tells(events::PluginNotLoadable::ENTRY);
    assert_eq!(standing(n1, "n1").0, Some(false));
    vendor.install_all(n1);
    n1.tells(events::PluginLoadable::ENTRY);
    eventually("the type to be usable", || standing(n1, "n1").0 == Some(true));

    n1.apply(&file("devise = \"/dev/sdb\"\n# again")).refused(&[
        "standard input:12:1: unknown parameter `devise` of resource `data`",
        "= try: device",
        "lacks the parameter `device`",
    ]);
    let applied = n1.apply(&file("device = \"/dev/sdb\"")).exited(0);
    assert!(!applied.stderr.contains("warning"), "{applied:?}");
    assert!(n1.ok("export").contains("[[type]]"));
    assert!(n1.ok("type show vendor-disk").contains("The device, or an image of one."));

    // Registration survives the daemon's end, and the plug-in's.
    n1.kill();
    n1.start();
    eventually("the type to be loaded again", || standing(n1, "n1").0 == Some(true));
    let without = "[cluster]\nname = \"shop\"\n";
    let removed = n1.apply(without).exited(0);
    assert!(removed.stdout.contains("type vendor-disk"), "{removed:?}");
    eventually("it to be gone", || standing(n1, "n1").1 == "not listed");
}

#[test]
fn a_plug_in_is_tested_without_any_daemon_and_what_is_wrong_with_it_is_named() {
    let Some(vendor) = Vendor::or_skip(test_name!()) else { return };
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    vendor.install_all(n1);
    n1.write_file("/steadfast/disk", "");
    let test = |kind: &str, library: &str| {
        n1.run(&format!("type test {kind} --library {FOLDER}/{library} --set device=/steadfast/disk"))
    };
    let passed = test("vendor-disk", "vendor_disk.so").exited(0);
    assert!(passed.stdout.contains("ok     another monitor finds that it runs"), "{passed:?}");
    let unknown = test("vendor-dsk", "vendor_disk.so").exited(2);
    assert!(unknown.stderr.contains("plug-in vendor-disk has no type `vendor-dsk`"), "{unknown:?}");
    assert!(unknown.stderr.contains("did you mean `vendor-disk`?"), "{unknown:?}");
    test("vendor-disk", "libvendor.so").refused(&["it is no plug-in of Steadfast"]);
    test("vendor-disk", "nothing.so").refused(&["nothing.so"]);
    vendor.install(n1, "libvendor.so.3", "libvendor.so");
    test("vendor-disk", "vendor_disk.so").refused(&[
        "symbol vendor_is_claimed",
        "libvendor.so",
        "nothing of it was run",
    ]);
}
