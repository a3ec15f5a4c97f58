//! The demonstration: it ends with 0 only if everything that it says of the cluster was so.

use crate::cluster::{PATIENCE, Slot};
use lab::Lab;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// `steadfast demo`, as whoever runs the tests.
fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command.arg("demo").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn tells(mut command: Command) -> String {
    let output = command.output().unwrap();
    let [story, complaint] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(0), "{story}{complaint}");
    assert!(story.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns:\n{story}");
    for words in
        ["n1# steadfast init --name demo", "kill -9 $(cat data/lock)", "-> checked: it is what was applied"]
    {
        assert!(story.contains(words), "no {words:?} in\n{story}");
    }
    assert!(story.ends_with("The machines and all their files have been removed.\n"), "{story}");
    story
}

/// Where the daemons on loopback addresses had their files, as the story says.
fn files(story: &str) -> String {
    let unfolded = story.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, after) = unfolded.split_once("Their files are in ").expect("it says where");
    after.split(' ').next().expect("a word").trim_end_matches('.').to_owned()
}

#[test]
fn the_demo_tells_its_whole_story_without_a_terminal_and_every_expectation_holds() {
    let _slot = Slot::wait();
    let story = tells(demo());
    if Lab::supported().is_ok() {
        assert!(story.contains("is cut off from both networks"), "{story}");
    } else {
        assert!(story.contains("SKIPPED network-cut"), "{story}");
    }
}

#[test]
fn whoever_is_not_root_sees_the_demo_on_loopback_addresses() {
    let _slot = Slot::wait();
    if !rustix::process::geteuid().is_root() {
        assert!(!Path::new(&files(&tells(demo()))).exists());
        return;
    }
    // The build may lie in a folder that nobody else can enter.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("steadfast");
    std::fs::copy(env!("CARGO_BIN_EXE_steadfast"), &program).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command.arg("demo").current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let story = tells(command);
    assert!(story.contains("SKIPPED network-cut"), "{story}");
    assert!(!Path::new(&files(&story)).exists(), "its files are gone");
}

#[test]
fn an_interrupted_demo_removes_everything_and_says_so() {
    let _slot = Slot::wait();
    let mut demo = demo().spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap());
    let mut told = String::new();
    while !told.contains("The leader is lost") {
        assert!(lines.read_line(&mut told).unwrap() > 0, "it ended before its middle:\n{told}");
    }
    let pid = Pid::from_raw(i32::try_from(demo.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    lines.read_to_string(&mut told).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(130), "{told}");
    assert!(told.ends_with("The machines and all their files have been removed.\n"), "{told}");
    if Lab::supported().is_err() {
        assert!(!Path::new(&files(&told)).exists());
        return;
    }
    // The lab's folder is named after the process that made it.
    let base = std::env::var_os("STEADFAST_LAB_DIR").unwrap_or("/var/lib/steadfast-lab".into());
    let mark = format!("{}-", demo.id());
    let gone = || {
        let entries = std::fs::read_dir(&base).into_iter().flatten().flatten();
        entries.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(&mark))
    };
    lab::eventually("the lab to be gone", PATIENCE, gone);
}

#[test]
fn an_unknown_scenario_is_a_usage_error_that_names_those_there_are() {
    let output = demo().args(["--scenario", "leader-los"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("leader-loss, network-cut") && output.stdout.is_empty(), "{said}");
}
