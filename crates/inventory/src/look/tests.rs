//! Files that change, vanish, never stand still, or are none.

use super::*;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

fn content(look: &Look) -> Content {
    match &look.raw {
        Raw::There { content, .. } => content.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_read_once_and_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "four").unwrap();
    let mut looker = Looker::default();
    let first = looker.look(&path);
    assert_eq!(content(&first), Content::Blake3(model::ContentHash(*blake3::hash(b"four").as_bytes())));
    assert!(first.is_new && first.bytes == 4);
    let second = looker.look(&path);
    assert!(!second.is_new && second.bytes == 0, "not read again");
    std::fs::write(&path, "five").unwrap();
    let third = looker.look(&path);
    assert!(third.is_new && content(&third) != content(&first), "the same length, another content");
    std::fs::write(&path, "five").unwrap();
    assert!(!looker.look(&path).is_new, "written, and the same as before");
}

#[test]
fn what_is_no_file_is_told_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut looker = Looker::default();
    assert_eq!(looker.look(&at("nothing")).raw, Raw::Missing);
    std::fs::write(at("file"), "x").unwrap();
    assert_eq!(looker.look(&at("file/below")).raw, Raw::Missing);
    symlink("nowhere", at("link")).unwrap();
    assert_eq!(content(&looker.look(&at("link"))), Content::Link("nowhere".to_owned()), "not followed");
    symlink("loop", at("loop")).unwrap();
    assert_eq!(content(&looker.look(&at("loop"))), Content::Link("loop".to_owned()));
    assert!(matches!(looker.look(&at("loop/below")).raw, Raw::Unreadable(_)), "a loop of links on the way");
    assert!(matches!(looker.look(folder.path()).raw, Raw::Unreadable(_)), "a folder");
    let fifo = at("pipe");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    assert!(matches!(looker.look(&fifo).raw, Raw::Unreadable(_)), "and nobody waits for its writer");
    assert!(matches!(looker.look(Path::new("/dev/zero")).raw, Raw::Unreadable(_)), "nor for its end");
}

#[test]
fn permissions_are_part_of_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "four").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
    let mut looker = Looker::default();
    assert!(matches!(looker.look(&path).raw, Raw::There { mode: 0o750, .. }));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let look = looker.look(&path);
    assert!(look.is_new && matches!(look.raw, Raw::There { mode: 0o640, .. }));
}

#[test]
fn a_write_that_leaves_no_mark_is_found_by_looking_closely() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, vec![1; 4096]).unwrap();
    let mut looker = Looker::default();
    looker.look(&path);
    // As a write through a mapping would, for the while until the kernel writes it back: nothing is marked.
    let known = looker.known.get_mut(&path).unwrap();
    known.1 = Raw::Missing;
    assert!(!looker.look(&path).is_new);
    assert!(looker.look_closely(&path).is_new);
}

#[test]
fn a_file_that_never_stands_still_is_told_of_and_one_that_vanishes_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, vec![0; 8 << 20]).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                file.write_all(b"x").unwrap();
            }
        });
        let mut looker = Looker::default();
        let changing = Raw::Unreadable(HashError::Changing.to_string());
        let begun = std::time::Instant::now();
        let seen = std::iter::repeat_with(|| looker.look(&path).raw)
            .take_while(|_| begun.elapsed() < std::time::Duration::from_secs(60))
            .any(|raw| raw == changing);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        seen
    });
    assert!(seen);
    let mut looker = Looker::default();
    assert!(matches!(looker.look(&path).raw, Raw::There { .. }), "once it stands still");
    std::fs::remove_file(&path).unwrap();
    let look = looker.look(&path);
    assert!(look.is_new && look.raw == Raw::Missing);
}
