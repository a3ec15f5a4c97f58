//! What package managers hand to the guard, and the packages themselves.

use super::{Target, ensure};
use packages::RootLinks;
use packages::deb::{Deb, NewFile, write};
use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::PathBuf;

/// A package that is not installed yet.
pub(super) const DEB: Target = Target {
    name: "deb",
    reads: "a package of anybody's",
    run: |bytes| {
        const MOST: u64 = 1 << 20;
        let deb = match Deb::read(&mut Cursor::new(bytes)) {
            Ok(deb) => deb,
            Err(error) => return ensure(!error.to_string().is_empty(), "an error without words"),
        };
        let wanted = BTreeSet::from([PathBuf::from("/usr/lib/x.so"), PathBuf::from("/etc/passwd")]);
        match deb.files(&mut Cursor::new(bytes), &wanted, &RootLinks::default(), MOST) {
            Ok(files) => ensure(files.keys().all(|path| path.is_absolute()), "a file that was not asked for"),
            Err(error) => ensure(!error.to_string().is_empty(), "an error without words"),
        }
    },
    seeds: || {
        let control = "Package: x\nVersion: 1.0\nArchitecture: all\nDescription: x\n";
        let file = NewFile { path: "usr/lib/x.so", content: b"x", mode: 0o644 };
        write(control, &[file]).into_iter().collect()
    },
    words: &["!<arch>\n", "debian-binary", "control.tar", "data.tar.xz", "`\n", "ustar", "../", "\u{1f}"],
};

/// What apt says before it runs dpkg.
pub(super) const APT: Target = Target {
    name: "guard-apt",
    reads: "what apt says to its hook",
    run: |bytes| {
        let request = guard::apt::read(bytes);
        let lines = bytes.split(|byte| *byte == b'\n').count();
        ensure(request.changes.len() + request.problems.len() <= lines + 1, "more was read than was said")?;
        let has_file = |change: &guard::Change| change.file.as_ref().is_some_and(|file| file.is_absolute());
        ensure(request.changes.iter().all(has_file), "a package without a file")
    },
    seeds: || {
        vec![
            b"VERSION 3\nDir=/\n\nhelper 4.0 amd64 same > 3.0 amd64 same /a/helper.deb\nx - - none < 1 all none /x.deb\n".to_vec(),
            b"VERSION 2\nDir=/\n\nhelper 4.0 > 3.0 /a/helper.deb\n".to_vec(),
            b"/a/helper.deb\n/b.deb\n".to_vec(),
        ]
    },
    words: &["VERSION ", "**REMOVE**", "**CONFIGURE**", "Dir=", "RootDir=/mnt", " - ", "\n\n", "\0"],
};

/// What apt says before it asks.
pub(super) const APT_JSON: Target = Target {
    name: "guard-json",
    reads: "what apt's command line says to its hook",
    run: |bytes| {
        let (mut out, mut most) = (Vec::new(), 0);
        let done = guard::apt_json::serve(&mut Cursor::new(bytes), &mut out, |changes| {
            most = most.max(changes.len());
        });
        ensure(most <= bytes.len(), "more packages than there are bytes")?;
        match done {
            Ok(()) => Ok(()),
            Err(error) => ensure(!error.to_string().is_empty(), "an error without words"),
        }
    },
    seeds: || {
        vec![
            b"{\"jsonrpc\":\"2.0\",\"method\":\"org.debian.apt.hooks.hello\",\"id\":0,\"params\":{\"versions\":[\"0.2\"]}}\n\n\
              {\"jsonrpc\":\"2.0\",\"method\":\"org.debian.apt.hooks.install.pre-prompt\",\"params\":{\"packages\":[\
              {\"id\":1,\"name\":\"x\",\"mode\":\"upgrade\",\"versions\":{\"install\":{\"version\":\"2\"},\
              \"current\":{\"version\":\"1\"}}}]}}\n\n".to_vec(),
        ]
    },
    words: &["\"method\":", "\"packages\":", "\"versions\":", "null", "{}", "[]", "\n\n", "hooks.bye"],
};
