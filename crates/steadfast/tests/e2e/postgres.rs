//! A database with a replica, looked after by the agent that everybody uses, as it is: the primary's node is
//! killed while a client writes, and nothing that was acknowledged is lost.

use crate::cluster::{Node, eventually, wait_for};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

const ADDRESS: &str = "10.99.0.201";

/// Where the database is on each host.
const HOME: &str = "/tmp/pg";

/// The programs of the server; nothing where there are none.
fn programs() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut programs = folders.map(|entry| entry.path().join("bin"));
    programs.find(|bin| bin.join("initdb").exists() && bin.join("psql").exists())
}

fn file(bin: &Path) -> String {
    let pg_ctl = bin.join("pg_ctl").display().to_string();
    let psql = bin.join("psql").display().to_string();
    format!(
        r#"
[cluster]
name = "shop"

[[group]]
name = "db"
possible_owners = ["n1", "n2"]
[group.clones]
primaries = 1
[[group.resource]]
name = "data"
type = "ocf:heartbeat:pgsql"
exclusive = "none"
looks_alive = "1s"
[group.resource.parameters]
pgctl = "{pg_ctl}"
psql = "{psql}"
pgdata = "{HOME}/data"
socketdir = "{HOME}/socket"
logfile = "{HOME}/log"
tmpdir = "{HOME}/tmp"
rep_mode = "sync"
node_list = "n1 n2"
master_ip = "{ADDRESS}"
repuser = "postgres"
restart_on_promote = "false"
xlog_check_count = 1

[[group]]
name = "db-address"
possible_owners = ["n1", "n2"]
runs_with = ["db:primary"]
[[group.resource]]
name = "ip"
type = "ip-address"
address = "{ADDRESS}/24"
"#
    )
}

fn shell(node: Node<'_>, script: &str) {
    let done = node.host().command("sh").args(["-ec", script]).output().unwrap();
    assert!(done.status.success(), "{}: {script}: {}", node.name(), String::from_utf8_lossy(&done.stderr));
}

/// The same database on both hosts, at rest.
fn prepared(bin: &Path, n1: Node<'_>, n2: Node<'_>) {
    let settings = format!(
        "unix_socket_directories='{HOME}/socket'\\nlisten_addresses='*'\\nshared_buffers=8MB\\nfsync=off\\n"
    );
    let make = format!(
        "mkdir -p {HOME}/socket; chown -R postgres {HOME}; cd {HOME}
         runuser -u postgres -- {}/initdb --auth=trust --no-sync --wal-segsize=1 --pgdata={HOME}/data
         printf \"{settings}\" >>{HOME}/data/postgresql.conf
         printf 'host all all 10.99.0.0/24 trust\\nhost replication all 10.99.0.0/24 trust\\n' \
           >>{HOME}/data/pg_hba.conf
         tar -C /tmp -cf /tmp/pg.tar pg",
        bin.display()
    );
    shell(n1, &make);
    n2.write_file("/tmp/pg.tar", n1.read_file("/tmp/pg.tar"));
    shell(n2, "tar -C /tmp -xpf /tmp/pg.tar");
}

/// Ends the client however its test ends.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the database behind the address answers; nothing while there is none, or it refuses.
fn asked(bin: &Path, from: Node<'_>, question: &str) -> Option<String> {
    let mut command = from.host().command(bin.join("psql"));
    command = command.env("PGCONNECT_TIMEOUT", "2").env("HOME", "/tmp");
    let answer = command.args(["-h", ADDRESS, "-U", "postgres", "-XAtqc", question]).output().unwrap();
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    answer.status.success().then_some(text)
}

/// The primary copy's node.
fn primary(node: Node<'_>) -> Option<String> {
    let group = node.try_status()?.groups.into_iter().find(|group| group.name == "db-address")?;
    group.owner.filter(|_| group.state == "online")
}

#[test]
fn the_replica_is_promoted_when_the_primarys_node_is_killed_and_no_acknowledged_row_is_lost() {
    let cluster = hosts!(3);
    let Some(bin) = programs() else { return lab::skip("postgres", "no PostgreSQL here") };
    let [n1, n2, n3] = cluster.all();
    prepared(&bin, n1, n2);
    cluster.form(1..=3);
    n1.apply(&file(&bin)).ok();
    let lost = wait_for("one is primary, and has the address", || primary(n3));
    eventually("the other one follows it, and each transaction waits for both", || {
        let state = asked(&bin, n3, "select sync_state from pg_stat_replication");
        state.as_deref() == Some("sync")
    });
    // Its agent lets it be promoted only once it has seen that, and a plan says so beforehand.
    let what_if = format!("plan --if node:{lost}=down");
    eventually("it would be promoted", || n3.run(&what_if).stdout.contains("promote db"));
    asked(&bin, n3, "create table paid (id int primary key)").expect("the primary takes writes");

    let (over, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeSet::new()));
    let count = || acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for id in (0_u32..).take_while(|_| !over.load(Ordering::Relaxed)) {
                if asked(&bin, n3, &format!("insert into paid values ({id})")).is_some() {
                    acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                }
            }
        });
        let _ends = Ends(&over);
        eventually("rows are acknowledged", || count() >= 20);
        let victim = if lost == "n1" { n1 } else { n2 };
        victim.host().kill().unwrap();
        let before = count();
        let next = wait_for("the replica is promoted", || primary(n3).filter(|owner| *owner != lost));
        eventually("rows are acknowledged again", || count() >= before + 20);
        assert_ne!(next, lost);
    });
    let found = asked(&bin, n3, "select id from paid").unwrap();
    let found: BTreeSet<u32> = found.lines().map(|line| line.parse().unwrap()).collect();
    let acknowledged = acknowledged.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(acknowledged.difference(&found).count(), 0, "of {} rows", acknowledged.len());
}
