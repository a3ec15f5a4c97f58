//! `physical-disk` on bad days: taken away by hand, in error, dead, damaged.

use crate::client::{Client, PATIENCE, says, text};
use crate::physical_disk::{IMAGE, Loop, POINT, check_done, check_failed, lab, make, monitor, open};
use lab::Host;
use model::desired::Value;
use resource_api::message::NoticedBy;
use resource_api::{Failure, Outcome, Verb, Verdict};
use std::time::Duration;

#[test]
fn a_disk_unmounted_or_covered_by_hand_is_noticed_by_the_kernels_word() {
    let name = "a_disk_unmounted_or_covered_by_hand_is_noticed_by_the_kernels_word";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let mut client = monitor(n1);
    for by_hand in [&["umount", POINT][..], &["mount", "-t", "tmpfs", "none", POINT]] {
        check_done(&client.call(Verb::Online));
        client.watch();
        assert_eq!(client.call(Verb::LooksAlive), Outcome::running());
        says(n1, by_hand[0], &by_hand[1..]);
        let (outcome, noticed_by) = client.change();
        assert_eq!((outcome.verdict, noticed_by), (Verdict::NotRunning, NoticedBy::Event), "{outcome}");
    }
    says(n1, "umount", &[POINT]);
    check_done(&client.call(Verb::Offline));
}

#[test]
fn a_disk_made_read_only_by_hand_or_by_an_error_is_noticed_by_the_kernels_word() {
    let name = "a_disk_made_read_only_by_hand_or_by_an_error_is_noticed_by_the_kernels_word";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let mut client = monitor(n1);
    // The file system is told that it met an error, and does what it does then.
    let error = "echo test >/sys/fs/ext4/$(basename $(findmnt -no SOURCE /srv/data))/trigger_fs_error";
    for script in ["mount -o remount,ro /srv/data", error] {
        check_done(&client.call(Verb::Online));
        client.watch();
        assert_eq!(client.call(Verb::LooksAlive), Outcome::running());
        says(n1, "sh", &["-c", script]);
        let (outcome, noticed_by) = client.change();
        check_failed(&outcome, Failure::Generic, &["/srv/data", "dmesg"]);
        assert_eq!(noticed_by, NoticedBy::Event, "{script}");
        for look in [Verb::LooksAlive, Verb::IsAlive] {
            check_failed(&client.call(look), Failure::Generic, &["/srv/data"]);
        }
        check_done(&client.call(Verb::Offline));
    }
}

#[test]
fn a_disk_that_answers_with_errors_is_noticed_by_the_thorough_look() {
    let name = "a_disk_that_answers_with_errors_is_noticed_by_the_thorough_look";
    for mkfs in ["mkfs.ext4", "mkfs.xfs", "mkfs.btrfs"] {
        let Some(lab) = lab(name, 1, &[mkfs, "losetup"]) else { continue };
        let n1 = &lab.hosts()[0];
        make(n1, 320, &[mkfs, "-q"]);
        let mut client = monitor(n1);
        check_done(&client.call(Verb::Online));
        assert_eq!(client.call(Verb::IsAlive), Outcome::running());
        // Beyond the end of its file a loop device has nothing but errors.
        says(n1, "truncate", &["-s", "0", IMAGE]);
        check_failed(&client.call(Verb::IsAlive), Failure::Generic, &["/srv/data", "fails"]);
        check_done(&client.call(Verb::Offline));
    }
}

#[test]
fn a_damaged_file_system_is_told_from_all_else_and_not_mounted() {
    let name = "a_damaged_file_system_is_told_from_all_else_and_not_mounted";
    // A byte of the superblock that a checksum covers; the whole of it; what the superblock points to.
    let cases = [
        ("ext4", "printf zzzz | dd of=IMAGE bs=1 seek=1200 conv=notrunc", "e2fsck"),
        ("ext4", "dd if=/dev/zero of=IMAGE bs=1024 seek=1 count=1 conv=notrunc", "e2fsck"),
        ("xfs", "printf zzzz | dd of=IMAGE bs=1 seek=120 conv=notrunc", "xfs_repair"),
        ("xfs", "dd if=/dev/zero of=IMAGE bs=512 seek=1 count=3 conv=notrunc", "xfs_repair"),
    ];
    for (kind, damage, by_hand) in cases {
        let mkfs = format!("mkfs.{kind}");
        let Some(lab) = lab(name, 1, &[&mkfs, "losetup"]) else { continue };
        let n1 = &lab.hosts()[0];
        make(n1, 320, &[&mkfs, "-q"]);
        says(n1, "sh", &["-c", &damage.replace("IMAGE", IMAGE)]);
        let mut client = Client::start(n1);
        open(&mut client, IMAGE, &[("filesystem", text(kind))]);
        check_failed(&client.call(Verb::Online), Failure::Corrupt, &[by_hand]);
        assert_eq!(client.call(Verb::Probe), Outcome::not_running(), "{damage}");
        assert_eq!(says(n1, "losetup", &["--associated", IMAGE]), "");
    }
}

/// A folder whose files hang while this is frozen: another one, through a program.
struct Hanging<'h>(&'h Host, String);

impl<'h> Hanging<'h> {
    fn over(host: &'h Host, from: &str, to: &str) -> Self {
        says(host, "mkdir", &["-p", from, to]);
        says(host, "bindfs", &[from, to]);
        let found = says(host, "pgrep", &["-xn", "bindfs"]);
        Self(host, found)
    }

    fn signal(&self, signal: &str) {
        says(self.0, "kill", &[signal, &self.1]);
    }
}

impl Drop for Hanging<'_> {
    /// Whoever waits for it could not even be killed.
    fn drop(&mut self) {
        let _ = self.0.command("kill").args(["-CONT", &self.1]).status();
    }
}

#[test]
fn a_disk_that_hangs_harms_itself_alone() {
    let name = "a_disk_that_hangs_harms_itself_alone";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    if !std::path::Path::new("/usr/bin/bindfs").exists() || !std::path::Path::new("/dev/fuse").exists() {
        lab::skip(name, "bindfs is not installed, or the kernel has no FUSE");
        return;
    }
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let hanging = Hanging::over(n1, "/var/lib/below", "/var/lib/above");
    says(n1, "mv", &[IMAGE, "/var/lib/below/image"]);
    let device = Loop::with(n1, &["--direct-io=on"], "/var/lib/above/image");
    let mut client = Client::start(n1);
    open(&mut client, &device.1, &[]);
    check_done(&client.call(Verb::Online));
    assert_eq!(client.call(Verb::IsAlive), Outcome::running());
    // From here on declared last, so that whatever happens it thaws before anybody is waited for.
    let hanging = hanging;
    hanging.signal("-STOP");
    let outcome = client.call_within(Verb::IsAlive, Duration::from_millis(500));
    check_failed(&outcome, Failure::TimedOut, &["is-alive"]);
    // The next look does not wait too.
    for look in [Verb::LooksAlive, Verb::IsAlive] {
        check_failed(&client.call(look), Failure::Generic, &["does not answer"]);
    }
    // Another resource of the same monitor knows nothing of it.
    client.open_as("other", "dummy", &[]);
    for verb in [Verb::Online, Verb::IsAlive, Verb::Offline] {
        assert!(client.call_of("other", verb, PATIENCE).is_good(), "{verb}");
    }
    hanging.signal("-CONT");
    lab::eventually("it answers again", PATIENCE, || client.call(Verb::IsAlive).is_good());
    check_done(&client.call(Verb::Offline));
}

#[test]
fn options_that_are_wrong_are_not_taken_for_damage() {
    let name = "options_that_are_wrong_are_not_taken_for_damage";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let mut client = Client::start(n1);
    open(&mut client, IMAGE, &[("options", Value::List(vec!["no-such-option".to_owned()]))]);
    check_failed(
        &client.call(Verb::Online),
        Failure::Generic,
        &["with `no-such-option,errors=remount-ro`", "an option that it does not know"],
    );
}

#[test]
fn a_mount_point_that_is_a_file_is_named() {
    let Some(lab) = lab("a_mount_point_that_is_a_file_is_named", 1, &["mkfs.ext4", "losetup"]) else {
        return;
    };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    says(n1, "touch", &[POINT]);
    check_failed(
        &monitor(n1).call(Verb::Online),
        Failure::Arguments,
        &["`mount_point`: /srv/data is no folder"],
    );
    assert_eq!(says(n1, "losetup", &["--associated", IMAGE]), "");
}

#[test]
fn names_with_spaces_and_line_ends_are_names_like_others() {
    let name = "names_with_spaces_and_line_ends_are_names_like_others";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let (image, point) = ("/var/lib/an image;\n$(id)", "/srv/a point\n\\040");
    says(n1, "mv", &[IMAGE, image]);
    let mut client = Client::start(n1);
    client.open("physical-disk", &[("device", text(image)), ("mount_point", text(point))]);
    check_done(&client.call(Verb::Online));
    for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
        assert_eq!(client.call(look), Outcome::running(), "{look}");
    }
    check_done(&client.call(Verb::Offline));
    assert_eq!(client.call(Verb::Probe), Outcome::not_running());
}
