//! Programs on disks that do not answer: nobody but who asks for them may have to wait.

use super::{PATIENCE, numbers, shell, with_runtime};
use crate::{Ended, How, Job, SpawnError, run};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::mkfifo;
use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const SOON: Duration = Duration::from_millis(50);

/// A file system whose server never answers, seen by this test alone; until this is dropped.
struct Dead {
    at: TempDir,
    _server: File,
}

impl Dead {
    fn new() -> Result<Self, String> {
        let refused = |what: &str, error: &dyn std::fmt::Display| format!("cannot {what}: {error}");
        unshare(CloneFlags::CLONE_NEWNS).map_err(|error| refused("make a mount namespace", &error))?;
        let (none, private) = (None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE);
        mount(none, "/", none, private, none).map_err(|error| refused("keep mounts private", &error))?;
        let server = File::options().read(true).write(true).open("/dev/fuse");
        let server = server.map_err(|error| refused("open /dev/fuse", &error))?;
        let at = tempfile::tempdir().unwrap();
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", server.as_raw_fd());
        mount(Some("dead"), at.path(), Some("fuse"), MsFlags::empty(), Some(options.as_str()))
            .map_err(|error| refused("mount it", &error))?;
        Ok(Self { at, _server: server })
    }

    /// From now on everything there fails at once.
    fn abort(&self) {
        // Programs that wait for it have its server open too, so that closing it would not be enough.
        umount2(self.at.path(), MntFlags::MNT_FORCE | MntFlags::MNT_DETACH).unwrap();
    }
}

impl Drop for Dead {
    fn drop(&mut self) {
        let _ = umount2(self.at.path(), MntFlags::MNT_FORCE | MntFlags::MNT_DETACH);
    }
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

async fn hangs(job: &Job) {
    match run(job, SOON).await {
        Ok(Ended { how: How::TimedOut, output, .. }) if output.contains("does not answer") => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_program_on_a_dead_disk_holds_up_nobody_else_and_takes_one_thread_however_often_it_is_asked_for() {
    let dead = match Dead::new() {
        Ok(dead) => dead,
        Err(why) => {
            let name = "a_program_on_a_dead_disk_holds_up_nobody_else";
            eprintln!("SKIPPED {name}_and_takes_one_thread_however_often_it_is_asked_for: {why}");
            return;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let there = dead.at.path().join("program");
        let (program, folder) =
            (Job::new(&there), Job { folder: Some(dead.at.path().to_owned()), ..shell("exit 3") });
        let log = Job { output_file: Some(there), ..shell("exit 3") };
        let recorded = tempfile::tempdir().unwrap();
        let recorded = Job { record: Some(recorded.path().join("record")), ..program.clone() };
        for job in [&program, &folder, &log] {
            hangs(job).await;
            assert_eq!(run(&shell("exit 3"), PATIENCE).await.unwrap().how, How::Exited(3));
        }
        let before = threads();
        for _ in 0..10 {
            for job in [&program, &folder, &log, &recorded] {
                hangs(job).await;
            }
        }
        // One or two beside, for what answered in between.
        assert!(threads() <= before + 2, "{before}, now {}", threads());
        dead.abort();
        let error = run(&program, PATIENCE).await.unwrap_err();
        assert!(matches!(error, SpawnError::Run { .. }), "once it has come back: {error}");
    });
    runtime.shutdown_background();
}

#[test]
fn what_comes_up_after_nobody_waits_for_it_any_more_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Whoever opens it to write waits for somebody who reads.
    mkfifo(&at("log"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let job = |script: &str| Job {
        output_file: Some(at("log")),
        folder: Some(folder.path().to_owned()),
        ..shell(script)
    };
    with_runtime(async {
        hangs(&job("echo $$ >never; exec sleep 1000")).await;
        hangs(&job("echo $$ >never; exec sleep 1000")).await;
        let _reader = read(&at("log"));
        // It has come back, so the next one goes on.
        assert_eq!(run(&job("echo $$ >next; exit 4"), PATIENCE).await.unwrap().how, How::Exited(4));
        numbers(folder.path(), &["next"]).await;
        // It may have been ended before it began, or between making the file and writing into it.
        let began = fs::read_to_string(at("never")).unwrap_or_default();
        if !began.is_empty() {
            super::gone(began.trim().parse().unwrap()).await;
        }
    });
}

fn read(fifo: &Path) -> File {
    use std::os::unix::fs::OpenOptionsExt as _;
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap();
    File::options().read(true).custom_flags(nonblocking).open(fifo).unwrap()
}
