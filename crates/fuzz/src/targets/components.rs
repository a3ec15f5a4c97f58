//! What nodes read of components: scripts of anybody's, package databases that are damaged, baselines that somebody
//! sends.

use super::{Target, ensure};
use model::stored::{BaselineSignature, SignedBaseline, SignerRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A library.
pub(super) const ELF: Target = Target {
    name: "elf",
    reads: "a library that is cut off or hostile",
    run: |bytes| match elf::Image::parse(bytes) {
        Ok(image) => {
            // As many definitions as there may be versions of each symbol.
            let most = bytes.len().saturating_mul(bytes.len()) + 1;
            ensure(
                image.symbols().count() <= most && image.versions().len() <= bytes.len(),
                "made out of nothing",
            )
        }
        Err(error) => ensure(!format!("{error:?}").is_empty(), "an error without words"),
    },
    // The smallest libraries of the machine: a large one would be read, and not its parts.
    seeds: || {
        let search = elf::Search::of_this_machine();
        let names = ["libdl.so.2", "libutil.so.1", "libpthread.so.0", "librt.so.1"];
        let files = names.iter().filter_map(|name| search.first(name));
        let read: Vec<Vec<u8>> = files.filter_map(|path| std::fs::read(path).ok()).collect();
        if read.is_empty() { vec![b"\x7fELF\x02\x01\x01".to_vec()] } else { read }
    },
    words: &["\x7fELF", "\u{1}\0\0\0", "GNU\0", "$ORIGIN", "\0\0\0\0\0\0\0\0"],
};

/// A shell script.
pub(super) const SCRIPT: Target = Target {
    name: "script",
    reads: "an agent that is to be found out about",
    run: |bytes| {
        let commands = closure::read_script(bytes);
        let words: usize = commands.iter().map(Vec::len).sum();
        ensure(words <= bytes.len() + 1, "more words came out than there are bytes")
    },
    seeds: || {
        vec![
            b"#!/bin/sh\n. ${OCF_FUNCTIONS_DIR}/ocf-shellfuncs\nx=$(which curl) && \"$x\" -s | grep -q a\n".to_vec(),
            b"case $1 in start|stop) cat <<-EOF\n\t$(date) `id`\n\tEOF\n;; esac\nf() { exec /opt/x \"$@\"; }\n".to_vec(),
            b"if [ -x /usr/sbin/a ]; then for i in a b; do sudo -u x nice -n 5 $i & done; fi\n".to_vec(),
        ]
    },
    words: &[
        "$((", "$(", "`", "<<EOF\n", "<<-'E'\n", "${a:-", "\\\n", "'", "\"", ";;", "case ", "esac", "eval ",
        "\0",
    ],
};

/// The files of dpkg's database.
pub(super) const PACKAGES: Target = Target {
    name: "packages",
    reads: "a damaged database of packages",
    run: |bytes| {
        let root = tempfile::tempdir().map_err(|error| error.to_string())?;
        let info = root.path().join("var/lib/dpkg/info");
        std::fs::create_dir_all(&info).map_err(|error| error.to_string())?;
        let put = |name: &str, bytes: &[u8]| {
            std::fs::write(root.path().join("var/lib/dpkg").join(name), bytes)
                .map_err(|error| error.to_string())
        };
        // The first byte says which of its files is damaged.
        let (which, rest) = bytes.split_first().map_or((0, bytes), |(first, rest)| (*first % 4, rest));
        let file = |number: u8, good: &[u8]| if which == number { rest.to_vec() } else { good.to_vec() };
        put(
            "status",
            &file(0, b"Package: x\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n"),
        )?;
        put("info/x.list", &file(1, b"/.\n/usr\n/usr/x\n"))?;
        put("info/x.md5sums", &file(2, b"d41d8cd98f00b204e9800998ecf8427e  usr/x\n"))?;
        put("diversions", &file(3, b"/usr/x\n/usr/y\nz\n"))?;
        let (packages, problems) = packages::Packages::read(root.path());
        let wanted = BTreeSet::from([PathBuf::from("/usr/x")]);
        match packages.of(&wanted) {
            Ok(known) => ensure(known.len() <= 1, "a file that was not asked for"),
            Err(error) => ensure(!format!("{error:?}").is_empty(), "an error without words"),
        }?;
        ensure(problems.iter().all(|problem| !problem.to_string().is_empty()), "a problem without words")
    },
    seeds: || {
        vec![
            b"\0Package: x\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: all\n\n".to_vec(),
            b"\x01/.\n/usr\n/usr/x\n".to_vec(),
            b"\x02d41d8cd98f00b204e9800998ecf8427e  usr/x\n".to_vec(),
            b"\x03/usr/x\n/usr/y\nz\n".to_vec(),
        ]
    },
    words: &["Package: ", "Version: ", "Status: ", "\n\n", "/", "..", "  ", "\n "],
};

/// A baseline, which is verified.
pub(super) const BASELINE: Target = Target {
    name: "baseline",
    reads: "a baseline that somebody sends",
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let signature = BaselineSignature { signer: "alice".to_owned(), signature: "AAAA".to_owned() };
        let signed = SignedBaseline { text, signatures: vec![signature] };
        let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned();
        let record = SignerRecord {
            public_key: key,
            private_key: None,
            added: model::Timestamp::from_unix_ms(0),
            by: "root".to_owned(),
            expires: None,
        };
        let signers = BTreeMap::from([("alice".to_owned(), record)]);
        ensure(
            servicing::signature::verify(&signed, &signers).is_err(),
            "what nobody has signed was accepted",
        )
    },
    seeds: || {
        let text = include_str!("../../../model/tests/golden/baseline.v1.json");
        vec![text.as_bytes().to_vec()]
    },
    words: &[
        "\"version\":",
        "\"components\":",
        "\"generation\":",
        "18446744073709551616",
        "null",
        "{}",
        "[]",
    ],
};
