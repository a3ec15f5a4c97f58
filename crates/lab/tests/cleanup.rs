//! Nothing of a lab is left, however it ends.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lab::Lab;

const PATIENCE: Duration = Duration::from_secs(60);

/// What this machine shows of the lab `id` that has these namespaces: processes in its control
/// group or namespaces, groups, mounts, files.
fn remains(id: &str, namespaces: &BTreeSet<PathBuf>) -> Vec<String> {
    let mut found = Vec::new();
    let mark = format!("steadfast-lab-{id}");
    for line in fs::read_to_string("/proc/self/mounts").expect("readable").lines() {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next().unwrap_or_default(), fields.next());
        if point.contains(&format!("steadfast-lab/{id}")) {
            found.push(format!("mount {point}"));
        }
        if kind == Some("cgroup2") {
            let groups = fs::read_dir(point).expect("readable").flatten().map(|entry| entry.path());
            let ours = groups.filter(|path| path.to_string_lossy().contains(&mark));
            found.extend(ours.map(|path| format!("control group {}", path.display())));
        }
    }
    for entry in fs::read_dir("/var/lib/steadfast-lab").into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(id) {
            found.push(format!("file {}", entry.path().display()));
        }
    }
    for process in fs::read_dir("/proc").expect("readable").flatten().map(|entry| entry.path()) {
        // A zombie has no program any more; it only waits to be buried by its parent.
        let lives = fs::read_link(process.join("exe")).is_ok();
        let group = fs::read_to_string(process.join("cgroup")).unwrap_or_default();
        if lives && (group.contains(&mark) || !namespaces_of(&process).is_disjoint(namespaces)) {
            found.push(format!("process {}", process.display()));
        }
    }
    found
}

/// The namespaces of a process, as `/proc/PID/ns` names them.
fn namespaces_of(process: &Path) -> BTreeSet<PathBuf> {
    let kinds = ["net", "mnt", "pid", "uts", "ipc", "cgroup"];
    kinds.iter().filter_map(|kind| fs::read_link(process.join("ns").join(kind)).ok()).collect()
}

/// The namespaces that the lab's hosts have and this process has not.
fn own_namespaces(lab: &Lab) -> BTreeSet<PathBuf> {
    let ours = namespaces_of(Path::new("/proc/self"));
    let pids = lab.hosts().iter().filter_map(lab::Host::pid);
    pids.flat_map(|pid| namespaces_of(Path::new(&format!("/proc/{pid}"))))
        .filter(|n| !ours.contains(n))
        .collect()
}

#[test]
fn a_lab_that_ends_in_order_leaves_nothing() {
    let Some(lab) = lab::or_skip("a_lab_that_ends_in_order_leaves_nothing", 2) else { return };
    // Something that does not want to go: in a session of its own, deaf to signals, frozen.
    let stubborn = "trap '' HUP INT TERM; setsid sleep 1000 & sleep 1000";
    lab.hosts()[0].command("sh").args(["-c", stubborn]).start_daemon("stubborn").expect("it starts");
    lab.hosts()[0].freeze().expect("freeze");
    let namespaces = own_namespaces(&lab);
    assert_eq!(namespaces.len(), 2 * 6, "two hosts with six namespaces each: {namespaces:?}");
    let id = lab.id().to_owned();
    assert!(!remains(&id, &namespaces).is_empty(), "the test can see a lab");
    drop(lab);
    // A namespace's last traces go a moment after its last process.
    lab::eventually("nothing left", PATIENCE, || remains(&id, &namespaces).is_empty());
}

/// This test starts itself once more: the second process makes a lab and is killed in the middle.
#[test]
fn a_lab_whose_process_is_killed_leaves_nothing() {
    const DOOMED: &str = "STEADFAST_LAB_TEST_DOOMED";
    let name = "a_lab_whose_process_is_killed_leaves_nothing";
    let Some(lab) = lab::or_skip(name, 2) else { return };
    if env::var_os(DOOMED).is_some() {
        lab.hosts()[0].command("sleep").arg("1000").start_daemon("sleeper").expect("it starts");
        for namespace in own_namespaces(&lab) {
            println!("namespace {}", namespace.display());
        }
        println!("lab {}", lab.id());
        loop {
            std::thread::park();
        }
    }

    let mut doomed = Command::new(env::current_exe().expect("it has a path"))
        .args(["--exact", name, "--nocapture"])
        .env(DOOMED, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut namespaces = BTreeSet::new();
    let mut id = None;
    let mut lines = BufReader::new(doomed.stdout.take().expect("it is a pipe")).lines();
    while id.is_none() {
        let line = lines.next().expect("it says its id before it ends").expect("it is text");
        namespaces.extend(line.strip_prefix("namespace ").map(PathBuf::from));
        id = line.strip_prefix("lab ").map(str::to_owned);
    }
    let id = id.expect("the loop ends with one");
    assert_eq!(namespaces.len(), 2 * 6, "the doomed process has a lab: {namespaces:?}");
    assert!(!remains(&id, &namespaces).is_empty(), "the test can see it");

    doomed.kill().expect("it is our child");
    doomed.wait().expect("it is our child");
    lab::eventually("nothing left of the doomed", PATIENCE, || remains(&id, &namespaces).is_empty());

    // The living one next to it was not harmed.
    assert!(lab.hosts()[1].command("true").status().expect("it starts").success());
}

#[test]
fn sweeping_removes_what_a_killed_reaper_left_and_spares_the_living() {
    let name = "sweeping_removes_what_a_killed_reaper_left_and_spares_the_living";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let base = Path::new("/var/lib/steadfast-lab");
    // As if creator and reaper had both been killed: files, and a lock that nobody holds.
    let (dir, lock) = (base.join("0-1"), base.join("0-1.lock"));
    fs::create_dir_all(dir.join("n1/layers")).expect("root may");
    fs::write(&lock, "").expect("root may");
    Lab::sweep().expect("sweep");
    lab::eventually("the leftovers are gone", PATIENCE, || !dir.exists() && !lock.exists());
    assert!(lab.hosts()[0].command("true").status().expect("it starts").success());
}
