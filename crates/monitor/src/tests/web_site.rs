//! Real sites of a real nginx.

use super::client::{Client, PATIENCE, id, with_monitor_at};
use crate::types::Registry;
use model::desired::Value;
use resource_api::message::Place;
use resource_api::{Checks, Failure, Outcome, ToMonitor, Verb, Verdict};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

const NEVER: Checks = Checks {
    looks_alive_ms: 0,
    looks_alive_deadline_ms: 10_000,
    is_alive_ms: 0,
    is_alive_deadline_ms: 10_000,
};

/// A folder for the monitor, a page, and a port of its own.
struct House {
    folder: tempfile::TempDir,
    root: PathBuf,
    listen: SocketAddr,
    name: String,
}

impl House {
    /// None where there is no nginx.
    fn new(name: &str) -> Option<Self> {
        if !Path::new("/usr/sbin/nginx").exists() {
            eprintln!("SKIPPED {name}: no nginx");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        open_to_all(folder.path());
        let root = folder.path().join("my site;{}'\"\\#");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("index.html"), "hello\n").unwrap();
        // Nobody gets a port that has just been given back; the kernel takes the next one.
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Some(Self { folder, root, listen, name: format!("{name}-{}", std::process::id()) })
    }

    fn monitor<F: Future<Output = ()>>(&self, test: impl FnOnce(Client) -> F) {
        let run_dir = self.folder.path().join("run");
        let place = Place { node: "n1".to_owned(), run_dir, cgroup: None };
        with_monitor_at(place, Registry::of_this_machine(), test);
    }

    async fn open<const N: usize>(&self, daemon: &mut Client, more: [(&str, &str); N]) {
        let (root, listen) = (self.root.to_str().unwrap().to_owned(), self.listen.to_string());
        let mut parameters: std::collections::BTreeMap<String, Value> =
            [("root".to_owned(), Value::Text(root)), ("listen".to_owned(), Value::Text(listen))].into();
        for (name, value) in more {
            parameters.insert(name.to_owned(), Value::Text(value.to_owned()));
        }
        let instance = resource_api::Instance {
            id: id(&self.name),
            kind: "web-site".parse().unwrap(),
            parameters,
            checks: NEVER,
        };
        daemon.say(&ToMonitor::Open { instance }).await;
    }

    fn pid(&self) -> i32 {
        let file = self.folder.path().join("run/web-site").join(id(&self.name).file_name());
        std::fs::read_to_string(file).unwrap().split(' ').next().unwrap().parse().unwrap()
    }
}

/// The workers run as somebody else, who must be able to read.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn failure(outcome: &Outcome) -> Option<Failure> {
    match outcome.verdict {
        Verdict::Failed { failure } => Some(failure),
        _ => None,
    }
}

impl Drop for House {
    /// A test that failed leaves nothing behind either. What has ended has no file any more.
    fn drop(&mut self) {
        let file = self.folder.path().join("run/web-site").join(id(&self.name).file_name());
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut words = text.split(' ').map(str::parse::<u64>);
        let (Some(Ok(pid)), Some(Ok(started))) = (words.next(), words.next()) else { return };
        let master = i32::try_from(pid).ok().and_then(::process::Identity::of);
        if let Some(master) = master.filter(|master| master.started == started) {
            let group = rustix::process::Pid::from_raw(master.pid).unwrap();
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

fn kill(pid: i32) {
    assert!(Command::new("/bin/kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

#[test]
fn a_site_is_served_found_again_and_ended_and_its_end_is_noticed() {
    let Some(house) = House::new("served") else { return };
    let name = house.name.as_str();
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, [("server_name", "shop.example.org")]).await;
        assert_eq!(daemon.call(name, Verb::Validate).await, Outcome::done());
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        assert_eq!(daemon.call(name, Verb::LooksAlive).await, Outcome::running());
        assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running());
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
    });
    let pid = house.pid();
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, [("server_name", "shop.example.org")]).await;
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::running());
        assert_eq!(house.pid(), pid);
        daemon.say(&ToMonitor::Watch { id: id(name), on: true }).await;
        kill(pid);
        assert!(!daemon.change(name).await.is_good());
        // Its workers may still hold the port: a start ends them first.
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        TcpListener::bind(house.listen).expect("the port is free again");
    });
}

#[test]
fn a_site_that_serves_an_error_does_not_come_online_and_leaves_nothing() {
    let Some(house) = House::new("error") else { return };
    let name = house.name.as_str();
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, [("health_path", "/no/such?page")]).await;
        let asked = daemon.ask(name, Verb::Online, std::time::Duration::from_secs(2)).await;
        let outcome = daemon.answer(asked).await;
        assert!(outcome.text.contains("/no/such?page is answered with status 404"), "{outcome}");
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        house.open(&mut daemon, []).await;
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        std::fs::remove_file(house.root.join("index.html")).unwrap();
        let outcome = daemon.call(name, Verb::IsAlive).await;
        assert!(outcome.text.contains("answered with status 403"), "{outcome}");
        assert_eq!(daemon.call(name, Verb::LooksAlive).await, Outcome::running());
        assert_eq!(daemon.call(name, Verb::Terminate).await, Outcome::done());
    });
}

#[test]
fn what_cannot_be_served_is_said_with_the_next_step() {
    let Some(house) = House::new("cannot") else { return };
    let name = house.name.as_str();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = (taken.local_addr().unwrap().to_string(), taken);
    let cases = [
        (("root", "/no/such/folder"), Failure::Arguments, "is no folder on this node"),
        (("root", "/srv/$host"), Failure::NotConfigured, "nginx cannot have `$`"),
        (("root", "/srv/a\nb"), Failure::NotConfigured, "nginx cannot have `\\n`"),
        (("listen", taken.0.as_str()), Failure::Generic, "`ss -ltnp"),
        (("listen", "192.0.2.1:80"), Failure::Generic, "`ip-address` resource"),
        (("listen", "80"), Failure::NotConfigured, "no address with a port"),
        (("health_path", "/a\r\nX: y"), Failure::NotConfigured, "`health_path`"),
    ];
    house.monitor(async |mut daemon| {
        for (wrong, expected, words) in cases {
            house.open(&mut daemon, [wrong]).await;
            let outcome = daemon.call(name, Verb::Online).await;
            assert_eq!(failure(&outcome), Some(expected), "{wrong:?}: {outcome}");
            assert!(outcome.text.contains(words), "{outcome}");
        }
    });
}

#[test]
fn a_start_that_nobody_waits_for_any_more_leaves_nothing() {
    let Some(house) = House::new("late") else { return };
    let name = house.name.as_str();
    house.monitor(async |mut daemon| {
        for overtaken in [false, true] {
            house.open(&mut daemon, [("health_path", "/no")]).await;
            let call = daemon.ask(name, Verb::Online, std::time::Duration::from_secs(60)).await;
            within_patience(async || tokio::net::TcpStream::connect(house.listen).await.is_ok()).await;
            match overtaken {
                true => assert_eq!(daemon.call(name, Verb::Terminate).await, Outcome::done()),
                false => daemon.say(&ToMonitor::Cancel { call }).await,
            }
            assert_eq!(failure(&daemon.answer(call).await), Some(Failure::Cancelled));
            within_patience(async || tokio::net::TcpStream::connect(house.listen).await.is_err()).await;
            let outcome = daemon.call(name, Verb::Probe).await;
            assert_eq!(outcome.verdict, Verdict::NotRunning, "{outcome}");
        }
    });
}

async fn within_patience(is_so: impl AsyncFn() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("it comes to be so");
}
