//! Databases that were made here, and the one of this machine beside its own tool.

use super::{Dpkg, Package};
use crate::DatabaseError;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A root whose `/lib` leads to `/usr/lib`.
fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("usr/lib")).unwrap();
    std::os::unix::fs::symlink("usr/lib", root.path().join("lib")).unwrap();
    for (name, text) in files {
        let path = root.path().join("var/lib/dpkg").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

const STATUS: &str = "\
Package: libhelper4
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 4.2-1
Description: helps
 and goes on: over lines
 .

Package: optionpack
Status: install ok unpacked
Architecture: all
Version: 1:3.0

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 9
";

fn read(root: &tempfile::TempDir) -> Dpkg {
    Dpkg::read(root.path()).unwrap().unwrap()
}

/// The owners of a path, in words.
fn owners(dpkg: &Dpkg, path: &str) -> String {
    let path = PathBuf::from(path);
    let found = dpkg.owners(&BTreeSet::from([path.clone()])).unwrap();
    let say = |one: &&Package| format!("{} {}", one.name, one.version);
    found.get(&path).map(|all| all.iter().map(say).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

#[test]
fn a_file_belongs_to_who_lists_it_by_either_name_of_its_folder() {
    let root = root(&[
        ("status", STATUS),
        ("info/libhelper4:amd64.list", "/.\n/lib\n/lib/libhelper.so.4\n"),
        ("info/optionpack.list", "/.\n/usr/share/optionpack\n"),
    ]);
    let dpkg = read(&root);
    assert_eq!(dpkg.packages().len(), 2, "of who is gone, no file is there: {:?}", dpkg.packages());
    assert!(dpkg.packages().iter().any(|one| one.name == "optionpack" && !one.whole));
    for path in ["/lib/libhelper.so.4", "/usr/lib/libhelper.so.4"] {
        assert_eq!(owners(&dpkg, path), "libhelper4 4.2-1", "{path}");
    }
    assert_eq!(owners(&dpkg, "/usr/lib/libhelper.so.40"), "");
    assert_eq!(owners(&dpkg, "/library/libhelper.so.4"), "");
}

#[test]
fn what_was_overwritten_by_force_has_both() {
    let list = "/usr/lib/libhelper.so.4\n";
    let lists = [("status", STATUS), ("info/libhelper4:amd64.list", list), ("info/optionpack.list", list)];
    assert_eq!(owners(&read(&root(&lists)), "/usr/lib/libhelper.so.4"), "libhelper4 4.2-1, optionpack 1:3.0");
}

#[test]
fn a_diversion_leaves_the_path_to_who_made_it() {
    let list = "/usr/lib/libhelper.so.4\n";
    let with = |by: &str, theirs: &str| {
        let diversion = format!("/usr/lib/libhelper.so.4\n/usr/lib/libhelper.so.4.real\n{by}\n");
        root(&[
            ("status", STATUS),
            ("info/libhelper4:amd64.list", list),
            ("info/optionpack.list", theirs),
            ("diversions", &diversion),
        ])
    };
    let (with_a_package, with_none) = (with("optionpack", list), with(":", ""));
    let by_a_package = read(&with_a_package);
    assert_eq!(owners(&by_a_package, "/usr/lib/libhelper.so.4"), "optionpack 1:3.0");
    assert_eq!(owners(&by_a_package, "/usr/lib/libhelper.so.4.real"), "libhelper4 4.2-1");
    let by_hand = read(&with_none);
    assert_eq!(owners(&by_hand, "/usr/lib/libhelper.so.4"), "");
    assert_eq!(owners(&by_hand, "/usr/lib/libhelper.so.4.real"), "libhelper4 4.2-1");
}

#[test]
fn what_a_run_that_was_cut_short_has_noted_is_newer() {
    let root = root(&[
        ("status", STATUS),
        ("updates/0000", &STATUS.replace("4.2-1", "3.0-1").replace("ok installed", "ok half-installed")),
        ("updates/tmp.i", "rubbish"),
        ("info/libhelper4:amd64.list", "/usr/lib/libhelper.so.4\n"),
        ("info/optionpack.list", ""),
    ]);
    let dpkg = read(&root);
    assert_eq!(owners(&dpkg, "/usr/lib/libhelper.so.4"), "libhelper4 3.0-1");
    assert!(!dpkg.packages()[0].whole);
}

#[test]
fn a_database_that_changes_has_another_stamp() {
    let root = root(&[("status", STATUS)]);
    let dpkg = read(&root);
    assert_eq!(*dpkg.stamp(), dpkg.stamp_now());
    std::fs::create_dir(root.path().join("var/lib/dpkg/updates")).unwrap();
    assert_ne!(*dpkg.stamp(), dpkg.stamp_now());
}

#[test]
fn what_cannot_be_read_is_named() {
    let none = tempfile::tempdir().unwrap();
    assert!(Dpkg::read(none.path()).unwrap().is_none(), "this system has no dpkg");
    let message = |files: &[(&str, &str)]| Dpkg::read(root(files).path()).unwrap_err().to_string();
    for (files, words) in [
        (vec![("status", "Package: a\nrubbish\n")], "status is damaged at line 2: it is no field"),
        (vec![("status", "Version: 1\n")], "names no package"),
        (vec![("status", "Package: ../../etc\n")], "names no package"),
        (vec![("status", ""), ("diversions", "/a\n/b\n")], "diversions is damaged at line 1: a diversion"),
    ] {
        let message = message(&files);
        assert!(message.contains(words), "{message}");
    }
    let missing = root(&[("status", STATUS)]);
    let error = read(&missing).owners(&BTreeSet::from([PathBuf::from("/a")])).unwrap_err();
    assert!(matches!(error, DatabaseError::Unreadable { .. }), "{error}");
    let odd = root(&[
        ("status", STATUS),
        ("info/libhelper4:amd64.list", "/.\nrubbish\n"),
        ("info/optionpack.list", ""),
    ]);
    let error = read(&odd).owners(&BTreeSet::from([PathBuf::from("/a")])).unwrap_err().to_string();
    assert!(error.contains("libhelper4:amd64.list is damaged at line 2"), "{error}");
}

/// Beside dpkg's own word.
#[test]
fn this_machine_s_dpkg_says_the_same() {
    let Some(dpkg) = Dpkg::read(Path::new("/")).unwrap() else {
        println!("SKIPPED this_machine_s_dpkg_says_the_same: there is no dpkg here");
        return;
    };
    let all = std::fs::read_dir("/usr/bin").unwrap().flatten().map(|entry| entry.path());
    let paths: BTreeSet<PathBuf> = all.take(60).collect();
    let owners = dpkg.owners(&paths).unwrap();
    for path in paths {
        // It takes paths as they are listed, by either name of the folder.
        let listed = [path.clone(), Path::new("/").join(path.strip_prefix("/usr").unwrap())];
        let output = Command::new("dpkg-query").args(["--search", "--"]).args(listed).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let is_plain = |line: &&str| !line.starts_with("diversion ");
        let names = said.lines().filter(is_plain).filter_map(|line| line.rsplit_once(": "));
        let theirs: BTreeSet<&str> = names
            .flat_map(|(names, _)| names.split(", "))
            .map(|name| name.split(':').next().unwrap_or(name))
            .collect();
        let ours: BTreeSet<&str> =
            owners.get(&path).into_iter().flatten().map(|one| one.name.as_str()).collect();
        // Of a file that was diverted, dpkg names all who list it.
        assert!(ours == theirs || said.contains("diversion "), "{}: {ours:?} {said}", path.display());
    }
}

#[test]
fn what_a_package_brought_is_told_from_what_was_put_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lib");
    std::fs::write(&file, "four").unwrap();
    let listed = file.to_str().unwrap().trim_start_matches('/');
    // As md5sum(1) has it.
    let sums = format!("8cbad96aced40b3838dd9f07f6ef5772  {listed}\n");
    let root = root(&[
        ("status", STATUS),
        ("info/optionpack.list", &format!("/.\n/{listed}\n")),
        ("info/optionpack.md5sums", &sums),
    ]);
    let dpkg = read(&root);
    let package = dpkg.packages().iter().find(|it| it.name == "optionpack").unwrap();
    assert_eq!(dpkg.as_packaged(&file, package), Some(true));
    std::fs::write(&file, "three").unwrap();
    assert_eq!(dpkg.as_packaged(&file, package), Some(false));
    assert_eq!(dpkg.as_packaged(Path::new("/elsewhere"), package), None, "nothing is noted of it");
    assert!(dpkg.unpacked(package).is_some());
}
