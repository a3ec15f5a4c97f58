//! A machine on which groups run is asked not to sleep.

use crate::cluster::eventually;
use crate::failover::{FILE, is_online_on};

/// Stands in for logind's program, which hosts of a lab have nobody to talk to for: a lock is a file, and lasts as long
/// as the program that it is held for.
const INHIBIT: &str = "#!/bin/sh\necho \"$*\" >/run/inhibited\ncat\nrm /run/inhibited\n";

#[test]
fn a_machine_is_kept_awake_while_groups_run_there_and_no_longer_than_its_daemon_lives() {
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    n1.write_file("/usr/local/sbin/systemd-inhibit", INHIBIT);
    assert!(
        n1.host()
            .command("chmod")
            .args(["755", "/usr/local/sbin/systemd-inhibit"])
            .status()
            .unwrap()
            .success()
    );
    cluster.form(1..=1);
    let lock = || n1.within(|| std::fs::read_to_string("/run/inhibited").unwrap_or_default());
    assert_eq!(lock(), "", "nothing runs");
    n1.apply(&FILE.replace("possible_owners = [\"n1\", \"n2\", \"n3\"]\n", "")).ok();
    is_online_on(n1, "web", "n1");
    eventually("it is kept awake", || lock().starts_with("--what=sleep --mode=block --who=Steadfast"));
    n1.run("group offline web").ok();
    n1.run("group offline batch").ok();
    eventually("it may sleep", || lock().is_empty());
    n1.run("group online web").ok();
    eventually("it is kept awake again", || !lock().is_empty());
    n1.kill();
    eventually("nobody keeps it awake for a daemon that is gone", || lock().is_empty());
}
