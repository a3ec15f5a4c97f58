//! Packages that dpkg-deb made, packages that we made, and packages that mean harm.

use super::*;
use std::io::Cursor;
use std::process::Command;

const CONTROL: &str = "Package: helper\nVersion: 4.0-1\nArchitecture: all\nMaintainer: Nobody <n@example.org>\nDescription: helps\n of course\n";

fn links() -> RootLinks {
    RootLinks::default()
}

fn paths(all: &[&str]) -> BTreeSet<PathBuf> {
    all.iter().map(PathBuf::from).collect()
}

fn parse(bytes: &[u8]) -> Result<Deb, DebError> {
    Deb::read(&mut Cursor::new(bytes))
}

/// An archive of ar(5) of these members.
fn ar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, content) in members {
        out.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", content.len()).bytes(),
        );
        out.extend_from_slice(content);
        out.extend(std::iter::repeat_n(b'\n', content.len() % 2));
    }
    out
}

/// An archive of tar(5) whose names are written as they are, also those that a builder would refuse.
fn tar(entries: &[(&str, tar::EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, kind, target, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn control() -> Vec<u8> {
    tar(&[("./control", tar::EntryType::Regular, "", CONTROL.as_bytes())])
}

fn with_data(data: Vec<u8>) -> Vec<u8> {
    ar(&[("debian-binary", b"2.0\n".to_vec()), ("control.tar", control()), ("data.tar", data)])
}

#[test]
fn what_we_write_is_read_back() {
    let file = NewFile { path: "./usr/lib/libhelper.so", content: b"four", mode: 0o644 };
    let bytes = write(CONTROL, &[file]).unwrap();
    let deb = parse(&bytes).unwrap();
    assert_eq!(
        (deb.name.as_str(), deb.version.as_str(), deb.architecture.as_str()),
        ("helper", "4.0-1", "all")
    );
    assert!(deb.may_have(&paths(&["/anything"]), &links()), "it does not say what it has");
    let wanted = paths(&["/usr/lib/libhelper.so", "/usr/lib/other"]);
    let files = deb.files(&mut Cursor::new(&bytes), &wanted, &links(), 1 << 20).unwrap();
    let only = DebFile { content: DebContent::Bytes(b"four".to_vec()), mode: 0o644, uid: 0, gid: 0 };
    assert_eq!(files, BTreeMap::from([(PathBuf::from("/usr/lib/libhelper.so"), only)]));
}

#[test]
fn whatever_dpkg_deb_writes_is_read_in_every_compression() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("DEBIAN")).unwrap();
    std::fs::create_dir_all(root.join("lib")).unwrap();
    std::fs::write(root.join("DEBIAN/control"), CONTROL).unwrap();
    std::fs::write(root.join("DEBIAN/md5sums"), "00000000000000000000000000000000  lib/libhelper.so.4\n")
        .unwrap();
    std::fs::write(root.join("lib/libhelper.so.4"), b"four").unwrap();
    std::os::unix::fs::symlink("libhelper.so.4", root.join("lib/libhelper.so")).unwrap();
    std::fs::hard_link(root.join("lib/libhelper.so.4"), root.join("lib/same")).unwrap();
    for compression in ["none", "gzip", "xz", "zstd"] {
        let out = folder.path().join(format!("{compression}.deb"));
        let made = Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Z", compression, "--build"])
            .args([&root, &out])
            .output();
        match made {
            Ok(made) => assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr)),
            Err(error) => return eprintln!("SKIPPED: dpkg-deb is not there: {error}"),
        }
        let mut file = std::fs::File::open(&out).unwrap();
        let deb = Deb::read(&mut file).unwrap();
        assert_eq!(deb.listed, Some(paths(&["/lib/libhelper.so.4"])), "{compression}");
        assert!(!deb.may_have(&paths(&["/lib/other"]), &links()));
        let wanted = paths(&["/lib/libhelper.so", "/lib/same"]);
        let files = deb.files(&mut file, &wanted, &links(), 1 << 20).unwrap();
        let content = |path: &str| files.get(Path::new(path)).map(|file| file.content.clone());
        assert_eq!(content("/lib/libhelper.so"), Some(DebContent::Link("libhelper.so.4".to_owned())));
        assert_eq!(content("/lib/same"), Some(DebContent::Bytes(b"four".to_vec())), "{compression}");
    }
}

#[test]
fn paths_are_compared_after_the_links_of_the_root_folder() {
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("usr/lib", root.path().join("lib")).unwrap();
    let links = RootLinks::of(root.path());
    let bytes = with_data(tar(&[("./lib/libx.so", tar::EntryType::Regular, "", b"x")]));
    let wanted = paths(&["/usr/lib/libx.so"]);
    let files = parse(&bytes).unwrap().files(&mut Cursor::new(&bytes), &wanted, &links, 1 << 20).unwrap();
    assert!(files.contains_key(Path::new("/usr/lib/libx.so")));
}

#[test]
fn what_leads_out_or_is_no_file_is_nobodys() {
    let bytes = with_data(tar(&[
        ("../etc/passwd", tar::EntryType::Regular, "", b"evil"),
        ("./a/../../etc/passwd", tar::EntryType::Regular, "", b"evil"),
        ("./dev/sda", tar::EntryType::Block, "", b""),
        ("./pipe", tar::EntryType::Fifo, "", b""),
        ("./hard", tar::EntryType::Link, "../etc/shadow", b""),
    ]));
    let wanted = paths(&["/etc/passwd", "/dev/sda", "/pipe", "/hard", "/etc/shadow"]);
    let files = parse(&bytes).unwrap().files(&mut Cursor::new(&bytes), &wanted, &links(), 1 << 20).unwrap();
    assert_eq!(files, BTreeMap::new());
}

#[test]
fn a_bomb_ends_at_its_bound() {
    use std::io::Write as _;
    let zeros = vec![0; 8 << 20];
    let data = tar(&[("./big", tar::EntryType::Regular, "", &zeros)]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&data).unwrap();
    let small = gzip.finish().unwrap();
    assert!(small.len() < 64 << 10);
    let bytes =
        ar(&[("debian-binary", b"2.0\n".to_vec()), ("control.tar", control()), ("data.tar.gz", small)]);
    let deb = parse(&bytes).unwrap();
    let read = deb.files(&mut Cursor::new(&bytes), &paths(&["/big"]), &links(), 1 << 20);
    assert!(matches!(read, Err(DebError::TooLarge { .. })), "{read:?}");
    // The same in what it says of itself.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&tar(&[("./filler", tar::EntryType::Regular, "", &vec![0; 40 << 20])])).unwrap();
    let bomb = gzip.finish().unwrap();
    let bytes =
        ar(&[("debian-binary", b"2.0\n".to_vec()), ("control.tar.gz", bomb), ("data.tar", Vec::new())]);
    assert!(parse(&bytes).is_err());
}

#[test]
fn what_is_none_is_refused_with_the_reason() {
    let whole = with_data(tar(&[]));
    for length in [0, 7, 8, 40, 70, 80, 100, whole.len() - 1] {
        assert!(parse(&whole[..length]).is_err(), "of {length} bytes");
    }
    let of = |members: &[(&str, Vec<u8>)]| parse(&ar(members)).unwrap_err().to_string();
    let binary = || ("debian-binary", b"2.0\n".to_vec());
    assert!(of(&[("debian-binary", b"3.0\n".to_vec())]).contains("format 2"));
    assert!(of(&[("control.tar", control())]).contains("format 2"));
    assert!(of(&[binary(), ("data.tar", Vec::new())]).contains("before its control"));
    assert!(of(&[binary(), ("control.tar.lz4", Vec::new())]).contains("not known"));
    assert!(of(&[binary(), ("control.tar", tar(&[])), ("data.tar", tar(&[]))]).contains("no control file"));
    let nameless = tar(&[("./control", tar::EntryType::Regular, "", b"Version: 1\n")]);
    assert!(of(&[binary(), ("control.tar", nameless), ("data.tar", tar(&[]))]).contains("names no package"));
}
