//! Packages that are offered to a node, as files that were made for it.

use super::*;
use crate::folder::tests::{installed, signed};
use model::stored::{Baseline, Component, Content, Subject};
use model::{AbsolutePath, BaselineGeneration, ClusterId, ContentHash};
use packages::deb::{NewFile, write};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const LIBRARY: &str = "/usr/lib/libhelper.so.4";
const OWN: &str = "/opt/tape/libtape.so";

fn path(text: &str) -> AbsolutePath {
    text.parse().unwrap()
}

fn file(content: &[u8], package: Option<&str>) -> Component {
    let package = package.map(|version| PackageVersion {
        name: "helper".to_owned(),
        version: version.to_owned(),
        scheme: model::stored::PackageScheme::Dpkg,
    });
    Component {
        content: Content::Blake3(ContentHash(*blake3::hash(content).as_bytes())),
        mode: 0o644,
        uid: 0,
        gid: 0,
        package,
        defines: Vec::new(),
        symbols: None,
    }
}

/// The library of `helper` 4.0-1, and a plug-in of no package.
pub(crate) fn baseline() -> Baseline {
    let components =
        BTreeMap::from([(path(LIBRARY), file(b"four", Some("4.0-1"))), (path(OWN), file(b"tape", None))]);
    let files: BTreeSet<AbsolutePath> = components.keys().cloned().collect();
    Baseline {
        cluster: ClusterId([5; 16]),
        generation: BaselineGeneration(3),
        made: Timestamp::from_unix_ms(1_000),
        by: "root on n1".to_owned(),
        origin: model::stored::BaselineOrigin::Rules,
        reason: None,
        expires: None,
        components,
        subjects: BTreeMap::from([(
            "plug-in /opt/tape/libtape.so".to_owned(),
            Subject { files, ..Subject::default() },
        )]),
        known: BTreeMap::from([(path(OWN), vec![known(b"old tape")])]),
        floors: BTreeMap::new(),
        order: Vec::new(),
        waivers: Vec::new(),
    }
}

fn known(content: &[u8]) -> model::stored::KnownContent {
    let Component { content, package, .. } = file(content, None);
    model::stored::KnownContent { generation: BaselineGeneration(1), content, package }
}

/// A node with `helper` in that version, and files of packages.
struct Node {
    root: tempfile::TempDir,
    folder: Folder,
}

impl Node {
    fn new(version: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::of(&root.path().join("data"));
        folder.set_policy(Some(&signed(&baseline()))).unwrap();
        installed(root.path(), "helper", version);
        Self { root, folder }
    }

    fn package(&self, name: &str, version: &str, files: &[NewFile<'_>]) -> PathBuf {
        let control = format!("Package: {name}\nVersion: {version}\nArchitecture: all\nDescription: x\n");
        let path = self.root.path().join(format!("{name}_{version}_all.deb"));
        std::fs::write(&path, write(&control, files).unwrap()).unwrap();
        path
    }

    fn answer(&self, file: &Path) -> Answer {
        let change = Change { name: None, installed: None, version: None, file: Some(file.to_owned()) };
        decide(&self.folder, &[change], self.root.path(), Timestamp::from_unix_ms(5_000))
    }
}

fn one<'a>(path: &'a str, content: &'a [u8]) -> NewFile<'a> {
    NewFile { path, content, mode: 0o644 }
}

#[test]
fn something_older_is_refused_and_told_with_everything_that_helps() {
    let node = Node::new("4.0-1");
    let old = node.package("helper", "3.0-1", &[one("usr/lib/libhelper.so.4", b"three")]);
    let answer = node.answer(&old);
    let text = answer.text();
    let expected = "\
steadfast: refused: helper 3.0-1 is older than 4.0-1, which baseline 3 validated; installed is 4.0-1
  package    helper (helper_3.0-1_all.deb)
  file       /usr/lib/libhelper.so.4 (plug-in /opt/tape/libtape.so stands on it)
  installed  4.0-1
  offered    3.0-1
  validated  baseline 3 of cluster shop has helper 4.0-1
  override   root on n1: steadfast guard allow helper=3.0-1 --reason WHY
Nothing was changed. Why there is a guard: steadfast explain 21030
";
    assert_eq!(text, expected);
}

#[test]
fn what_is_the_same_or_newer_or_nobodys_passes_in_silence() {
    let node = Node::new("4.0-1");
    for (name, version) in [("helper", "4.0-1"), ("helper", "4.1"), ("other", "0.1")] {
        let answer = node.answer(&node.package(name, version, &[one("usr/share/x", b"x")]));
        assert!(answer.refused.is_empty() && answer.text().is_empty(), "{name} {version}: {}", answer.text());
    }
}

#[test]
fn another_package_that_brings_an_older_file_is_refused_for_it() {
    let node = Node::new("4.0-1");
    let options = node.package("option-pack", "1.0", &[one("opt/tape/libtape.so", b"old tape")]);
    let text = node.answer(&options).text();
    assert!(
        text.contains("option-pack 1.0 would put an older /opt/tape/libtape.so over the validated one"),
        "{text}"
    );
    assert!(text.contains("steadfast guard allow option-pack=1.0"), "{text}");
    // What nobody can order is let through, and found when it is there.
    let foreign = node.package("patch", "1.0", &[one("opt/tape/libtape.so", b"another tape")]);
    assert!(node.answer(&foreign).refused.is_empty());
    let same = node.package("tape", "1.0", &[one("opt/tape/libtape.so", b"tape")]);
    assert!(node.answer(&same).refused.is_empty());
}

#[test]
fn whoever_has_leave_passes_and_is_named_until_the_leave_is_over() {
    let node = Node::new("4.0-1");
    let old = node.package("helper", "3.0-1", &[]);
    let permit = |version: &str, until: u64| Permit {
        package: "helper".to_owned(),
        version: Some(version.to_owned()),
        until: Timestamp::from_unix_ms(until),
        reason: "the vendor says so".to_owned(),
        by: "root on n1".to_owned(),
    };
    let give = |permit: Permit| {
        node.folder.change_permits(Timestamp::from_unix_ms(0), |all| *all = vec![permit]).unwrap();
    };
    give(permit("2.0-1", 9_000));
    assert_eq!(node.answer(&old).refused.len(), 1, "of another version");
    give(permit("3.0-1", 5_000));
    assert_eq!(node.answer(&old).refused.len(), 1, "it has run out");
    give(permit("3.0-1", 9_000));
    let mut answer = node.answer(&old);
    assert!(answer.refused.is_empty());
    assert!(answer.text().contains("helper 3.0-1 is let through: root on n1 said so (the vendor says so)"));
    answer.note(&node.folder, "dpkg", Timestamp::from_unix_ms(5_000));
    let notes = node.folder.notes();
    assert!(
        matches!(&notes[0].1.what, GuardDeed::Permitted { packages, .. } if packages[0].version == "3.0-1")
    );
}

#[test]
fn what_cannot_be_decided_is_said_and_let_through() {
    let node = Node::new("4.0-1");
    let cut = node.root.path().join("cut.deb");
    std::fs::write(&cut, b"!<arch>\n").unwrap();
    let answer = node.answer(&cut);
    assert!(answer.refused.is_empty() && answer.text().contains("cut.deb: it is no Debian package"));
    std::fs::write(node.folder.path().join("policy.json"), b"{").unwrap();
    let answer = node.answer(&node.package("helper", "3.0-1", &[]));
    assert!(answer.refused.is_empty() && answer.text().contains("not looked at"), "{}", answer.text());
    std::fs::remove_file(node.folder.path().join("policy.json")).unwrap();
    assert_eq!(node.answer(&cut).text(), "", "no member, nothing to say");
}
