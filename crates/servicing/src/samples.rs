//! Components and baselines for the tests of this crate.

use crate::inventory::{Found, Inventory, Resolution, Seen};
use model::stored::{Baseline, BaselineOrigin, Component, Content, PackageScheme, PackageVersion, Subject};
use model::{AbsolutePath, BaselineGeneration, ClusterId, ContentHash, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn path(text: &str) -> AbsolutePath {
    text.parse().unwrap()
}

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

pub(crate) fn package(version: &str) -> PackageVersion {
    PackageVersion { name: "helper".to_owned(), version: version.to_owned(), scheme: PackageScheme::Dpkg }
}

/// A file with that content, of no package.
pub(crate) fn file(byte: u8) -> Component {
    Component {
        content: Content::Blake3(ContentHash([byte; 32])),
        mode: 0o755,
        uid: 0,
        gid: 0,
        package: None,
        defines: Vec::new(),
        symbols: None,
    }
}

pub(crate) fn link(target: &str) -> Component {
    Component { content: Content::Link(target.to_owned()), mode: 0, ..file(0) }
}

/// A file of `helper` in that version.
pub(crate) fn packaged(byte: u8, version: &str) -> Component {
    Component { package: Some(package(version)), ..file(byte) }
}

pub(crate) fn library(byte: u8, symbols: &[&str]) -> Component {
    Component { symbols: crate::symbols::set(symbols.iter().copied()), ..file(byte) }
}

pub(crate) fn seen(component: Component) -> Seen {
    Seen { component, as_packaged: None }
}

pub(crate) fn there(component: Component) -> Found {
    Found::There(Box::new(seen(component)))
}

/// One with these components, of which the subject `disk` has all.
pub(crate) fn baseline(components: &[(&str, Component)]) -> Baseline {
    let components: BTreeMap<_, _> = components.iter().map(|(at, it)| (path(at), it.clone())).collect();
    let files: BTreeSet<_> = components.keys().cloned().collect();
    Baseline {
        cluster: ClusterId([5; 16]),
        generation: BaselineGeneration(3),
        made: at(1_000),
        by: "root on n1".to_owned(),
        origin: BaselineOrigin::Rules,
        reason: None,
        expires: None,
        components,
        subjects: BTreeMap::from([("disk".to_owned(), Subject { files, ..Subject::default() })]),
        known: BTreeMap::new(),
        floors: BTreeMap::new(),
        order: Vec::new(),
        waivers: Vec::new(),
    }
}

/// What a node has that has all of that.
pub(crate) fn all_of(baseline: &Baseline) -> Inventory {
    let files = baseline.components.iter().map(|(path, it)| (path.clone(), there(it.clone()))).collect();
    let resolution = |(name, subject): (&String, &Subject)| {
        (name.clone(), Resolution { files: subject.files.clone(), ..Resolution::default() })
    };
    let packages = baseline.components.values().filter_map(|it| it.package.clone());
    Inventory {
        files,
        resolutions: baseline.subjects.iter().map(resolution).collect(),
        packages: packages.map(|it| (it.name.clone(), it)).collect(),
        installed: BTreeMap::new(),
    }
}
