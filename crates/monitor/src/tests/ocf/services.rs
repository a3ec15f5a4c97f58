//! Real agents of real things, in a host of their own: an address, a filesystem, a web server.

use super::real::installed;
use super::{open, tools};
use crate::tests::client::{Client, with_process};
use lab::Host;
use resource_api::message::Place;
use resource_api::{Outcome, Verb, Verdict};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Runs a test on a host, with the agents of this machine.
fn on_a_host(name: &str, programs: &[&str], test: impl AsyncFnOnce(Client, &Host)) {
    if !installed(name) {
        return;
    }
    let missing = |program: &&&str| {
        !["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(program).exists())
    };
    if let Some(missing) = programs.iter().find(missing) {
        return lab::skip(name, &format!("no {missing} here"));
    }
    let Some(lab) = lab::or_skip(name, 1) else { return };
    let host = &lab.hosts()[0];
    let (ours, theirs) = UnixStream::pair().unwrap();
    // Two programs that look at the processes of their host must be of that host both: the monitor too.
    let mut monitor = host.command(tools()).stdin(OwnedFd::from(theirs)).spawn().unwrap();
    let place = Place { node: "n1".to_owned(), run_dir: "/run/monitor".into(), cgroup: None };
    with_process(place, ours, |daemon| test(daemon, host));
    monitor.wait().unwrap();
}

async fn life(daemon: &mut Client, name: &str, while_it_runs: impl AsyncFnOnce()) {
    let outcome = daemon.call(name, Verb::Validate).await;
    assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
    assert_eq!(daemon.call(name, Verb::Probe).await.verdict, Verdict::NotRunning);
    for _ in 0..2 {
        let outcome = daemon.call(name, Verb::Online).await;
        assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
    }
    for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
        let outcome = daemon.call(name, look).await;
        assert_eq!(outcome.verdict, Outcome::running().verdict, "{look}: {outcome:?}");
    }
    while_it_runs().await;
    for _ in 0..2 {
        let outcome = daemon.call(name, Verb::Offline).await;
        assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
    }
    assert_eq!(daemon.call(name, Verb::Probe).await.verdict, Verdict::NotRunning);
}

/// What a program on the host prints.
fn says(host: &Host, program: &str, args: &[&str]) -> String {
    let output = host.command(program).args(args).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn ipaddr2_has_its_address_and_gives_it_back() {
    on_a_host("ipaddr2_has_its_address_and_gives_it_back", &["ip"], async |mut daemon, host| {
        let given = [("ip", "10.99.0.100"), ("cidr_netmask", "24")];
        open(&mut daemon, "ip", "ocf:heartbeat:IPaddr2", &given).await;
        let addresses = || says(host, "ip", &["-o", "-4", "addr"]);
        life(&mut daemon, "ip", async || assert!(addresses().contains("10.99.0.100/24"))).await;
        assert!(!addresses().contains("10.99.0.100"));
    });
}

#[test]
fn filesystem_mounts_a_loop_device_and_unmounts_it() {
    let name = "filesystem_mounts_a_loop_device_and_unmounts_it";
    on_a_host(name, &["mkfs.ext4", "losetup", "modprobe"], async |mut daemon, host| {
        says(host, "truncate", &["--size=16M", "/tmp/image"]);
        says(host, "mkfs.ext4", &["-q", "-F", "/tmp/image"]);
        let device = says(host, "losetup", &["--find", "--show", "/tmp/image"]).trim().to_owned();
        if device.is_empty() {
            return lab::skip(name, "no loop device to be had");
        }
        let given = [("device", device.as_str()), ("directory", "/tmp/mounted"), ("fstype", "ext4")];
        open(&mut daemon, "fs", "ocf:heartbeat:Filesystem", &given).await;
        let mounts = || says(host, "cat", &["/proc/self/mounts"]);
        life(&mut daemon, "fs", async || assert!(mounts().contains(" /tmp/mounted ext4 "))).await;
        assert!(!mounts().contains("/tmp/mounted"));
        says(host, "losetup", &["--detach", &device]);
    });
}

#[test]
fn nginx_serves_and_ends() {
    on_a_host("nginx_serves_and_ends", &["nginx", "curl"], async |mut daemon, host| {
        let configuration = "pid /run/nginx.pid; error_log /tmp/error.log; events {}\n\
            http { access_log off; server { listen 127.0.0.1:8080; location / { return 200 'it works'; } } }\n";
        host.command("tee").arg("/tmp/nginx.conf").stdin(file_with(configuration)).output().unwrap();
        let given = [("configfile", "/tmp/nginx.conf"), ("status10url", "http://127.0.0.1:8080/")];
        open(&mut daemon, "web", "ocf:heartbeat:nginx", &given).await;
        life(&mut daemon, "web", async || {
            let page = says(host, "curl", &["--silent", "http://127.0.0.1:8080/"]);
            assert_eq!(page, "it works");
        })
        .await;
    });
}

/// Something to be read.
fn file_with(text: &str) -> std::fs::File {
    use std::io::{Seek as _, Write as _};
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.rewind().unwrap();
    file
}
