//! What the kernel tells of, on this machine's file system.

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// Named where it is missing: in a container without the right to it.
fn watch() -> Option<Watch> {
    match Watch::new() {
        Ok(watch) => Some(watch),
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

/// Never readable.
fn nobody() -> OwnedFd {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    std::mem::forget(writer);
    reader
}

/// The names of what is told within a while of that; `?`: no name.
fn told_of(watch: &mut Watch, act: impl FnOnce()) -> BTreeSet<String> {
    let other = nobody();
    act();
    let mut names = BTreeSet::new();
    for _ in 0..100 {
        for told in watch.wait(Duration::from_millis(100), &other).unwrap() {
            match told {
                Told::Change(change) => {
                    let name = change.name.map(|name| name.to_string_lossy().into_owned());
                    names.insert(name.unwrap_or_else(|| "?".to_owned()));
                }
                Told::Overflow => drop(names.insert("overflow".to_owned())),
                Told::Mounts => {}
            }
        }
        if !names.is_empty() {
            break;
        }
    }
    names
}

#[test]
fn whatever_happens_in_a_folder_is_told_by_name() {
    let Some(mut watch) = watch() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("there"), "1").unwrap();
    watch.add([folder.path()], []);
    assert!(told_of(&mut watch, || fs::write(at("new"), "1").unwrap()).contains("new"));
    assert!(told_of(&mut watch, || fs::write(at("there"), "2").unwrap()).contains("there"));
    assert!(told_of(&mut watch, || fs::rename(at("new"), at("there")).unwrap()).contains("there"));
    let mode = fs::Permissions::from_mode(0o600);
    assert!(told_of(&mut watch, || fs::set_permissions(at("there"), mode).unwrap()).contains("there"));
    let link = || std::os::unix::fs::symlink("there", at("link")).unwrap();
    assert!(told_of(&mut watch, link).contains("link"));
    assert!(told_of(&mut watch, || fs::remove_file(at("there")).unwrap()).contains("there"));
}

#[test]
fn a_write_through_a_hard_link_elsewhere_is_told_too() {
    let Some(mut watch) = watch() else { return };
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (file, link) = (folder.path().join("file"), elsewhere.path().join("link"));
    fs::write(&file, "1").unwrap();
    fs::hard_link(&file, &link).unwrap();
    watch.add([folder.path()], [file.as_path()]);
    assert!(
        told_of(&mut watch, || fs::write(&link, "2").unwrap()).contains("link"),
        "by the name that was used"
    );
}

#[test]
fn who_did_it_is_told_and_what_happens_elsewhere_is_not() {
    let Some(mut watch) = watch() else { return };
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    watch.add([folder.path()], []);
    for number in 0..1_000 {
        fs::write(elsewhere.path().join(number.to_string()), "x").unwrap();
    }
    let other = nobody();
    assert_eq!(watch.wait(Duration::from_millis(50), &other).unwrap(), []);
    fs::write(folder.path().join("a"), "x").unwrap();
    let told = watch.wait(Duration::from_secs(10), &other).unwrap();
    let own = i32::try_from(std::process::id()).unwrap();
    assert!(matches!(&told[0], Told::Change(change) if change.process == own), "{told:?}");
}

#[test]
fn more_than_the_kernel_remembers_is_told_as_that() {
    let Some(mut watch) = watch() else { return };
    let limit = fs::read_to_string("/proc/sys/fs/fanotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 100_000 {
        eprintln!("SKIPPED: this machine remembers {limit} events");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    watch.add([folder.path()], []);
    for number in 0..=limit {
        fs::write(folder.path().join(number.to_string()), "").unwrap();
    }
    assert!(told_of(&mut watch, || {}).contains("overflow"));
}
