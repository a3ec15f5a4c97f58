//! Watchdogs: what is exclusive by its processes is taken over by itself, and only once its node has surely ended it.
//!
//! The address here is declared so, and has no gate: a node that has stalled goes on answering for it until its
//! watchdog restarts it, which the referee sees.

use crate::cluster::{Cluster, Node, eventually, wait_for};
use crate::failover::{FILE, is_online_on, online_on, serving};
use events::{TakeoverNotSafe, WatchdogArmed, WatchdogNotArmed, WatchdogUnfed};
use lab::{Breed, Referee, Watchdog};

/// Where a host has its watchdog.
const DEVICE: &str = "/run/watchdog";

/// An address in use by somebody else.
const IN_USE: u32 = 1049;

/// A group of which nothing has a gate.
fn file() -> String {
    let file =
        FILE.replace("address = \"10.99.0.200/24\"", "address = \"10.99.0.200/24\"\nexclusive = \"process\"");
    let process = "type = \"process\"\ncommand = [\"/bin/sleep\", \"1000\"]\ndepends_on";
    file.replace("type = \"dummy\"\ndepends_on", process)
}

/// Its own file, with a watchdog.
fn configure(node: Node<'_>, timeout: &str) {
    let usual = node.usual_config();
    node.configure(&format!("{usual}watchdog = \"{DEVICE}\"\nwatchdog_timeout = \"{timeout}\"\n"));
}

/// Three hosts with a watchdog each; nothing, and `SKIPPED`, where there is no FUSE to make them of.
fn watched(test: &str) -> Option<(Cluster, Vec<Watchdog>)> {
    let cluster = Cluster::prepared(test, 4)?;
    let mut dogs = Vec::new();
    for node in cluster.nodes().take(3) {
        match node.host().watchdog(DEVICE, Breed::default()) {
            Ok(dog) => dogs.push(dog),
            Err(error) => {
                lab::skip(test, &error.to_string());
                return None;
            }
        }
        configure(node, "2s");
    }
    Some((cluster, dogs))
}

/// The group runs on n3, and everybody counts on the watchdogs.
fn guarded(cluster: &Cluster) -> Referee {
    cluster.form(1..=3);
    for node in cluster.nodes().take(3) {
        node.tells(WatchdogArmed::ENTRY);
    }
    let referee = serving(cluster, &file());
    counts_on_it(cluster.node(1));
    referee
}

/// What is counted on is told with its sum.
fn counts_on_it(node: Node<'_>) {
    eventually("the takeover goes by the watchdog", || {
        let explained = node.ok("explain web");
        explained.contains("a watchdog restarts its node 2s after it was last fed")
            && explained.contains("(1.4s lease + 2 × 3s watchdog)")
    });
}

/// A signal for the daemon (`run`) or its `monitor`, and for nothing else on the host.
fn signal(node: Node<'_>, name: &str, says: &str) {
    // By the program that it is: a monitor calls itself otherwise.
    let script = format!(
        "n=0; for p in /proc/[0-9]*; do if [ \"$(basename \"$(readlink $p/exe)\")\" = steadfast ] && \
         grep -q '{says}' $p/cmdline; then kill -{name} ${{p#/proc/}} && n=$((n+1)); fi; done; [ $n -gt 0 ]"
    );
    assert!(node.host().command("sh").args(["-c", &script]).status().unwrap().success());
}

/// It went from n3 to somebody else, nobody had it twice, and nobody found it taken.
fn taken_over(cluster: &Cluster, referee: Referee) {
    let [n1, n2, _, _] = cluster.all();
    let owner = wait_for("it is taken over", || online_on(n1, "web").filter(|owner| owner != "n3"));
    let number: u8 = owner.trim_start_matches('n').parse().unwrap();
    eventually("its new owner answers", || referee.latest() == Some(number));
    let verdict = referee.end();
    assert_eq!(verdict.several(), [], "several answered for one address");
    assert_eq!(verdict.owners(), [3, number], "{:?}", verdict.outages());
    for node in [n1, n2] {
        assert!(node.told(IN_USE).is_empty(), "{:?}", node.told(IN_USE));
        assert!(node.told(TakeoverNotSafe::ENTRY.id).is_empty());
    }
}

#[test]
fn what_no_gate_protects_is_taken_over_by_itself_from_a_node_with_a_watchdog() {
    let Some((cluster, _)) = watched(test_name!()) else { return };
    let referee = guarded(&cluster);
    cluster.node(3).host().kill().unwrap();
    taken_over(&cluster, referee);
}

#[test]
fn a_node_whose_daemon_and_monitor_are_frozen_is_restarted_before_its_successor_starts() {
    let Some((cluster, dogs)) = watched(test_name!()) else { return };
    let referee = guarded(&cluster);
    let n3 = cluster.node(3);
    for process in ["monitor", "run"] {
        signal(n3, "STOP", process);
    }
    eventually("its watchdog restarts it", || dogs[2].has_bitten());
    taken_over(&cluster, referee);
    assert!(!dogs[0].has_bitten() && !dogs[1].has_bitten());
    // It comes back as a spare.
    n3.host().kill().unwrap();
    n3.host().start().unwrap();
    n3.host().watchdog(DEVICE, Breed::default()).unwrap();
    n3.start();
    cluster.settled(&[cluster.node(1), cluster.node(2), n3]);
}

#[test]
fn a_node_whose_daemon_and_monitor_are_killed_is_restarted_before_its_successor_starts() {
    let Some((cluster, dogs)) = watched(test_name!()) else { return };
    let referee = guarded(&cluster);
    for process in ["run", "monitor"] {
        signal(cluster.node(3), "KILL", process);
    }
    eventually("its watchdog restarts it", || dogs[2].has_bitten());
    taken_over(&cluster, referee);
}

#[test]
fn a_node_that_cannot_stop_what_it_runs_says_so_and_is_restarted_before_its_successor_starts() {
    let Some((cluster, dogs)) = watched(test_name!()) else { return };
    let referee = guarded(&cluster);
    let [n1, n2, n3, _] = cluster.all();
    cluster.lab().split(&[n3.host()], &[n1.host(), n2.host()]).unwrap();
    signal(n3, "STOP", "monitor");
    eventually("its watchdog restarts it", || dogs[2].has_bitten());
    taken_over(&cluster, referee);
    n3.host().kill().unwrap();
    n3.host().start().unwrap();
    cluster.lab().heal().unwrap();
    n3.start();
    assert_eq!(n3.tells(WatchdogUnfed::ENTRY).fields["group"], "web");
}

#[test]
fn another_profile_arms_a_watchdog_anew_with_what_its_timers_come_to() {
    let test = test_name!();
    let Some(cluster) = Cluster::prepared(test, 1) else { return };
    let [n1] = cluster.all();
    let dog = match n1.host().watchdog(DEVICE, Breed::default()) {
        Ok(dog) => dog,
        Err(error) => return lab::skip(test, &error.to_string()),
    };
    n1.configure(&format!("{}watchdog = \"{DEVICE}\"\n", n1.usual_config()));
    cluster.form(1..=1);
    assert_eq!(n1.tells(WatchdogArmed::ENTRY).fields["timeout_s"], 5);
    n1.apply("[cluster]\nname = \"shop\"\nprofile = \"patient\"\n").ok();
    eventually("it is armed anew", || n1.tells(WatchdogArmed::ENTRY).fields["timeout_s"] == 13);
    n1.apply("[cluster]\nname = \"shop\"\n").ok();
    eventually("and back", || n1.told(WatchdogArmed::ENTRY.id).len() == 3);
    assert!(dog.is_armed() && !dog.has_bitten());
}

#[test]
fn a_daemon_that_stops_in_order_or_is_back_within_its_lease_restarts_no_node() {
    let Some((cluster, dogs)) = watched(test_name!()) else { return };
    let referee = guarded(&cluster);
    let [n1, n2, n3, _] = cluster.all();
    n3.stop();
    eventually("it is disarmed", || !dogs[2].is_armed());
    wait_for("it runs elsewhere", || online_on(n1, "web"));
    n3.start();
    eventually("it is armed again", || dogs[2].is_armed());
    cluster.settled(&[n1, n2, n3]);
    n1.run("group move web --to n3").ok();
    counts_on_it(n1);

    let generation = n1.status().groups.iter().find(|group| group.name == "web").unwrap().generation;
    n3.kill();
    n3.start();
    let fed = dogs[2].feedings();
    // Fed five times a second, for longer than its time-out.
    eventually("it is fed by the next life of the daemon", || dogs[2].feedings() > fed + 20);
    is_online_on(n1, "web", "n3");
    let now = n1.status().groups.iter().find(|group| group.name == "web").unwrap().generation;
    assert_eq!(now, generation, "the same ownership");
    assert!(dogs.iter().all(|dog| !dog.has_bitten()));
    assert_eq!(referee.end().several(), []);
}

#[test]
fn a_watchdog_that_cannot_be_had_is_told_and_the_node_goes_on_without_it() {
    let test = test_name!();
    let Some(cluster) = Cluster::prepared(test, 4) else { return };
    let [n1, n2, n3, _] = cluster.all();
    // One has a time-out that contradicts the timers, of one the device is missing, and of one it is in use.
    if let Err(error) = n3.host().watchdog(DEVICE, Breed::default()) {
        return lab::skip(test, &error.to_string());
    }
    configure(n1, "1s");
    configure(n2, "2s");
    configure(n3, "2s");
    let other = "exec 3>/run/watchdog; while :; do echo >&3; sleep 0.1; done";
    let mut other = n3.host().command("sh").args(["-c", other]).spawn().unwrap();
    cluster.form(1..=3);
    for (node, words) in [
        (n1, ["must be at least 3 × heartbeat (100ms) + its granularity (1s) = 1.3s", "watchdog_timeout"]),
        (n2, ["there is no watchdog at /run/watchdog", "modprobe softdog"]),
        (n3, ["/run/watchdog is in use by another program", "fuser -v /run/watchdog"]),
    ] {
        let told = node.tells(WatchdogNotArmed::ENTRY);
        let alarms = node.status().alarms;
        let alarm = alarms.iter().find(|alarm| alarm.event == WatchdogNotArmed::ENTRY.id).expect("an alarm");
        for word in words {
            assert!(told.text.contains(word) && alarm.text.contains(word), "no {word:?} in {}", told.text);
        }
    }
    let referee = serving(&cluster, &file());
    let explained = n1.ok("explain web");
    for words in ["never by itself", "`watchdog` in its steadfast.toml"] {
        assert!(explained.contains(words), "{words}: {explained}");
    }
    // As soon as it is to be had, it is armed, and counted on.
    other.kill().unwrap();
    other.wait().unwrap();
    n3.tells(WatchdogArmed::ENTRY);
    counts_on_it(n1);
    assert!(n3.status().alarms.iter().all(|alarm| alarm.event != WatchdogNotArmed::ENTRY.id));
    // Where there is none, somebody has to say that the node is down.
    n1.run("group move web --to n2").ok();
    n2.host().kill().unwrap();
    n1.until("it is left alone", |status| {
        status.alarms.iter().any(|alarm| alarm.event == TakeoverNotSafe::ENTRY.id && alarm.node == "n2")
    });
    assert_eq!(online_on(n1, "web"), None);
    n1.ok("node confirm-down n2");
    wait_for("it is taken over", || online_on(n1, "web").filter(|owner| owner != "n2"));
    assert_eq!(referee.end().several(), []);
}
