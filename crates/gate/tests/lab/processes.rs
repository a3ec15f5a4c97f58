//! The gate of processes: whatever they are bound to.

use crate::common::*;
use crate::roles::Helper;
use gate::{Choice, GateError};
use lab::{Host, Network};
use std::net::SocketAddr;
use std::path::Path;

/// The cgroup of the tests, and one in it, in which a resource's child is.
const CGROUP: &str = "/sys/fs/cgroup/gated";
const CHILD: &str = "/sys/fs/cgroup/gated/child";

/// A server on all addresses in that cgroup, asked at those that nobody gates, of IPv4 and IPv6.
fn server(host: &Host) -> (Helper, [SocketAddr; 2]) {
    run(host, &format!("mkdir -p {CHILD}"));
    let enter = format!("echo 0 >{CHILD}/cgroup.procs; exec");
    let mut server = Helper::start_by(host, &enter, "serves", Choice::Best);
    let port = server.says("PORT").parse().expect("a port");
    let own = [host.ipv4(Network::Second).into(), host.ipv6(Network::Second).into()];
    (server, own.map(|own| SocketAddr::new(own, port)))
}

#[track_caller]
fn is_silent(client: &Host, all: [SocketAddr; 2], when: &str) {
    for at in all.into_iter().cycle().take(8) {
        assert!(!asks(client, at), "{at} answered {when}");
    }
}

#[track_caller]
fn is_heard(client: &Host, all: [SocketAddr; 2], when: &str) {
    for at in all {
        lab::eventually(&format!("an answer from {at} {when}"), PATIENCE, || asks(client, at));
    }
}

#[test]
fn a_server_on_all_addresses_is_cut_with_its_cgroup_and_nobody_else() {
    let name = "a_server_on_all_addresses_is_cut_with_its_cgroup_and_nobody_else";
    let Some(lab) = site(name, Choice::Best) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let mut gate = open(n1, Choice::Best);
    let (server, at) = server(n1);
    let other = Echo::on(n1, n1.ipv4(Network::Second).into());
    let mut set = |deadline| n1.within(|| gate.set_cgroup(Path::new(CGROUP), deadline)).expect("n1 is up");
    is_heard(n2, at, "before it is gated");

    set(0).expect("closed");
    is_silent(n2, at, "while closed");
    is_silent(n1, at, "while closed, on the host itself");
    for _ in 0..2 {
        let deadline = after(LEASE);
        set(deadline).expect("opened");
        is_heard(n2, at, "while open");
        wait_past(deadline + u64::try_from(EPSILON.as_nanos()).expect("small"));
        is_silent(n2, at, "after its deadline");
        set(deadline).expect("written");
        is_silent(n2, at, "after a late write");
        other.is_heard(n2, "of another cgroup");
    }
    let remove = n1.within(|| gate.remove_cgroup(Path::new(CGROUP))).expect("n1 is up");
    remove.expect("removed");
    is_heard(n2, at, "when it is gated no longer");
    server.kill();
}

#[test]
fn a_restarted_daemon_finds_the_gates_of_processes_as_they_are() {
    let name = "a_restarted_daemon_finds_the_gates_of_processes_as_they_are";
    let Some(lab) = site(name, Choice::Best) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let (server, at) = server(n1);
    let path = Path::new(CGROUP);
    let deadline = after(LONG);
    let mut first = open(n1, Choice::Best);
    assert_eq!(n1.within(|| first.cgroup(path)).expect("n1 is up").expect("read"), None);
    n1.within(|| first.set_cgroup(path, deadline)).expect("n1 is up").expect("opened");
    drop(first);

    let mut second = open(n1, Choice::Best);
    is_heard(n2, at, "still");
    assert_eq!(n1.within(|| second.cgroup(path)).expect("n1 is up").expect("read"), Some(deadline));
    n1.within(|| second.set_cgroup(path, 0)).expect("n1 is up").expect("closed");
    is_silent(n2, at, "when the successor closed it");
    drop(second);

    // One that closes without having looked; and what it takes away is all there is.
    let mut third = open(n1, Choice::Best);
    n1.within(|| third.set_cgroup(path, 0)).expect("n1 is up").expect("closed");
    n1.within(|| third.dismantle()).expect("n1 is up").expect("dismantled");
    is_heard(n2, at, "without any gate");
    server.kill();
}

#[test]
fn a_cgroup_that_is_made_anew_is_another_one_and_is_gated_anew() {
    let name = "a_cgroup_that_is_made_anew_is_another_one_and_is_gated_anew";
    let Some(lab) = site(name, Choice::Best) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let mut gate = open(n1, Choice::Best);
    let path = Path::new(CGROUP);
    run(n1, &format!("mkdir -p {CGROUP}"));
    let mut set = |deadline| n1.within(|| gate.set_cgroup(path, deadline)).expect("n1 is up");
    set(0).expect("closed");
    run(n1, &format!("rmdir {CGROUP}"));
    let error = set(0).expect_err("it is gone");
    assert!(matches!(error, GateError::NoCgroup { .. }), "{error}");
    let (server, at) = server(n1);
    is_heard(n2, at, "of the new one");
    set(0).expect("closed");
    is_silent(n2, at, "while closed");
    server.kill();
}

#[test]
fn what_is_no_cgroup_is_told() {
    let Some(lab) = site("what_is_no_cgroup_is_told", Choice::Best) else { return };
    let n1 = &lab.hosts()[0];
    let mut gate = open(n1, Choice::Best);
    for path in ["/tmp", "/sys/fs/cgroup/nobody", "/etc/hostname"] {
        let error =
            n1.within(|| gate.set_cgroup(Path::new(path), 0)).expect("n1 is up").expect_err("it is none");
        assert!(error.to_string().starts_with(&format!("{path} is no cgroup of version 2")), "{error}");
    }
    n1.within(|| gate.remove_cgroup(Path::new("/sys/fs/cgroup/nobody"))).expect("n1 is up").expect("as good");
    let mut gate = open(n1, Choice::Nftables);
    let error = n1.within(|| gate.set_cgroup(Path::new("/sys/fs/cgroup"), 0)).expect("n1 is up");
    assert!(matches!(error, Err(GateError::NoCgroupGate(_))));
}
