//! Real agents of real things, in a host of their own: an address, a filesystem, web servers, a database.

use super::real::installed;
use super::{call_with, open, score, tools};
use crate::tests::client::{Client, with_process};
use lab::Host;
use resource_api::cluster::ClusterNode;
use resource_api::message::Place;
use resource_api::{Cluster, FromMonitor, Note, Role, ToMonitor, Verb, Verdict};
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
    life_as(Role::Started, daemon, name, while_it_runs).await;
}

async fn life_as(role: Role, daemon: &mut Client, name: &str, while_it_runs: impl AsyncFnOnce()) {
    let outcome = daemon.call(name, Verb::Validate).await;
    assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
    assert_eq!(daemon.call(name, Verb::Probe).await.verdict, Verdict::NotRunning);
    for _ in 0..2 {
        let outcome = daemon.call(name, Verb::Online).await;
        assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
    }
    for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
        let outcome = daemon.call(name, look).await;
        assert_eq!(outcome.verdict, Verdict::Running { role }, "{look}: {outcome:?}");
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

#[test]
fn apache_serves_and_ends() {
    on_a_host("apache_serves_and_ends", &["apache2", "curl", "pgrep"], async |mut daemon, host| {
        let configuration = "ServerRoot /usr/lib/apache2\nServerName localhost\nPidFile /run/apache.pid\n\
            LoadModule mpm_event_module modules/mod_mpm_event.so\n\
            LoadModule authz_core_module modules/mod_authz_core.so\n\
            LoadModule status_module modules/mod_status.so\n\
            User www-data\nGroup www-data\nErrorLog /tmp/error.log\nDocumentRoot /tmp\n\
            Listen 127.0.0.1:8081\n<Location /status>\nSetHandler server-status\nRequire all granted\n</Location>\n";
        host.command("tee").arg("/tmp/apache.conf").stdin(file_with(configuration)).output().unwrap();
        let status = "http://127.0.0.1:8081/status";
        let given =
            [("configfile", "/tmp/apache.conf"), ("httpd", "/usr/sbin/apache2"), ("statusurl", status)];
        open(&mut daemon, "web", "ocf:heartbeat:apache", &given).await;
        let page = || says(host, "curl", &["--silent", status]);
        life(&mut daemon, "web", async || assert!(page().contains("Apache Server Status"))).await;
    });
}

/// A database that nobody has started, in `/tmp/pg`; and the parameters of its agent. Nothing, if there is
/// no PostgreSQL here.
fn database(name: &str, host: &Host) -> Option<Vec<(&'static str, String)>> {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut programs = folders.map(|entry| entry.path().join("bin"));
    let Some(bin) = programs.find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists()) else {
        lab::skip(name, "no PostgreSQL here");
        return None;
    };
    let make = format!(
        "mkdir -p /tmp/pg/socket && chown -R postgres /tmp/pg && cd /tmp/pg && \
         runuser -u postgres -- {}/initdb --auth=trust --no-sync --pgdata=/tmp/pg/data && \
         printf \"unix_socket_directories='/tmp/pg/socket'\\nlisten_addresses=''\\nfsync=off\\n\" \
         >>/tmp/pg/data/postgresql.conf",
        bin.display()
    );
    let made = host.command("sh").args(["-c", &make]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(vec![
        ("pgctl", bin.join("pg_ctl").display().to_string()),
        ("pgdata", "/tmp/pg/data".to_owned()),
        ("socketdir", "/tmp/pg/socket".to_owned()),
        ("logfile", "/tmp/pg/log".to_owned()),
    ])
}

const DATABASE_PROGRAMS: [&str; 4] = ["psql", "runuser", "perl", "ps"];

async fn open_database(daemon: &mut Client, given: &[(&'static str, String)]) {
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    open(daemon, "db", "ocf:heartbeat:pgsql", &given).await;
}

#[test]
fn pgsql_serves_and_ends() {
    let name = "pgsql_serves_and_ends";
    on_a_host(name, &DATABASE_PROGRAMS, async |mut daemon, host| {
        let Some(given) = database(name, host) else { return };
        open_database(&mut daemon, &given).await;
        // Of a type with roles, one that was not promoted is a replica, also where nobody is to be promoted.
        life_as(Role::Replica, &mut daemon, "db", async || {
            let ask = ["-h", "/tmp/pg/socket", "-U", "postgres", "-Atc", "select 6 * 7"];
            assert_eq!(says(host, "psql", &ask), "42\n");
        })
        .await;
    });
}

#[test]
fn pgsql_finds_out_that_it_may_be_the_primary_and_becomes_it() {
    let name = "pgsql_finds_out_that_it_may_be_the_primary_and_becomes_it";
    on_a_host(name, &DATABASE_PROGRAMS, async |mut daemon, host| {
        let Some(mut given) = database(name, host) else { return };
        given.extend(
            [
                ("rep_mode", "async"),
                ("node_list", "n1 n2"),
                ("master_ip", "127.0.0.1"),
                ("tmpdir", "/tmp/pg/tmp"),
                ("xlog_check_count", "1"),
                ("CRM_meta_promotable", "true"),
            ]
            .map(|(name, value)| (name, value.to_owned())),
        );
        let node = |name: &str, online| ClusterNode { name: name.to_owned(), online };
        let nodes = vec![node("n1", true), node("n2", false)];
        let cluster = Cluster { nodes, quorate: true, instances: Vec::new() };
        daemon.say(&ToMonitor::Cluster { cluster }).await;
        open_database(&mut daemon, &given).await;
        let running = |role| Verdict::Running { role };
        assert_eq!(daemon.call("db", Verb::Validate).await.verdict, Verdict::Done);
        assert_eq!(daemon.call("db", Verb::Probe).await.verdict, Verdict::NotRunning);
        let outcome = daemon.call("db", Verb::Online).await;
        assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
        assert_eq!(score(&mut daemon, "db").await, Some(-1_000_000));
        // There is no primary, and nobody has newer data.
        for _ in 0..2 {
            let outcome = daemon.call("db", Verb::LooksAlive).await;
            assert_eq!(outcome.verdict, running(Role::Replica), "{outcome:?}");
        }
        assert_eq!(score(&mut daemon, "db").await, Some(1_000));
        let outcome = daemon.call("db", Verb::Promote).await;
        assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
        let outcome = daemon.call("db", Verb::LooksAlive).await;
        assert_eq!(outcome.verdict, running(Role::Primary), "{outcome:?}");
        // What n2 has is out of date from now on, also after n2's next start.
        let noted = |value: &str| Note::Attribute {
            node: "n2".to_owned(),
            name: "g.db-data-status".to_owned(),
            value: Some(value.to_owned()),
            lasting: true,
        };
        let told = noted("DISCONNECT");
        daemon.hear(|said| (*said == FromMonitor::Note { note: told.clone() }).then_some(())).await;
        // Its demotion is its end; told that nobody follows it, it may start alone again.
        let outcome = call_with(&mut daemon, "db", Verb::Demote, &[("notify_slave_uname", " ")]).await;
        assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
        assert!(!says(host, "ls", &["/tmp/pg/tmp"]).contains("PGSQL.lock"));
        assert_eq!(daemon.call("db", Verb::Offline).await.verdict, Verdict::Done);
        assert_eq!(daemon.call("db", Verb::Probe).await.verdict, Verdict::NotRunning);
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
