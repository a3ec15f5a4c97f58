//! Package managers on guarded nodes: real dpkg, real apt, our package as it is built.

use crate::cluster::{Cluster, Node, Ran, eventually};
use crate::components::shelf::{LIBRARY, SHELF, Shelf, differs, not_ready, sh, validated};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Our package, around a program that runs the one under test.
fn package(shelf: &Shelf) -> PathBuf {
    let binaries = shelf.path("binaries");
    std::fs::create_dir_all(&binaries).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_steadfast"));
    for name in ["steadfast", "steadfast-plugin-host"] {
        let real = program.with_file_name(name);
        let path = binaries.join(name);
        std::fs::write(&path, format!("#!/bin/sh\nexec {} \"$@\"\n", real.display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/deb/build");
    let output = Command::new(build).args([&binaries, &shelf.path("built")]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let built = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let path = shelf.path("steadfast.deb");
    std::fs::rename(built, &path).unwrap();
    path
}

/// A validated cluster whose nodes have our package, as an installation has it.
fn guarded(test: &str) -> Option<(Cluster, Shelf)> {
    let shelf = Shelf::or_skip(test)?;
    package(&shelf);
    let cluster = Cluster::prepared(test, 3)?;
    cluster.form([1, 2, 3]);
    for node in cluster.all::<3>() {
        node.write_file("/etc/steadfast/steadfast.toml", node.usual_config());
    }
    validated(&cluster, &shelf);
    for node in cluster.all::<3>() {
        sh(node, "dpkg -i steadfast.deb");
        eventually("the guard to know the baseline", || {
            node.run("guard status").stdout.contains("baseline 1")
        });
    }
    Some((cluster, shelf))
}

/// Runs a line of shell on a host, in the folder of the packages, with nobody at the terminal.
fn tried(node: Node<'_>, line: &str) -> Output {
    let line = format!("cd {SHELF}; {line} < /dev/null");
    node.host().command("sh").args(["-c", &line]).output().unwrap()
}

/// A line that is refused; what was said.
#[track_caller]
fn refused(node: Node<'_>, line: &str) -> String {
    let before = node.read_file(LIBRARY);
    let output = tried(node, line);
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success(), "{line} was not refused: {said}");
    assert!(node.read_file(LIBRARY) == before, "{line} changed the file: {said}");
    said
}

#[track_caller]
fn done(node: Node<'_>, line: &str) -> String {
    let output = tried(node, line);
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{line}: {said}");
    said
}

/// A repository on the host's own disk, of everything on the shelf, and `other` in two versions.
fn repository(shelf: &Shelf, node: Node<'_>) {
    for version in ["1.0", "2.0"] {
        let root = shelf.path("other");
        std::fs::create_dir_all(root.join("DEBIAN")).unwrap();
        let control = format!(
            "Package: other\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"
        );
        std::fs::write(root.join("DEBIAN/control"), control).unwrap();
        shelf.run("dpkg-deb", &["-b", "other", &format!("other-{version}.deb")]);
        let name = format!("other-{version}.deb");
        node.write_file(&format!("{SHELF}/{name}"), std::fs::read(shelf.path(&name)).unwrap());
    }
    sh(
        node,
        "rm -f Packages; for deb in *.deb; do dpkg-deb -f $deb >> Packages; \
         printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $deb $(stat -c %s $deb) \
         $(sha256sum $deb | cut -d ' ' -f 1) >> Packages; done; \
         rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*; \
         echo 'deb [trusted=yes] file:/steadfast/shelf ./' > /etc/apt/sources.list; apt-get update",
    );
}

#[test]
fn dpkg_is_kept_from_an_older_package_and_told_everything_that_helps() {
    let Some((cluster, _shelf)) = guarded("dpkg_is_kept_from_an_older_package") else { return };
    let [n1, n2, _] = cluster.all();
    let said = refused(n2, "dpkg -i helped-3.0-1.deb");
    for part in [
        "steadfast: refused: helped 3.0-1 is older than 4.0-1, which baseline 1 validated; installed is 4.0-1",
        "package    helped (helped-3.0-1.deb)",
        "offered    3.0-1",
        "validated  baseline 1 of cluster shop has helped 4.0-1",
        "override   root on n2: steadfast guard allow helped=3.0-1 --reason WHY",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("/usr/bin/helped") || said.contains("/usr/lib/helped"), "{said}");
    // Among others, under another option, or from a folder.
    refused(n2, "dpkg --force-all --install helped-5.0-1.deb ./helped-3.0-1.deb");
    refused(n2, "mkdir d; cp helped-3.0-1.deb d; dpkg --unpack -R d");
    let options = refused(n2, "dpkg -i option-pack-1.0.deb");
    assert!(options.contains(&format!("option-pack 1.0 would put an older {LIBRARY} over")), "{options}");
    let told = n2.tells(events::InstallationRefused::ENTRY);
    assert_eq!((told.fields["installer"].as_str(), told.node.as_str()), (Some("dpkg"), "n2"));
    eventually("it is known on every node", || {
        n1.events("--id 21030").iter().any(|it| it.text.contains("option-pack"))
    });
    assert_eq!(differs(n1, "n2"), [], "nothing was changed");
    // What is newer flows, and so does what nobody stands on.
    done(n2, "dpkg -i helped-5.0-1.deb");
    // Back to what was validated, too.
    done(n2, "dpkg -i helped-4.0-1.deb");
    n2.run("guard check /steadfast/shelf/helped-3.0-1.deb").refused(&["helped 3.0-1 is older"]);
    n2.ok("guard check /steadfast/shelf/helped-5.0-1.deb");
}

#[test]
fn whoever_lets_something_through_is_known_everywhere_and_the_node_is_not_ready() {
    let Some((cluster, _shelf)) = guarded("whoever_lets_something_through") else { return };
    let [n1, n2, _] = cluster.all();
    n2.run("guard allow helped=3.0-1").exited(2);
    let allow = |arguments: &[&str]| -> Ran {
        let command = n2.host().command(env!("CARGO_BIN_EXE_steadfast"));
        let output = command.args(["guard", "allow"]).args(arguments).output().unwrap();
        Ran::new(format!("guard allow {arguments:?}"), output)
    };
    allow(&["helped=2.0-1", "--reason", "not this one"]).ok();
    refused(n2, "dpkg -i helped-3.0-1.deb");
    allow(&["helped=3.0-1", "--reason", "the vendor wants it"]).ok();
    let said = done(n2, "dpkg -i helped-3.0-1.deb");
    assert!(said.contains("is let through: root on n2 said so (the vendor wants it)"), "{said}");
    let allowed = n2.tells(events::InstallationAllowed::ENTRY);
    assert!(allowed.text.contains("root on n2"), "{}", allowed.text);
    n2.tells(events::InstallationLetThrough::ENTRY);
    eventually("n1 to know that n2 is not ready", || !not_ready(n1, "n2").is_empty());
    assert!(n2.ok("guard status").contains("the vendor wants it"));
}

#[test]
fn a_daemon_that_is_dead_or_hangs_changes_nothing() {
    let Some((cluster, _shelf)) = guarded("a_daemon_that_is_dead_or_hangs") else { return };
    let [_, n2, _] = cluster.all();
    n2.daemon().freeze().unwrap();
    refused(n2, "dpkg -i helped-3.0-1.deb");
    done(n2, "dpkg -i helped-4.0-1.deb");
    n2.daemon().thaw().unwrap();
    n2.kill();
    refused(n2, "dpkg -i helped-3.0-1.deb");
    done(n2, "dpkg -i helped-4.0-1.deb");
    n2.start();
    eventually("both to be told", || n2.told(21030).len() >= 2);
}

#[test]
fn a_package_of_ours_that_is_broken_or_gone_leaves_dpkg_and_apt_usable() {
    let Some((cluster, shelf)) = guarded("a_package_of_ours_that_is_broken_or_gone") else { return };
    let [_, n2, n3] = cluster.all();
    repository(&shelf, n2);
    let works = |node| {
        done(node, "dpkg -i helped-4.0-1.deb");
        if node.name() == "n2" {
            done(node, "apt-get install -y --allow-downgrades other=1.0 && apt-get remove -y other");
        }
    };
    works(n2);
    // Not one way in which a program can be broken stops them.
    for broken in ["printf 'no program' >", "chmod 644", "rm"] {
        sh(n2, &format!("{broken} /usr/lib/steadfast/steadfast"));
        works(n2);
    }
    sh(n2, "ln -s /bin/false /usr/lib/steadfast/steadfast");
    works(n2);
    sh(n2, "rm /usr/lib/steadfast/steadfast; dpkg -i steadfast.deb; dpkg -r steadfast");
    works(n2);
    done(n2, "dpkg -i helped-3.0-1.deb");
    sh(n2, "test ! -e /etc/dpkg/dpkg.cfg.d/steadfast; test ! -e /etc/apt/apt.conf.d/20steadfast");
    // One that has nothing to go by lets everything through, and says so.
    sh(n3, "echo damaged > /steadfast/data/guard/policy.json");
    assert!(done(n3, "dpkg -i helped-3.0-1.deb").contains("steadfast: not looked at"));
}

#[test]
fn apt_is_kept_from_an_older_package_and_goes_on_with_the_others() {
    let Some((cluster, shelf)) = guarded("apt_is_kept_from_an_older_package") else { return };
    let [_, n2, _] = cluster.all();
    repository(&shelf, n2);
    let said = refused(n2, "apt-get install -y --allow-downgrades helped=3.0-1");
    assert!(said.contains("steadfast: refused: helped 3.0-1 is older than 4.0-1"), "{said}");
    let said = refused(n2, "apt-get install -y option-pack");
    assert!(said.contains("option-pack 1.0 would put an older"), "{said}");
    eventually("apt's run to be told", || n2.told(21030).iter().any(|it| it.fields["installer"] == "apt"));
    // Somebody at a terminal knows before they answer.
    let said = refused(n2, "apt install helped=3.0-1");
    assert!(said.contains("If you go on, it will be refused."), "{said}");
    // A vendor's preference for its own repository, which is how this comes to pass.
    done(n2, "apt-get install -y --allow-downgrades other=1.0");
    sh(
        n2,
        "printf 'Package: helped\\nPin: version 3.0-1\\nPin-Priority: 1001\\n' > /etc/apt/preferences.d/vendor",
    );
    sh(n2, "apt-get update");
    let pins = n2.read_file("/etc/apt/preferences.d/00steadfast");
    assert!(String::from_utf8_lossy(&pins).contains("Package: helped\nPin: version 3.0-1\nPin-Priority: -1"));
    sh(
        n2,
        "echo 'APT::Default-Release \"\";' > /etc/apt/apt.conf.d/99x; dpkg --compare-versions 5.0-1 gt 4.0-1",
    );
    let said = done(n2, "apt-get dist-upgrade -y --allow-downgrades -o APT::Get::Allow-Downgrades=true");
    assert!(said.contains("other (2.0)"), "the rest of the run goes on: {said}");
    assert!(!said.contains("steadfast: refused"), "{said}");
    sh(n2, "dpkg -s helped | grep -q '^Version: 5.0-1'");
}

#[test]
fn the_shield_holds_where_the_hooks_are_gone() {
    let Some((cluster, _shelf)) = guarded("the_shield_holds_where_the_hooks_are_gone") else { return };
    let [_, n2, _] = cluster.all();
    n2.ok("guard shield --install");
    sh(n2, "rm /etc/dpkg/dpkg.cfg.d/steadfast");
    let said = refused(n2, "dpkg -i helped-3.0-1.deb");
    assert!(said.contains("steadfast-shield conflicts with helped"), "{said}");
    refused(n2, "dpkg -r steadfast-shield");
    done(n2, "dpkg -i helped-5.0-1.deb");
    assert!(n2.ok("guard status").contains("shield    of baseline 1"));
}
