//! Names in the zones of a real BIND.

use super::client::{Client, PATIENCE, id, with_monitor_at, with_process};
use crate::types::Registry;
use model::desired::Value;
use resource_api::message::Place;
use resource_api::{Checks, Failure, Outcome, ToMonitor, Verb, Verdict};
use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const NAME: &str = "name";

/// A server of its own, with two zones and the keys `ha` (which may change three names) and `weak` (none).
struct Bind {
    folder: tempfile::TempDir,
    address: SocketAddr,
    named: Child,
}

impl Drop for Bind {
    fn drop(&mut self) {
        let _ = self.named.kill();
        let _ = self.named.wait();
    }
}

/// The library that shows a program another time; Debian keeps it in the folder of the architecture.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.exists())
}

impl Bind {
    /// None where there is no BIND.
    fn start(test: &str) -> Option<Self> {
        let programs = ["/usr/sbin/named", "/usr/bin/dig", "/usr/bin/nsupdate", "/usr/sbin/tsig-keygen"];
        if let Some(missing) = programs.into_iter().find(|path| !Path::new(path).exists()) {
            eprintln!("SKIPPED {test}: no {missing}; on Debian: bind9, bind9-dnsutils");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // A port that is free in both of its protocols.
        let free = || {
            let address = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?;
            UdpSocket::bind(address).is_ok().then_some(address)
        };
        let address = std::iter::repeat_with(free).flatten().next().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (key, algorithm) in [("ha", "hmac-sha256"), ("weak", "hmac-sha512"), ("stranger", "hmac-sha256")]
        {
            let made = Command::new("/usr/sbin/tsig-keygen").args(["-a", algorithm, key]).output().unwrap();
            fs::write(at(key), made.stdout).unwrap();
            fs::set_permissions(at(key), fs::Permissions::from_mode(0o600)).unwrap();
        }
        // The same key with another secret.
        let other = fs::read_to_string(at("stranger")).unwrap().replace("stranger", "ha");
        fs::write(at("other"), other).unwrap();
        fs::set_permissions(at("other"), fs::Permissions::from_mode(0o600)).unwrap();
        let zone = "$TTL 60\n@ SOA ns.example.test. root.example.test. 1 60 60 600 60\n@ NS ns.example.test.\n\
                    ns A 127.0.0.1\nalias CNAME ns\nold A 192.0.2.1\nold A 192.0.2.2\nold AAAA 2001:db8::1\n";
        fs::write(at("zone"), zone).unwrap();
        let config = format!(
            "include \"{0}/ha\"; include \"{0}/weak\"; controls {{}};
             options {{ directory \"{0}\"; listen-on port {1} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
               pid-file none; session-keyfile none; recursion no; dnssec-validation no; notify no; }};
             zone \"example.test\" {{ type primary; file \"zone\"; update-policy {{
               grant ha name db.example.test ANY; grant ha name old.example.test ANY;
               grant ha name alias.example.test ANY; }}; }};",
            folder.path().display(),
            address.port(),
        );
        fs::write(at("named.conf"), config).unwrap();
        let mut command = Command::new("/usr/sbin/named");
        command.arg("-g").arg("-c").arg(at("named.conf")).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(fs::File::create(at("log")).unwrap());
        let bind = Self { named: command.spawn().unwrap(), folder, address };
        let until = Instant::now() + PATIENCE;
        while bind.dig("ns.example.test", "A").is_empty() {
            assert!(Instant::now() < until, "{}", fs::read_to_string(bind.path("log")).unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(bind)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What another client sees.
    fn dig(&self, name: &str, rtype: &str) -> String {
        let port = self.address.port().to_string();
        let args = ["@127.0.0.1", "-p", &port, "+norec", "+short", "+tries=1", "+time=1", name, rtype];
        let said = Command::new("/usr/bin/dig").args(args).output().unwrap();
        let lines = String::from_utf8(said.stdout).unwrap();
        let mut lines: Vec<&str> = lines.lines().filter(|line| !line.starts_with(';')).collect();
        lines.sort_unstable();
        lines.join(" ")
    }

    /// What an administrator changes by hand.
    fn change(&self, update: &str) {
        let file = self.path("update");
        let server = format!("server 127.0.0.1 {}\n{update}\nsend\n", self.address.port());
        fs::write(&file, server).unwrap();
        let done =
            Command::new("/usr/bin/nsupdate").arg("-k").arg(self.path("ha")).arg(file).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// A monitor of the node of this name.
    fn monitor<F: Future<Output = ()>>(&self, node: &str, test: impl FnOnce(Client) -> F) {
        let place = Place { node: node.to_owned(), run_dir: self.path(node), cgroup: None };
        with_monitor_at(place, Registry::of_this_machine(), test);
    }

    async fn open(&self, daemon: &mut Client, changed: &[(&str, &str)]) {
        let usual = [
            ("host_name", "db.example.test".to_owned()),
            ("address", "127.0.0.1".to_owned()),
            ("server", self.address.to_string()),
            ("key_file", self.path("ha").display().to_string()),
        ];
        let usual = usual.map(|(name, value)| (name.to_owned(), Value::Text(value)));
        let mut parameters = std::collections::BTreeMap::from(usual);
        for (name, value) in changed {
            parameters.insert((*name).to_owned(), Value::Text((*value).to_owned()));
        }
        let checks = Checks { looks_alive_ms: 0, is_alive_ms: 0, ..Checks::default() };
        let instance = resource_api::Instance {
            id: id(NAME),
            kind: "network-name".parse().unwrap(),
            parameters,
            checks,
        };
        daemon.say(&ToMonitor::Open { instance }).await;
    }
}

#[track_caller]
fn check_failed(outcome: &Outcome, failure: Failure, says: &[&str]) {
    assert_eq!(outcome.verdict, Verdict::Failed { failure }, "{outcome}");
    assert!(says.iter().all(|part| outcome.text.contains(part)), "{says:?} in: {}", outcome.text);
}

#[test]
fn a_name_is_published_found_again_and_kept_when_it_goes_offline() {
    let Some(bind) = Bind::start("network_name::a_name_is_published") else { return };
    for (address, rtype) in [("127.0.0.1", "A"), ("::1", "AAAA")] {
        let with = [("address", address), ("ttl", "7s")];
        bind.monitor("n1", async |mut daemon| {
            bind.open(&mut daemon, &with).await;
            assert_eq!(daemon.call(NAME, Verb::Validate).await, Outcome::done());
            assert_eq!(daemon.call(NAME, Verb::Probe).await, Outcome::not_running());
            assert_eq!(daemon.call(NAME, Verb::Offline).await, Outcome::done());
            for _ in 0..2 {
                assert_eq!(daemon.call(NAME, Verb::Online).await, Outcome::done());
            }
        });
        assert_eq!(bind.dig("db.example.test", rtype), address);
        // A successor of the monitor finds it; another node does not take what DNS says for its own.
        for (node, found) in [("n1", Outcome::running()), ("n2", Outcome::not_running())] {
            bind.monitor(node, async |mut daemon| {
                bind.open(&mut daemon, &with).await;
                for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
                    assert_eq!(daemon.call(NAME, look).await, found, "{node} {look}");
                }
                assert_eq!(daemon.call(NAME, Verb::Offline).await, Outcome::done());
                assert_eq!(daemon.call(NAME, Verb::Probe).await, Outcome::not_running());
            });
        }
        assert_eq!(bind.dig("db.example.test", rtype), address, "the record stays");
    }
}

#[test]
fn all_addresses_of_its_kind_are_replaced_and_a_change_by_hand_is_a_failure() {
    let Some(bind) = Bind::start("network_name::all_addresses_are_replaced") else { return };
    bind.monitor("n1", async |mut daemon| {
        bind.open(&mut daemon, &[("host_name", "old.example.test"), ("zone", "example.test")]).await;
        assert_eq!(daemon.call(NAME, Verb::Online).await, Outcome::done());
        assert_eq!(bind.dig("old.example.test", "A"), "127.0.0.1");
        assert_eq!(
            bind.dig("old.example.test", "AAAA"),
            "2001:db8::1",
            "the other kind is another resource's"
        );
        for (change, says) in [
            ("update add old.example.test 60 A 192.0.2.9", "points to 127.0.0.1, 192.0.2.9"),
            ("update delete old.example.test A", "has no address"),
        ] {
            bind.change(change);
            assert_eq!(daemon.call(NAME, Verb::LooksAlive).await, Outcome::running());
            check_failed(
                &daemon.call(NAME, Verb::IsAlive).await,
                Failure::Generic,
                &[says, "127.0.0.1 alone"],
            );
            assert_eq!(daemon.call(NAME, Verb::Online).await, Outcome::done());
            assert_eq!(daemon.call(NAME, Verb::IsAlive).await, Outcome::running());
        }
    });
}

#[test]
fn a_server_that_is_silent_fails_an_update_and_no_look() {
    let Some(mut bind) = Bind::start("network_name::a_server_that_is_silent") else { return };
    bind.named.kill().unwrap();
    bind.named.wait().unwrap();
    let online = async |daemon: &mut Client| {
        let asked = daemon.ask(NAME, Verb::Online, Duration::from_secs(3)).await;
        daemon.answer(asked).await
    };
    bind.monitor("n1", async |mut daemon| {
        bind.open(&mut daemon, &[]).await;
        check_failed(&online(&mut daemon).await, Failure::Generic, &["does not answer", "dig @127.0.0.1 -p"]);
        assert_eq!(daemon.call(NAME, Verb::Probe).await, Outcome::not_running());
        // As after an update that was answered.
        let file = bind.path("n1/network-name").join(id(NAME).file_name());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
        let outcome = daemon.call(NAME, Verb::IsAlive).await;
        assert!(outcome.is_good() && outcome.text.contains("is not known"), "{outcome}");
        bind.open(&mut daemon, &[("address", "192.0.2.7")]).await;
        let outcome = daemon.call(NAME, Verb::Probe).await;
        assert_eq!(outcome.verdict, Verdict::NotRunning, "{outcome}");
        // Nothing answers, and nothing refuses either.
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        bind.open(&mut daemon, &[("server", &silent.local_addr().unwrap().to_string())]).await;
        check_failed(&online(&mut daemon).await, Failure::Generic, &["nothing came back"]);
    });
}

#[test]
fn each_refusal_is_told_with_the_next_step() {
    let Some(bind) = Bind::start("network_name::each_refusal_is_told") else { return };
    let key = |name: &str| bind.path(name).display().to_string();
    let (weak, stranger, other, open) = (key("weak"), key("stranger"), key("other"), key("open"));
    fs::copy(&weak, &open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    type Case<'a> = (&'a [(&'a str, &'a str)], Failure, &'a [&'a str]);
    let cases: [Case<'_>; 11] = [
        (&[("key_file", &weak)], Failure::Generic, &["REFUSED", "grant weak name db.example.test A;"]),
        (&[("host_name", "www.example.test")], Failure::Generic, &["REFUSED", "`ha`"]),
        (
            &[("key_file", &stranger)],
            Failure::Generic,
            &["does not know the key `stranger`", "rndc reconfig"],
        ),
        (&[("key_file", &other)], Failure::Generic, &["has another secret for the key `ha`"]),
        (&[("key_file", &open)], Failure::Arguments, &["`key_file`", "chmod 600"]),
        (&[("key_file", "/no/key")], Failure::Arguments, &["`key_file`", "tsig-keygen"]),
        (&[("zone", "example.org")], Failure::Generic, &["NOTAUTH", "example.org SOA`"]),
        (&[("zone", "test")], Failure::Generic, &["NOTAUTH"]),
        (&[("host_name", "db.example.org")], Failure::Generic, &["does not say which zone", "set `zone`"]),
        (&[("host_name", "alias.example.test")], Failure::Generic, &["CNAME"]),
        (&[("address", "192.0.2.7")], Failure::Generic, &["not on this node", "`ip-address`"]),
    ];
    bind.monitor("n1", async |mut daemon| {
        for (changed, failure, says) in cases {
            bind.open(&mut daemon, changed).await;
            check_failed(&daemon.call(NAME, Verb::Online).await, failure, says);
            assert_eq!(daemon.call(NAME, Verb::Probe).await, Outcome::not_running());
        }
        for (name, value) in [("host_name", "a..b"), ("address", "x"), ("server", "dns:53"), ("ttl", "x")] {
            bind.open(&mut daemon, &[(name, value)]).await;
            check_failed(&daemon.call(NAME, Verb::Online).await, Failure::NotConfigured, &[name]);
        }
    });
    let (secret, log) = (fs::read_to_string(&weak).unwrap(), fs::read_to_string(bind.path("log")).unwrap());
    assert!(!log.contains(secret.split('"').nth(3).unwrap()));
}

#[test]
fn what_nobody_has_signed_is_not_believed() {
    let Some(bind) = Bind::start("network_name::what_nobody_has_signed") else { return };
    let liar = UdpSocket::bind("127.0.0.1:0").unwrap();
    liar.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = liar.local_addr().unwrap().to_string();
    let lies = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let (count, from) = liar.recv_from(&mut buffer).unwrap();
        liar.send_to(b"\xff\x00 no answer", from).unwrap();
        // The question itself, as an answer: its signature is that of a question.
        buffer[2] |= 0x80;
        liar.send_to(&buffer[..count], from).unwrap();
    });
    bind.monitor("n1", async |mut daemon| {
        bind.open(&mut daemon, &[("server", &address)]).await;
        let outcome = daemon.call(NAME, Verb::Online).await;
        check_failed(&outcome, Failure::Generic, &["(NOERROR) is not to be believed"]);
    });
    lies.join().unwrap();
}

/// Not a test: this program as a monitor. The daemon is at its standard input.
#[test]
#[ignore = "is run by the test below, at another time"]
fn as_monitor() {
    let _ = crate::run();
}

#[test]
fn clocks_that_are_apart_are_told_as_that() {
    let Some(library) = faketime() else {
        eprintln!("SKIPPED network_name::clocks_that_are_apart: no libfaketime");
        return;
    };
    let Some(bind) = Bind::start("network_name::clocks_that_are_apart") else { return };
    // The monitor's clock is the wrong one: BIND's own memory allocator does not get on with the library.
    let (socket, theirs) = UnixStream::pair().unwrap();
    let mut monitor = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::network_name::as_monitor", "--ignored", "--nocapture"])
        .env("LD_PRELOAD", library)
        .envs([("FAKETIME", "-1h"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")])
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let place = Place { node: "n1".to_owned(), run_dir: bind.path("n1"), cgroup: None };
    with_process(place, socket, async |mut daemon| {
        bind.open(&mut daemon, &[]).await;
        let outcome = daemon.call(NAME, Verb::Online).await;
        check_failed(&outcome, Failure::Generic, &["clock", "s apart", "timedatectl"]);
        let apart = outcome.text.split(' ').find_map(|word| word.parse::<u64>().ok()).unwrap();
        assert!((3_590..=3_700).contains(&apart), "{outcome}");
    });
    monitor.kill().unwrap();
    monitor.wait().unwrap();
}
