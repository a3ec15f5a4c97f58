//! `physical-disk`.

use crate::client::{Client, PATIENCE, says, text};
use lab::{Host, Lab};
use model::desired::Value;
use resource_api::{Failure, Outcome, Verb, Verdict};
use std::process::{Child, Stdio};

pub(crate) const IMAGE: &str = "/var/lib/disk.img";
pub(crate) const POINT: &str = "/srv/data";

/// A lab, if the programs are there that the test needs.
pub(crate) fn lab(test: &str, hosts: usize, programs: &[&str]) -> Option<Lab> {
    for program in programs {
        if !["/usr/sbin", "/sbin"].iter().any(|folder| std::path::Path::new(folder).join(program).exists()) {
            lab::skip(test, &format!("{program} is not installed"));
            return None;
        }
    }
    let known = std::fs::read_to_string("/proc/filesystems").unwrap();
    for kind in programs.iter().filter_map(|program| program.strip_prefix("mkfs.")) {
        if !known.split_whitespace().any(|found| found == kind) {
            lab::kernel_lacks(test, kind);
            return None;
        }
    }
    lab::or_skip(test, hosts)
}

pub(crate) fn make(host: &Host, megabytes: u32, mkfs: &[&str]) {
    says(host, "truncate", &["-s", &format!("{megabytes}M"), IMAGE]);
    says(host, mkfs[0], &[&mkfs[1..], &[IMAGE]].concat());
}

pub(crate) fn open(client: &mut Client, device: &str, more: &[(&str, Value)]) {
    let both = [("device", text(device)), ("mount_point", text(POINT))];
    client.open("physical-disk", &[&both, more].concat());
}

pub(crate) fn monitor(host: &Host) -> Client {
    let mut client = Client::start(host);
    open(&mut client, IMAGE, &[]);
    client
}

#[track_caller]
pub(crate) fn check_done(outcome: &Outcome) {
    assert_eq!(outcome.verdict, Verdict::Done, "{outcome} {}", outcome.output);
}

#[track_caller]
pub(crate) fn check_failed(outcome: &Outcome, failure: Failure, says: &[&str]) {
    assert_eq!(outcome.verdict, Verdict::Failed { failure }, "{outcome}");
    let all = format!("{}\n{}", outcome.text, outcome.output);
    assert!(says.iter().all(|part| all.contains(part)), "{says:?} in: {all}");
}

/// Loop devices are the whole machine's: one that a test attaches goes with this.
pub(crate) struct Loop<'h>(&'h Host, pub(crate) String);

impl<'h> Loop<'h> {
    pub(crate) fn over(host: &'h Host, image: &str) -> Self {
        Self::with(host, &[], image)
    }

    pub(crate) fn with(host: &'h Host, options: &[&str], image: &str) -> Self {
        Self(host, says(host, "losetup", &[options, &["--find", "--show", image]].concat()))
    }
}

impl Drop for Loop<'_> {
    fn drop(&mut self) {
        let _ = self.0.command("losetup").args(["--detach", &self.1]).status();
    }
}

/// Loop devices over the image.
fn loops(host: &Host) -> String {
    says(host, "losetup", &["--associated", IMAGE])
}

#[test]
fn a_disk_lives_its_whole_life() {
    let name = "a_disk_lives_its_whole_life";
    let all = ["ext4", "xfs", "btrfs", "vfat"].map(|kind| format!("mkfs.{kind}"));
    for program in &all {
        // That of vfat is quiet by itself, and has no such option.
        let mkfs = if program == "mkfs.vfat" { vec![program.as_str()] } else { vec![program, "-q"] };
        let mkfs = mkfs.as_slice();
        let Some(lab) = lab(name, 1, &[mkfs[0], "losetup"]) else { continue };
        let n1 = &lab.hosts()[0];
        make(n1, 320, mkfs);
        let mut client = monitor(n1);
        assert_eq!(client.call(Verb::Validate), Outcome::done());
        assert_eq!(client.call(Verb::Probe), Outcome::not_running());
        assert_eq!(client.call(Verb::Offline), Outcome::done());
        let outcome = client.call(Verb::Online);
        check_done(&outcome);
        assert!(outcome.text.contains("another machine"), "what cannot be known is said: {outcome:?}");
        says(n1, "sh", &["-c", "echo kept >/srv/data/file"]);
        check_done(&client.call(Verb::Online));
        assert_eq!(loops(n1).lines().count(), 1, "twice is as good as once");
        drop(client);
        let mut client = monitor(n1);
        for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
            assert_eq!(client.call(look), Outcome::running(), "{look}");
        }
        assert_eq!(client.call(Verb::Offline), Outcome::done());
        assert_eq!(client.call(Verb::Probe), Outcome::not_running());
        assert_eq!(loops(n1), "", "its loop device has gone with it");
        check_done(&client.call(Verb::Online));
        assert_eq!(says(n1, "cat", &["/srv/data/file"]), "kept");
        assert_eq!(client.call(Verb::Terminate), Outcome::done());
    }
}

#[test]
fn options_reach_the_kernel_and_the_file_system() {
    let name = "options_reach_the_kernel_and_the_file_system";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let mut client = Client::start(n1);
    let options = Value::List(["ro", "noexec", "errors=panic"].map(str::to_owned).to_vec());
    open(&mut client, IMAGE, &[("options", options), ("filesystem", text("ext4"))]);
    check_done(&client.call(Verb::Online));
    let seen = says(n1, "findmnt", &["-no", "OPTIONS", POINT]);
    assert!(["ro", "noexec", "errors=panic"].iter().all(|option| seen.contains(option)), "{seen}");
    assert_eq!(client.call(Verb::IsAlive), Outcome::running(), "it is to be read-only");
    check_done(&client.call(Verb::Offline));
    // Read-only though it is not to be.
    open(&mut client, IMAGE, &[]);
    check_done(&client.call(Verb::Online));
    says(n1, "mount", &["-o", "remount,ro", POINT]);
    check_failed(&client.call(Verb::IsAlive), Failure::Generic, &["can only be read"]);
    check_done(&client.call(Verb::Offline));
}

#[test]
fn what_is_no_disk_or_holds_something_else_is_refused() {
    let name = "what_is_no_disk_or_holds_something_else_is_refused";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    let mut client = Client::start(n1);
    for (device, why) in [("/dev/disk/by-id/none", "there is no"), ("/dev/null", "neither a block device")] {
        open(&mut client, device, &[]);
        for verb in [Verb::Validate, Verb::Online] {
            check_failed(&client.call(verb), Failure::Arguments, &[why]);
        }
    }
    says(n1, "truncate", &["-s", "1M", IMAGE]);
    open(&mut client, IMAGE, &[]);
    check_failed(&client.call(Verb::Online), Failure::Arguments, &["no file system that is known"]);
    make(n1, 16, &["mkfs.ext4", "-q"]);
    open(&mut client, IMAGE, &[("filesystem", text("xfs"))]);
    check_failed(&client.call(Verb::Online), Failure::Arguments, &["holds ext4, not xfs"]);
    // Something else is mounted there.
    open(&mut client, IMAGE, &[]);
    says(n1, "mkdir", &["-p", POINT]);
    says(n1, "mount", &["-t", "tmpfs", "none", POINT]);
    check_failed(&client.call(Verb::Online), Failure::Arguments, &["is mounted at /srv/data"]);
    assert_eq!(client.call(Verb::Probe).verdict, Verdict::NotRunning);
    assert_eq!(client.call(Verb::Offline), Outcome::done(), "it is not ours to unmount");
    says(n1, "mountpoint", &["-q", POINT]);
    assert_eq!(loops(n1), "");
}

#[test]
fn a_dirty_file_system_is_repaired_and_a_broken_one_refused() {
    let name = "a_dirty_file_system_is_repaired_and_a_broken_one_refused";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "debugfs", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    // A wrong count of free blocks, and errors noted: that is repaired without asking.
    says(n1, "debugfs", &["-w", "-R", "ssv free_blocks_count 1", IMAGE]);
    says(n1, "debugfs", &["-w", "-R", "ssv state 2", IMAGE]);
    let mut client = monitor(n1);
    let outcome = client.call(Verb::Online);
    check_done(&outcome);
    assert!(outcome.text.contains("`e2fsck` repaired"), "what was done to the data is said: {outcome:?}");
    check_done(&client.call(Verb::Offline));
    says(n1, "e2fsck", &["-f", "-n", IMAGE]);
    // An inode that two folders claim, or a root that is no folder, is not.
    says(n1, "debugfs", &["-w", "-R", "clri <2>", IMAGE]);
    says(n1, "debugfs", &["-w", "-R", "ssv state 2", IMAGE]);
    let outcome = client.call(Verb::Online);
    check_failed(&outcome, Failure::Corrupt, &["the check of", "exit code", "e2fsck", "UNEXPECTED"]);
    assert_eq!(client.call(Verb::Probe), Outcome::not_running());
}

#[test]
fn a_disk_mounted_at_another_place_is_refused() {
    let name = "a_disk_mounted_at_another_place_is_refused";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let shown = Loop::over(n1, IMAGE);
    says(n1, "mkdir", &["-p", "/mnt/other"]);
    says(n1, "mount", &[&shown.1, "/mnt/other"]);
    let mut client = Client::start(n1);
    // By its image, and by its device.
    for device in [IMAGE, &shown.1] {
        open(&mut client, device, &[]);
        check_failed(&client.call(Verb::Online), Failure::Generic, &["is mounted at /mnt/other already"]);
    }
    // Where only another mount namespace sees it.
    says(n1, "umount", &["/mnt/other"]);
    let private = format!("mount --make-rprivate / && mount {} /mnt/other && echo && sleep 1000", shown.1);
    let private = n1.command("unshare").args(["-m", "sh", "-c", &private]).stdout(Stdio::piped());
    let mut private = Ended(private.spawn().unwrap());
    std::io::Read::read_exact(private.0.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    check_failed(
        &client.call(Verb::Online),
        Failure::Generic,
        &["mounted at /mnt/other already, as process"],
    );
}

/// A program that is not to outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn users_are_ended_and_named() {
    let Some(lab) = lab("users_are_ended_and_named", 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let mut client = monitor(n1);
    check_done(&client.call(Verb::Online));
    says(n1, "cp", &["/bin/sleep", "/srv/data/runs"]);
    let start = |script: &str| {
        let child = n1.command("sh").args(["-c", script]).stdout(Stdio::null()).spawn();
        Ended(child.unwrap())
    };
    let _in_folder = start("cd /srv/data && exec sleep 1000");
    let _open = start("exec sleep 1001 3>/srv/data/open");
    let _program = start("exec /srv/data/runs 1002");
    let _stubborn = start("trap '' TERM; exec 3>/srv/data/held; while :; do sleep 0.1; done");
    lab::eventually("the programs", PATIENCE, || {
        let files = says(n1, "sh", &["-c", "ls /srv/data; readlink /proc/[0-9]*/exe /proc/[0-9]*/cwd; true"]);
        ["held", "open", "/srv/data/runs", "/srv/data\n"].iter().all(|part| files.contains(part))
    });
    let outcome = client.call(Verb::Offline);
    check_done(&outcome);
    assert!(["(sleep)", "(runs)", "(sh)"].iter().all(|user| outcome.text.contains(user)), "{outcome:?}");
    assert_eq!(client.call(Verb::Probe), Outcome::not_running());
}

#[test]
fn a_mount_within_the_disk_is_named_and_left_alone() {
    let name = "a_mount_within_the_disk_is_named_and_left_alone";
    let Some(lab) = lab(name, 1, &["mkfs.ext4", "losetup"]) else { return };
    let n1 = &lab.hosts()[0];
    make(n1, 16, &["mkfs.ext4", "-q"]);
    let mut client = monitor(n1);
    check_done(&client.call(Verb::Online));
    says(n1, "mkdir", &["/srv/data/inner"]);
    says(n1, "mount", &["-t", "tmpfs", "none", "/srv/data/inner"]);
    check_failed(
        &client.call(Verb::Offline),
        Failure::Generic,
        &["/srv/data/inner is mounted within /srv/data"],
    );
    says(n1, "umount", &["/srv/data/inner"]);
    check_done(&client.call(Verb::Offline));
}

#[test]
fn a_file_system_that_another_machine_has_mounted_is_refused_where_it_tells() {
    let name = "a_file_system_that_another_machine_has_mounted_is_refused_where_it_tells";
    let Some(lab) = lab(name, 2, &["mkfs.ext4", "losetup"]) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    let image = image.to_str().unwrap();
    std::fs::File::create(image).unwrap().set_len(16 << 20).unwrap();
    let mkfs = ["-q", "-O", "mmp", "-E", "mmp_update_interval=1", image];
    assert!(std::process::Command::new("mkfs.ext4").args(mkfs).status().unwrap().success());
    // A loop device each, as machines have a disk each that is one: the kernel sees several file systems.
    let [one, two, three] = [(); 3].map(|()| Shared::over(image));
    let unchecked = [("check", Value::Flag(false))];
    let (mut first, mut second) = (Client::start(n1), Client::start(n2));
    open(&mut first, &one.0, &unchecked);
    let outcome = first.call(Verb::Online);
    check_done(&outcome);
    assert_eq!(outcome.text, "", "this one knows");
    // It takes eleven seconds, the kernel's least, to find out whether the other one is alive.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            open(&mut second, &two.0, &[]);
            let both = ["another machine has it mounted", "MMP"];
            check_failed(&second.call(Verb::Online), Failure::Generic, &both);
        });
        let mut third = Client::start(n2);
        open(&mut third, &three.0, &unchecked);
        check_failed(&third.call(Verb::Online), Failure::Generic, &["another machine has it mounted"]);
    });
    check_done(&first.call(Verb::Offline));
    open(&mut second, &two.0, &unchecked);
    check_done(&second.call(Verb::Online));
    check_done(&second.call(Verb::Offline));
}

/// A disk that several hosts have.
struct Shared(String);

impl Shared {
    fn over(image: &str) -> Self {
        let output =
            std::process::Command::new("losetup").args(["--find", "--show", image]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        Self(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = std::process::Command::new("losetup").args(["--detach", &self.0]).status();
    }
}
