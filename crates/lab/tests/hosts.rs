//! A host's life: boot, programs, daemons, freezing, loss of power.

mod common;

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use common::{PATIENCE, hears};
use lab::{LabError, Network};

/// Counts on and on, into a file and to its output.
const COUNT: &str = "i=0; while :; do i=$((i+1)); echo $i; echo $i >/tmp/count; sleep 0.01; done";

#[test]
fn a_host_is_a_machine_of_its_own() {
    let Some(lab) = lab::or_skip("a_host_is_a_machine_of_its_own", 2) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let says = |program: &str, args: &[&str]| {
        let output = n1.command(program).args(args).output().expect("it starts");
        assert!(output.status.success(), "{program} {args:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(says("hostname", &[]), "n1");
    assert_eq!(says("cat", &["/etc/hostname"]), "n1");
    assert!(says("getent", &["ahostsv4", "n2"]).starts_with("10.99.0.2 "));
    assert_eq!(says("cat", &["/proc/1/comm"]), "sleep", "its own process numbers");
    assert_eq!(
        says("cat", &["/proc/self/cgroup"]).lines().last(),
        Some("0::/init"),
        "its own control groups"
    );
    assert!(says("ls", &["/sys/fs/cgroup"]).contains("cgroup.freeze"));
    assert_eq!(says("ls", &["/run"]), "", "a fresh boot");

    // Its disk is its own: what it writes is seen neither by the other host nor by this machine.
    says("sh", &["-c", "echo mine >/etc/mine"]);
    assert!(!n2.within(|| fs::exists("/etc/mine").expect("readable")).expect("n2 is up"));
    assert!(!fs::exists("/etc/mine").expect("readable"));
}

#[test]
fn a_command_behaves_like_a_child_of_this_process() {
    let Some(lab) = lab::or_skip("a_command_behaves_like_a_child_of_this_process", 1) else { return };
    let n1 = &lab.hosts()[0];
    let status = n1.command("sh").args(["-c", "exit 7"]).status().expect("it starts");
    assert_eq!(status.code(), Some(7));
    let output =
        n1.command("sh").args(["-c", "pwd; echo $HELLO"]).env("HELLO", "there").current_dir("/etc").output();
    assert_eq!(output.expect("it starts").stdout, b"/etc\nthere\n");
    let mut child = n1.command("sleep").arg("1000").spawn().expect("it starts");
    child.kill().expect("it is our child");
    assert!(!child.wait().expect("it is our child").success());
    let error = n1.command("no-such-program").spawn().expect_err("it does not exist");
    assert!(error.to_string().contains("start \"no-such-program\" on n1"), "{error}");
}

#[test]
fn orphans_that_have_ended_are_in_no_list_of_processes() {
    let Some(lab) = lab::or_skip("orphans_that_have_ended_are_in_no_list_of_processes", 1) else { return };
    let n1 = &lab.hosts()[0];
    let orphan = |script: &str| {
        let output = n1.command("sh").args(["-c", script]).output().expect("it starts");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    // One that its parent leaves behind, and one that has ended by then and was not waited for.
    for script in ["sleep 0.1 >/dev/null & echo $!", "true & echo $!; exec sleep 0.1"] {
        let place = format!("/proc/{}", orphan(script));
        let gone = || !n1.within(|| fs::exists(&place).expect("readable")).expect("n1 is up");
        lab::eventually(&format!("the end of `{script}`"), PATIENCE, gone);
    }
}

#[test]
fn a_daemon_is_found_by_name_and_ends_when_told() {
    let Some(lab) = lab::or_skip("a_daemon_is_found_by_name_and_ends_when_told", 1) else { return };
    let n1 = &lab.hosts()[0];
    let polite = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done";
    let start = || n1.command("sh").args(["-c", polite]).start_daemon("polite");
    let first = start().expect("it starts");
    lab::eventually("its first words", PATIENCE, || first.log() == "ready\n");
    assert!(matches!(start(), Err(LabError::AlreadyRuns { .. })));
    assert!(n1.daemon("polite").expect("it was started").is_running());

    first.terminate().expect("it runs");
    assert_eq!(first.wait(PATIENCE).expect("it ends").code(), Some(3));
    assert_eq!(first.log(), "ready\nbye\n");

    let second = start().expect("it starts again");
    assert!(!second.kill().expect("it dies").success());
    assert!(!second.is_running());
    second.terminate().expect("one that has ended is no error");
    assert!(second.log().starts_with("ready\nbye\n"), "the log goes on: {}", second.log());
}

#[test]
fn a_frozen_host_and_a_frozen_daemon_stand_still_and_go_on() {
    let Some(lab) = lab::or_skip("a_frozen_host_and_a_frozen_daemon_stand_still_and_go_on", 2) else {
        return;
    };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let counting = |host: &lab::Host| {
        let daemon = host.command("sh").args(["-c", COUNT]).start_daemon("counter").expect("it starts");
        lab::eventually("the first number", PATIENCE, || !daemon.log().is_empty());
        daemon
    };
    let (one, two) = (counting(n1), counting(n2));
    let stands_still = |daemon: &lab::Daemon| {
        let before = daemon.log();
        // A pause to let it move if it could, not a measurement.
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(before, daemon.log());
    };
    let goes_on = |daemon: &lab::Daemon| {
        let before = daemon.log().len();
        lab::eventually("the next number", PATIENCE, || daemon.log().len() > before);
    };

    n1.freeze().expect("freeze");
    assert!(n1.is_frozen());
    assert!(matches!(n1.command("true").status(), Err(LabError::Frozen { .. })));
    stands_still(&one);
    goes_on(&two);
    hears(n2, n1, n1.ipv4(Network::First));
    n1.thaw().expect("thaw");
    goes_on(&one);

    two.freeze().expect("freeze");
    stands_still(&two);
    assert!(n2.command("true").status().expect("the host itself runs").success());
    two.thaw().expect("thaw");
    goes_on(&two);
    two.freeze().expect("freeze");
    two.kill().expect("a frozen one can be killed");
    goes_on(&counting(n2));
}

#[test]
fn a_killed_host_keeps_its_disk_and_starts_again() {
    let Some(lab) = lab::or_skip("a_killed_host_keeps_its_disk_and_starts_again", 2) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let daemon = n1.command("sh").args(["-c", COUNT]).start_daemon("counter").expect("it starts");
    n1.within(|| fs::write("/etc/kept", "kept")).expect("n1 is up").expect("written");
    n1.within(|| fs::write("/run/lost", "lost")).expect("n1 is up").expect("written");

    for _ in 0..3 {
        n1.kill().expect("kill");
        n1.kill().expect("killing the dead is nothing");
        assert!(!n1.is_up());
        assert!(!daemon.is_running());
        assert!(matches!(n1.command("true").status(), Err(LabError::Down { .. })));
        n1.start().expect("start");
        n1.start().expect("starting the living is nothing");
        assert_eq!(n1.within(|| fs::read("/etc/kept")).expect("n1 is up").expect("kept"), b"kept");
        assert!(!n1.within(|| fs::exists("/run/lost").expect("readable")).expect("n1 is up"));
        assert!(n1.daemon("counter").is_none(), "nothing starts by itself");
        hears(n2, n1, n1.ipv4(Network::First));
        hears(n1, n2, n2.ipv6(Network::Second));
    }
}

#[test]
fn peers_of_a_killed_host_hear_silence_not_a_closed_connection() {
    let Some(lab) = lab::or_skip("peers_of_a_killed_host_hear_silence_not_a_closed_connection", 2) else {
        return;
    };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let listener = n1.within(|| TcpListener::bind((n1.ipv4(Network::First), 5000)).expect("free port"));
    let listener = listener.expect("n1 is up");
    // A process of n1 holds the connection, so that it is the power loss that closes it.
    let mut client = n2
        .within(|| TcpStream::connect((n1.ipv4(Network::First), 5000)))
        .expect("n2 is up")
        .expect("connect");
    let (server, _) = listener.accept().expect("accept");
    let holder = n1.command("sleep").arg("1000").stdin(std::os::fd::OwnedFd::from(server)).spawn();
    let mut holder = holder.expect("it starts");

    n1.kill().expect("kill");
    holder.wait().expect("it was killed");
    client.set_read_timeout(Some(Duration::from_millis(300))).expect("not zero");
    let error = client.read(&mut [0]).expect_err("an end of the stream would be an answer");
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
}

#[test]
fn a_small_disk_fills_and_empties() {
    let Some(lab) = lab::or_skip("a_small_disk_fills_and_empties", 1) else { return };
    let n1 = &lab.hosts()[0];
    let disk = n1.small_disk("/var/lib/small", 1 << 20).expect("mounted");
    let write = || n1.within(|| fs::write("/var/lib/small/data", [1; 8192])).expect("n1 is up");
    write().expect("there is room");
    fs_remove(n1, "/var/lib/small/data");
    disk.fill().expect("fill");
    assert_eq!(write().expect_err("there is no room").kind(), ErrorKind::StorageFull);
    disk.free().expect("free");
    write().expect("there is room again");
    assert!(n1.command("test").args(["-s", "/var/lib/small/data"]).status().expect("it starts").success());
}

fn fs_remove(host: &lab::Host, path: &str) {
    host.within(|| fs::remove_file(path)).expect("it is up").expect("removed");
}

#[test]
fn a_clock_is_off_and_jumps_under_a_running_program() {
    let name = "a_clock_is_off_and_jumps_under_a_running_program";
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let n1 = &lab.hosts()[0];
    let day = 86_400;
    match n1.set_clock_offset(day) {
        Err(error @ LabError::Missing { .. }) => return lab::skip(name, &error.to_string()),
        other => other.expect("n1 is up"),
    }
    let ticking = "while :; do date +%s; sleep 0.01; done";
    let clock = n1.command("sh").args(["-c", ticking]).start_daemon("clock").expect("it starts");
    let now = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        i64::try_from(since.as_secs()).expect("before the year 292277026596")
    };
    // Within an hour of what was set; the test is not about seconds.
    let shows = |offset: i64| {
        lab::eventually(&format!("an offset of {offset} s"), PATIENCE, || {
            let log = clock.log();
            let last = log.lines().last().and_then(|line| line.parse::<i64>().ok());
            last.is_some_and(|shown| (shown - now() - offset).abs() < 3600)
        });
    };
    shows(day);
    n1.set_clock_offset(-7 * day).expect("n1 is up");
    shows(-7 * day);
}

#[test]
fn sixteen_hosts_fit() {
    let Some(lab) = lab::or_skip("sixteen_hosts_fit", 16) else { return };
    let (first, last) = (&lab.hosts()[0], &lab.hosts()[15]);
    hears(first, last, last.ipv4(Network::Second));
    hears(last, first, first.ipv6(Network::First));
}
