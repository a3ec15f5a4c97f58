//! Real shares of real servers, used by real clients.
//!
//! What is missing is skipped by name; on Debian all of it is in
//! `apt-get install --no-install-recommends nfs-ganesha nfs-ganesha-vfs libnfs-utils samba smbclient`.

use super::client::{Client, id, with_monitor_at};
use crate::types::Registry;
use model::desired::Value;
use resource_api::message::Place;
use resource_api::{Checks, Failure, Outcome, ToMonitor, Verb, Verdict};
use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NFS: [&str; 3] = ["/usr/bin/ganesha.nfsd", "/usr/bin/nfs-ls", "/usr/bin/nfs-cp"];
const SMB: [&str; 3] = ["/usr/sbin/smbd", "/usr/bin/smbpasswd", "/usr/bin/smbclient"];

/// A folder to share, with a file in it, and a port.
struct House {
    folder: tempfile::TempDir,
    path: PathBuf,
    listen: SocketAddr,
    protocol: &'static str,
    name: String,
}

impl House {
    /// None where a program is missing.
    fn new(test: &str, protocol: &'static str) -> Option<Self> {
        let programs = if protocol == "nfs" { NFS } else { SMB };
        if let Some(missing) = programs.into_iter().find(|path| !Path::new(path).exists()) {
            eprintln!("SKIPPED file_share::{test}: no {missing}");
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED file_share::{test}: needs root");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my projects");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("greeting"), "hello\n").unwrap();
        for (path, mode) in [(folder.path(), 0o755), (&path, 0o777)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let name = format!("{test}-{}", std::process::id());
        Some(Self { folder, path, listen, protocol, name })
    }

    /// A monitor of the node of this name.
    fn monitor<F: Future<Output = ()>>(&self, node: &str, test: impl FnOnce(Client) -> F) {
        let place = Place { node: node.to_owned(), run_dir: self.folder.path().join(node), cgroup: None };
        with_monitor_at(place, Registry::of_this_machine(), test);
    }

    async fn open(&self, daemon: &mut Client, changed: &[(&str, Value)]) {
        let mut parameters = BTreeMap::from([
            ("path".to_owned(), text(self.path.to_str().unwrap())),
            ("protocol".to_owned(), text(self.protocol)),
            ("listen".to_owned(), text(&self.listen.to_string())),
            (
                "clients".to_owned(),
                Value::List(["127.0.0.0/8", "fd00::1", "fd00::/64", "::/0"].map(str::to_owned).into()),
            ),
            ("share".to_owned(), text("projects")),
        ]);
        for (name, value) in changed {
            parameters.insert((*name).to_owned(), value.clone());
        }
        let checks = Checks { looks_alive_ms: 0, is_alive_ms: 0, ..Checks::default() };
        let (id, kind) = (id(&self.name), "file-share".parse().unwrap());
        let instance = resource_api::Instance { id, kind, parameters, checks };
        daemon.say(&ToMonitor::Open { instance }).await;
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join(".steadfast-shares").join(format!("{}-projects", self.protocol))
    }

    fn pid(&self, node: &str) -> i32 {
        let file = self.folder.path().join(node).join("file-share").join(id(&self.name).file_name());
        fs::read_to_string(file).unwrap().split(' ').next().unwrap().parse().unwrap()
    }

    /// What a client of NFS sees of this file; nothing, if it may not.
    fn nfs(&self, program: &str, before: &[&str], file: &str) -> Option<String> {
        let port = self.listen.port();
        let file = if file.is_empty() { String::new() } else { format!("/{file}") };
        let url = format!("nfs://127.0.0.1/projects{file}?version=4&nfsport={port}");
        let said = Command::new(program).args(before).arg(url).stdin(Stdio::null()).output().unwrap();
        said.status.success().then(|| String::from_utf8(said.stdout).unwrap())
    }

    /// What smbd answers to a client's commands.
    fn smb(&self, user: &str, commands: &str) -> String {
        let port = self.listen.port().to_string();
        let mut client = Command::new("/usr/bin/smbclient");
        client.args(["-s", "/dev/null", "-p", &port, "-U", user, "//127.0.0.1/projects", "-c", commands]);
        let said = client.current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap();
        String::from_utf8(said.stdout).unwrap() + &String::from_utf8(said.stderr).unwrap()
    }

    fn give_password(&self) {
        let config = self.state().join("smb.conf");
        let give = "printf 'secret\\nsecret\\n' | smbpasswd -c \"$0\" -s -a nobody";
        let done = Command::new("/bin/sh").arg("-c").arg(give).arg(config).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

impl Drop for House {
    /// A test that failed leaves nothing behind either. What has ended has no file any more.
    fn drop(&mut self) {
        for node in ["n1", "n2"] {
            let file = self.folder.path().join(node).join("file-share").join(id(&self.name).file_name());
            let said = fs::read_to_string(file).unwrap_or_default();
            let mut words = said.split(' ').map(str::parse::<u64>);
            let (Some(Ok(pid)), Some(Ok(started))) = (words.next(), words.next()) else { continue };
            let server = i32::try_from(pid).ok().and_then(::process::Identity::of);
            if let Some(server) = server.filter(|server| server.started == started) {
                let group = rustix::process::Pid::from_raw(server.pid).unwrap();
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
        }
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn kill(pid: i32) {
    assert!(Command::new("/bin/kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

fn check_life(house: &House) {
    let name = house.name.as_str();
    house.monitor("n1", async |mut daemon| {
        house.open(&mut daemon, &[]).await;
        assert_eq!(daemon.call(name, Verb::Validate).await, Outcome::done());
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        assert!(!house.state().exists(), "a look changes nothing");
        assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
        for _ in 0..2 {
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        }
        assert_eq!(daemon.call(name, Verb::LooksAlive).await, Outcome::running());
        assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running());
    });
    let pid = house.pid("n1");
    house.monitor("n1", async |mut daemon| {
        house.open(&mut daemon, &[]).await;
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::running());
        assert_eq!(house.pid("n1"), pid);
        daemon.say(&ToMonitor::Watch { id: id(name), on: true }).await;
        kill(pid);
        assert!(!daemon.change(name).await.is_good());
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
    });
    let mode = fs::metadata(house.state()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700, "{mode:o}");
}

/// Takes it offline on one node and online on the next, on the same disk.
fn check_move(house: &House) {
    let name = house.name.as_str();
    house.monitor("n1", async |mut daemon| {
        house.open(&mut daemon, &[]).await;
        assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        TcpListener::bind(house.listen).expect("the port is free again");
    });
    house.monitor("n2", async |mut daemon| {
        house.open(&mut daemon, &[]).await;
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
    });
}

#[test]
fn a_folder_is_exported_over_nfs_for_its_whole_life() {
    let Some(house) = House::new("nfs", "nfs") else { return };
    check_life(&house);
    assert!(house.nfs("/usr/bin/nfs-ls", &[], "").is_some_and(|list| list.contains("greeting")));
    assert_eq!(house.nfs("/usr/bin/nfs-cat", &[], "greeting").as_deref(), Some("hello\n"));
    let local = house.path.join("greeting");
    house.nfs("/usr/bin/nfs-cp", &[local.to_str().unwrap()], "copy").expect("it is written");
    let written = fs::metadata(house.path.join("copy")).unwrap();
    assert_eq!((written.len(), std::os::unix::fs::MetadataExt::uid(&written)), (6, 65_534), "root is nobody");
    check_move(&house);
    assert!(house.state().join("v4recov").is_dir(), "what clients hold lies with the data");
    // A client that had something may come back for it; until then nobody else opens anything. These clients
    // have no patience: to look is all that they can.
    assert!(house.nfs("/usr/bin/nfs-ls", &[], "").is_some_and(|list| list.contains("copy")));
    assert!(house.nfs("/usr/bin/nfs-cat", &[], "copy").is_none(), "the grace period is on");
    house.monitor("n2", async |mut daemon| {
        let name = house.name.as_str();
        for (changed, value) in [("read_only", Value::Flag(true)), ("clients", list(&["192.0.2.0/24"]))] {
            house.open(&mut daemon, &[]).await;
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
            let state = house.folder.path().join(changed);
            house
                .open(&mut daemon, &[(changed, value), ("state_directory", text(state.to_str().unwrap()))])
                .await;
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            let read = house.nfs("/usr/bin/nfs-cat", &[], "greeting");
            assert_eq!(read.is_some(), changed == "read_only");
            assert!(
                house.nfs("/usr/bin/nfs-cp", &[local.to_str().unwrap()], "denied").is_none(),
                "{changed}"
            );
        }
        assert_eq!(daemon.call(name, Verb::Terminate).await, Outcome::done());
    });
    assert!(!house.path.join("denied").exists());
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[test]
fn a_folder_is_exported_over_smb_for_its_whole_life_to_those_with_a_password() {
    let Some(house) = House::new("smb", "smb") else { return };
    check_life(&house);
    for stranger in ["nobody%secret", "%", "root%"] {
        let said = house.smb(stranger, "ls");
        assert!(said.contains("NT_STATUS_"), "{stranger}: {said}");
    }
    house.give_password();
    let said = house.smb("nobody%secret", "put \"my projects/greeting\" copy; ls");
    assert!(said.contains("greeting") && said.contains("copy"), "{said}");
    assert_eq!(fs::read_to_string(house.path.join("copy")).unwrap(), "hello\n");
    check_move(&house);
    // The password came along.
    assert!(house.smb("nobody%secret", "ls").contains("greeting"));
    assert!(house.smb("nobody%wrong", "ls").contains("NT_STATUS_LOGON_FAILURE"));
    house.monitor("n2", async |mut daemon| {
        let name = house.name.as_str();
        for (changed, value) in [("read_only", Value::Flag(true)), ("clients", list(&["192.0.2.0/24"]))] {
            house.open(&mut daemon, &[]).await;
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
            house.open(&mut daemon, &[(changed, value)]).await;
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running());
            let said = house.smb("nobody%secret", "del copy");
            assert_eq!(said.contains("NT_STATUS_"), changed == "read_only", "{said}");
        }
        assert_eq!(daemon.call(name, Verb::Terminate).await, Outcome::done());
    });
}

#[test]
fn what_cannot_be_exported_is_said_with_the_next_step() {
    for protocol in ["nfs", "smb"] {
        let Some(house) = House::new("refused", protocol) else { return };
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let inside = house.path.join("state");
        let cases = [
            (("path", text("/no/such/folder")), Failure::Arguments, "is no folder on this node"),
            (("path", text("/sys")), Failure::Arguments, "set `state_directory`"),
            (("path", text("/")), Failure::NotConfigured, "`path`"),
            (("path", text("/srv/%u")), Failure::NotConfigured, "`%`"),
            (("path", text("/srv/a\nb")), Failure::NotConfigured, "`\\n`"),
            (
                ("state_directory", text(inside.to_str().unwrap())),
                Failure::Arguments,
                "clients could change it",
            ),
            (("share", text("homes")), Failure::NotConfigured, "`share`"),
            (("share", text("a b]")), Failure::NotConfigured, "`share`"),
            (("clients", list(&[])), Failure::NotConfigured, "everybody"),
            (("clients", list(&["shop.example.org"])), Failure::NotConfigured, "`shop.example.org`"),
            (("clients", list(&["10.0.0.0/33"])), Failure::NotConfigured, "`10.0.0.0/33`"),
            (("clients", list(&["x/24"])), Failure::NotConfigured, "`x/24`"),
            (("protocol", text("ftp")), Failure::NotConfigured, "`protocol`"),
            (("listen", text("2049")), Failure::NotConfigured, "`listen`"),
            (("listen", text(&taken.local_addr().unwrap().to_string())), Failure::Generic, "`ss -ltnp"),
            (("listen", text("192.0.2.1:2049")), Failure::Generic, "`ip-address` resource"),
            // The folder that is there already is open to others.
            (("share", text("projects")), Failure::Generic, ".steadfast-shares"),
        ];
        let name = house.name.as_str();
        house.monitor("n1", async |mut daemon| {
            for (wrong, failure, words) in cases {
                if wrong.0 == "share" && wrong.1 == text("projects") {
                    let open = fs::Permissions::from_mode(0o755);
                    fs::create_dir_all(house.state()).unwrap();
                    fs::set_permissions(house.state(), open).unwrap();
                }
                house.open(&mut daemon, std::slice::from_ref(&wrong)).await;
                let outcome = daemon.call(name, Verb::Online).await;
                assert_eq!(outcome.verdict, Verdict::Failed { failure }, "{wrong:?}: {outcome}");
                assert!(outcome.text.contains(words), "{outcome}");
                if failure != Failure::NotConfigured {
                    assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
                }
            }
        });
    }
}

#[test]
fn a_state_directory_of_its_own_is_used() {
    for protocol in ["nfs", "smb"] {
        let Some(house) = House::new("state", protocol) else { return };
        let state = house.folder.path().join("state of it");
        let at = [("state_directory", text(state.to_str().unwrap()))];
        let name = house.name.as_str();
        house.monitor("n1", async |mut daemon| {
            house.open(&mut daemon, &at).await;
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            assert!(fs::read_dir(&state).unwrap().count() > 1 && !house.state().exists());
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
            let deep = house.folder.path().join("x".repeat(90));
            house.open(&mut daemon, &[("state_directory", text(deep.to_str().unwrap()))]).await;
            let outcome = daemon.call(name, Verb::Validate).await;
            assert_eq!(outcome.is_good(), protocol == "nfs", "sockets need short paths: {outcome}");
        });
    }
}
