//! Real programs, as badly behaved as they come.

mod dead_disk;

use crate::{Cgroup, How, Identity, Job, Watched, run};
use std::time::Duration;

/// Generous: whatever a test waits for comes within it, or never.
const PATIENCE: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Job {
    Job::new("/bin/sh").arg("-c").arg(script).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
}

fn with_runtime<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn ran(script: &str, deadline: Duration) -> (How, String) {
    let ended = with_runtime(run(&shell(script), deadline)).unwrap();
    (ended.how, ended.output)
}

#[test]
fn codes_and_signals_and_what_was_printed_come_back() {
    assert_eq!(ran("echo out; echo err >&2; exit 7", PATIENCE), (How::Exited(7), "out\nerr\n".to_owned()));
    assert_eq!(ran("kill -SEGV $$", PATIENCE).0, How::Signalled(11));
    assert_eq!(ran("echo x > /dev/stderr", PATIENCE), (How::Exited(0), "x\n".to_owned()));
}

#[test]
fn it_gets_only_the_environment_that_is_given_and_nothing_to_read() {
    let (how, output) = ran("env; pwd; cat", PATIENCE);
    assert_eq!(how, How::Exited(0));
    assert!(
        !output.contains("CARGO") && output.contains("PATH=/usr/sbin") && output.ends_with("/\n"),
        "{output}"
    );
}

#[test]
fn arguments_are_what_they_are_whatever_they_hold() {
    let odd = "a b;$(touch /tmp/steadfast-never)\n`id`\\'\"";
    let job = Job::new("/bin/echo").arg("-n").arg(odd);
    assert_eq!(with_runtime(run(&job, PATIENCE)).unwrap().output, odd);
}

#[test]
fn at_its_deadline_its_whole_process_group_ends_even_one_that_ignores_term() {
    let (how, output) = ran("trap '' TERM; sleep 1000 & echo $!; wait", Duration::from_millis(200));
    assert_eq!(how, How::TimedOut);
    let child: i32 = output.trim().parse().unwrap();
    let gone = std::time::Instant::now() + PATIENCE;
    while Identity::of(child).is_some() {
        assert!(std::time::Instant::now() < gone, "its child {child} goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_flood_is_bounded_and_a_child_that_holds_the_pipe_is_not_waited_for() {
    let (how, output) = ran("yes | head -c 10000000; sleep 5 & echo end", PATIENCE);
    assert_eq!(how, How::Exited(0));
    assert!(output.len() < 70 << 10 && output.starts_with('[') && output.ends_with("end\n"));
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error = with_runtime(run(&Job::new("/no/such/program"), PATIENCE)).unwrap_err();
    assert!(error.to_string().starts_with("cannot run /no/such/program: No such file"), "{error}");
}

#[test]
fn an_end_is_noticed_and_a_later_process_of_the_same_number_is_another() {
    with_runtime(async {
        let mut started = shell("exec sleep 1000").start().await.unwrap();
        let watched = started.watched().unwrap();
        let again = Watched::again(watched.identity()).unwrap();
        let other = Identity { started: watched.identity().started + 1, ..watched.identity() };
        assert!(Watched::again(other).is_none());
        assert!(!again.has_ended());
        again.signal(rustix::process::Signal::TERM).unwrap();
        tokio::time::timeout(PATIENCE, watched.ended()).await.unwrap();
        started.ended().await.unwrap();
        assert!(again.has_ended() && Watched::again(watched.identity()).is_none());
    });
}

#[test]
fn a_cgroup_holds_what_leaves_its_process_group() {
    let place = std::env::var_os("STEADFAST_TEST_CGROUP").map(std::path::PathBuf::from);
    let Some(base) = place.or_else(Cgroup::writable_base) else {
        eprintln!("SKIPPED a_cgroup_holds_what_leaves_its_process_group: no writable cgroup of version 2");
        return;
    };
    with_runtime(async {
        let cgroup = Cgroup::below(&base, &format!("steadfast-test-{}", std::process::id())).unwrap();
        let job = Job { cgroup: Some(cgroup.clone()), ..shell("setsid sleep 1000 & exit 0") };
        assert_eq!(run(&job, PATIENCE).await.unwrap().how, How::Exited(0));
        assert!(!cgroup.is_empty() && cgroup.pids().len() == 1);
        assert!(cgroup.remove().is_err(), "somebody is in it");
        assert!(cgroup.kill(PATIENCE).await);
        cgroup.remove().unwrap();
    });
}

#[test]
fn errors_are_kept_apart_where_somebody_reads_the_output() {
    let job = Job { errors_apart: true, output_max: 8, ..shell("echo out; echo err >&2") };
    let ended = with_runtime(run(&job, PATIENCE)).unwrap();
    assert_eq!((ended.output.as_str(), ended.errors.as_str(), ended.overflowed), ("out\n", "err\n", false));
    let job = Job { errors_apart: true, output_max: 8, ..shell("echo more than eight") };
    assert!(with_runtime(run(&job, PATIENCE)).unwrap().overflowed);
}

#[test]
fn what_prints_to_a_file_appends_to_it_and_goes_on_after_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, "before\n").unwrap();
    let script = "echo one; while [ -s \"$0\" ]; do sleep 0.01; done; echo two >&2";
    let job = Job { output_file: Some(log.clone()), ..shell(script).arg(&log) };
    with_runtime(async {
        let mut started = job.start().await.unwrap();
        while std::fs::read(&log).unwrap() != b"before\none\n" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        std::fs::write(&log, "").unwrap();
        assert!(tokio::time::timeout(PATIENCE, started.ended()).await.unwrap().unwrap().success());
    });
    assert_eq!(std::fs::read(&log).unwrap(), b"two\n");
    let job = Job { output_file: Some(folder.path().to_owned()), ..shell("") };
    let error = with_runtime(job.start()).unwrap_err();
    assert!(error.to_string().contains("for what it prints"), "{error}");
}

/// The numbers that a script wrote into this folder, one file each, as soon as there are so many.
async fn numbers(folder: &std::path::Path, files: &[&str]) -> Vec<i32> {
    let read = |name: &&str| std::fs::read_to_string(folder.join(name)).ok()?.trim().parse().ok();
    loop {
        let found: Vec<i32> = files.iter().filter_map(read).collect();
        if found.len() == files.len() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn gone(pid: i32) {
    let gone = async {
        while Identity::of(pid).is_some() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("{pid} goes on"));
}

/// A daemon, as daemons are made; something that it waits for, in a session of its own; and a loop.
const RUN: &str = "setsid sh -c 'sleep 1000 & echo $! >daemon'\n\
                   setsid sh -c 'echo $$ >session; while :; do sleep 1000; done' &\n\
                   echo $$ >leader; wait";

#[test]
fn at_its_deadline_all_that_it_waits_for_ends_and_a_daemon_that_it_made_stays() {
    let folder = tempfile::tempdir().unwrap();
    let job = Job { folder: Some(folder.path().to_owned()), ..shell(RUN) };
    with_runtime(async {
        let running = tokio::spawn(async move { run(&job, PATIENCE).await });
        let all = numbers(folder.path(), &["daemon", "session", "leader"]).await;
        running.abort();
        gone(all[1]).await;
        gone(all[2]).await;
        let daemon = Identity::of(all[0]).expect("the daemon goes on");
        assert!(daemon.signal(rustix::process::Signal::KILL));
        assert!(!Identity { started: daemon.started + 1, ..daemon }.signal(rustix::process::Signal::KILL));
    });
}

#[test]
fn a_run_that_an_earlier_life_left_behind_is_ended_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let job = |script: &str| Job {
        folder: Some(folder.path().to_owned()),
        record: Some(record.clone()),
        ..shell(script)
    };
    with_runtime(async {
        // As if this program had been killed: nobody waits for it, and nobody ends it.
        let left = job(RUN).start().await.unwrap();
        let all = numbers(folder.path(), &["daemon", "session", "leader"]).await;
        let named = std::fs::read_to_string(&record).unwrap();
        assert_eq!(named.parse::<i32>().unwrap(), left.pid().as_raw_nonzero().get());
        let ended = run(&job("echo \"$STEADFAST_RUN\""), PATIENCE).await.unwrap();
        assert_eq!(ended.output.trim(), record.to_str().unwrap());
        assert_eq!([Identity::of(all[1]), Identity::of(all[2])], [None, None]);
        assert!(!record.exists(), "nobody runs");
        assert!(Identity::of(all[0]).expect("the daemon goes on").signal(rustix::process::Signal::KILL));
    });
}

#[test]
fn a_record_that_names_somebody_else_ends_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    with_runtime(async {
        let mut other = shell("exec sleep 1000").start().await.unwrap();
        for named in [other.pid().as_raw_nonzero().to_string(), "nonsense".to_owned(), "1".to_owned()] {
            std::fs::write(&record, named).unwrap();
            let job = Job { record: Some(record.clone()), ..shell("exit 3") };
            assert_eq!(run(&job, PATIENCE).await.unwrap().how, How::Exited(3));
        }
        assert!(!Watched::of(other.pid()).expect("it goes on").has_ended());
        other.signal(rustix::process::Signal::KILL);
        other.ended().await.unwrap();
    });
}

#[test]
fn a_text_that_names_no_interpreter_is_run_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    let write = format!("echo 'exit 0' >{0}; chmod 755 {0}", text.display());
    assert_eq!(ran(&write, PATIENCE).0, How::Exited(0));
    for record in [None, Some(folder.path().join("record"))] {
        let error = with_runtime(run(&Job { record, ..Job::new(&text) }, PATIENCE)).unwrap_err();
        assert!(error.to_string().contains("Exec format error"), "{error}");
    }
}
