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
    cgroup: Option<PathBuf>,
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
        Some(Self { folder, root, listen, name: format!("{name}-{}", std::process::id()), cgroup: None })
    }

    fn monitor<F: Future<Output = ()>>(&self, test: impl FnOnce(Client) -> F) {
        let run_dir = self.folder.path().join("run");
        let place = Place { node: "n1".to_owned(), run_dir, cgroup: self.cgroup.clone() };
        with_monitor_at(place, Registry::of_this_machine(), test);
    }

    async fn open<const N: usize>(&self, daemon: &mut Client, more: [(&str, &str); N]) {
        self.open_at(daemon, self.listen, more).await;
    }

    async fn open_at<const N: usize>(
        &self,
        daemon: &mut Client,
        listen: SocketAddr,
        more: [(&str, &str); N],
    ) {
        let (root, listen) = (self.root.to_str().unwrap().to_owned(), listen.to_string());
        let mut parameters: std::collections::BTreeMap<String, Value> =
            [("root".to_owned(), Value::Text(root)), ("listen".to_owned(), Value::Text(listen))].into();
        for (name, value) in more {
            let value = match name {
                "health_status" => Value::Number(value.parse().unwrap()),
                _ => Value::Text(value.to_owned()),
            };
            parameters.insert(name.to_owned(), value);
        }
        let instance = resource_api::Instance {
            id: id(&self.name),
            kind: "web-site".parse().unwrap(),
            parameters,
            checks: NEVER,
        };
        daemon.say(&ToMonitor::Open { instance }).await;
    }

    /// A folder beside the root, with a page of its own.
    fn another(&self, page: &str) -> String {
        let root = self.folder.path().join(page);
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("index.html"), page).unwrap();
        root.to_str().unwrap().to_owned()
    }

    /// The master's children.
    fn workers(&self) -> Vec<i32> {
        let pid = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
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
    let holder = format!("(process {}) listens at {} already; `ss -ltnp", std::process::id(), taken.0);
    let cases = [
        (("root", "/no/such/folder"), Failure::Arguments, "is no folder on this node"),
        (("root", "/srv/$host"), Failure::NotConfigured, "nginx cannot have `$`"),
        (("root", "/srv/a\nb"), Failure::NotConfigured, "nginx cannot have `\\n`"),
        (("listen", taken.0.as_str()), Failure::Generic, holder.as_str()),
        (("listen", "192.0.2.1:80"), Failure::Generic, "`ip-address` resource"),
        (("listen", "80"), Failure::NotConfigured, "no address with a port"),
        (("health_path", "/a\r\nX: y"), Failure::NotConfigured, "`health_path`"),
        (("server_name", "a b;"), Failure::NotConfigured, "`server_name` is no host name"),
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

/// The page that is served there.
async fn page(at: SocketAddr) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn changed_parameters_are_taken_up_while_it_serves() {
    let Some(house) = House::new("reload") else { return };
    let name = house.name.as_str();
    let new = house.another("new");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, []).await;
        assert!(daemon.call(name, Verb::Reload).await.text.contains("does not run"));
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        let (master, workers) = (house.pid(), house.workers());
        house.open(&mut daemon, [("root", &new), ("health_text", "new")]).await;
        assert_eq!(daemon.call(name, Verb::Reload).await, Outcome::done());
        assert_eq!((house.pid(), page(house.listen).await.as_str()), (master, "new"));
        within_patience(async || house.workers().iter().all(|pid| !workers.contains(pid))).await;
        // To another port, and nothing is left at the old one.
        house.open_at(&mut daemon, free, [("root", &new)]).await;
        assert_eq!(daemon.call(name, Verb::Reload).await, Outcome::done());
        assert_eq!((house.pid(), page(free).await.as_str()), (master, "new"));
        within_patience(async || tokio::net::TcpStream::connect(house.listen).await.is_err()).await;
        assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running());
        assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
    });
}

#[test]
fn parameters_that_cannot_be_taken_up_leave_the_site_as_it_is_and_say_why() {
    let Some(house) = House::new("refused") else { return };
    let name = house.name.as_str();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = (taken.local_addr().unwrap(), taken);
    // The same port at every address: free for a test of the configuration, not while this one is served.
    let every: SocketAddr = format!("0.0.0.0:{}", house.listen.port()).parse().unwrap();
    let new = house.another("new");
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, []).await;
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        let check = async |daemon: &mut Client, words: &str| {
            let outcome = daemon.call(name, Verb::Reload).await;
            assert!(failure(&outcome).is_some() && outcome.text.contains(words), "{words}: {outcome}");
            assert_eq!(page(house.listen).await, "hello\n", "{words}");
            let config = house.folder.path().join("run/nginx").join(id(name).file_name()).join("nginx.conf");
            let config = std::fs::read_to_string(config).unwrap();
            assert!(config.contains("my site") && config.contains(&house.listen.to_string()), "{words}");
        };
        house.open(&mut daemon, [("root", "/no/such/folder")]).await;
        check(&mut daemon, "is no folder on this node").await;
        house.open_at(&mut daemon, taken.0, []).await;
        check(&mut daemon, "listens at").await;
        house.open_at(&mut daemon, every, []).await;
        check(&mut daemon, "nginx refuses its new configuration").await;
        house.open(&mut daemon, [("root", &new), ("health_text", "old")]).await;
        check(&mut daemon, "\"old\" is not in what comes with it; it is served as before").await;
        house.open(&mut daemon, []).await;
        assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running());
        assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
    });
}

#[test]
fn a_good_answer_has_the_status_and_the_text_that_are_expected() {
    let Some(house) = House::new("expected") else { return };
    let name = house.name.as_str();
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, [("health_status", "200"), ("health_text", "ell")]).await;
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running());
        std::fs::write(house.root.join("index.html"), "sorry\n").unwrap();
        let outcome = daemon.call(name, Verb::IsAlive).await;
        assert!(outcome.text.contains("status 200, and \"ell\" is not in"), "{outcome}");
        house.open(&mut daemon, [("health_status", "404"), ("health_path", "/none")]).await;
        assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running());
        house.open(&mut daemon, [("health_status", "204")]).await;
        let outcome = daemon.call(name, Verb::IsAlive).await;
        assert!(outcome.text.contains("is answered with status 200, not 204"), "{outcome}");
        for wrong in ["99", "600", "-1"] {
            house.open(&mut daemon, [("health_status", wrong)]).await;
            let outcome = daemon.call(name, Verb::Validate).await;
            assert_eq!(failure(&outcome), Some(Failure::NotConfigured), "{outcome}");
        }
        house.open(&mut daemon, []).await;
        assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
    });
}

#[test]
fn it_is_served_at_any_kind_of_address() {
    let Some(house) = House::new("addresses") else { return };
    let name = house.name.as_str();
    for (at, from) in [("[::1]:0", "::1"), ("[::]:0", "::1"), ("0.0.0.0:0", "127.0.0.1")] {
        let Ok(listener) = TcpListener::bind(at) else {
            eprintln!("SKIPPED it_is_served_at_any_kind_of_address, {at}: not on this machine");
            continue;
        };
        let listen = listener.local_addr().unwrap();
        drop(listener);
        house.monitor(async |mut daemon| {
            house.open_at(&mut daemon, listen, [("server_name", "shop")]).await;
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            assert_eq!(daemon.call(name, Verb::LooksAlive).await, Outcome::running());
            let reached = SocketAddr::new(from.parse().unwrap(), listen.port());
            tokio::net::TcpStream::connect(reached).await.unwrap();
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
        });
    }
}

#[test]
fn a_worker_that_is_killed_is_replaced_by_its_master_and_no_failure() {
    let Some(house) = House::new("worker") else { return };
    let name = house.name.as_str();
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, []).await;
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        let (master, workers) = (house.pid(), house.workers());
        kill(workers[0]);
        within_patience(async || house.workers().first().is_some_and(|pid| *pid != workers[0])).await;
        assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running());
        assert_eq!(house.pid(), master);
        assert_eq!(daemon.call(name, Verb::Terminate).await, Outcome::done());
    });
}

#[test]
fn all_of_it_is_in_its_cgroup_and_ends_with_it() {
    let Some(mut house) = House::new("held") else { return };
    let Some(base) = ::process::Cgroup::writable_base() else {
        eprintln!("SKIPPED all_of_it_is_in_its_cgroup_and_ends_with_it: no cgroup of version 2 is writable");
        return;
    };
    let name = house.name.clone();
    let cgroup = base.join(id(&name).file_name());
    house.cgroup = Some(base);
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, []).await;
        assert_eq!(daemon.call(&name, Verb::Online).await, Outcome::done());
        let mut all = house.workers();
        all.push(house.pid());
        let inside = std::fs::read_to_string(cgroup.join("cgroup.procs")).unwrap();
        let inside: Vec<i32> = inside.lines().map(|pid| pid.parse().unwrap()).collect();
        assert!(all.len() > 1 && all.iter().all(|pid| inside.contains(pid)), "{all:?} in {inside:?}");
        assert_eq!(daemon.call(&name, Verb::Terminate).await, Outcome::done());
        assert!(all.iter().all(|pid| ::process::Identity::of(*pid).is_none()));
        assert!(!cgroup.exists());
    });
}

#[test]
fn a_folder_that_its_workers_may_not_enter_is_named_with_the_user() {
    let Some(house) = House::new("locked") else { return };
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/setpriv").exists() {
        eprintln!("SKIPPED a_folder_that_its_workers_may_not_enter: not root, or no setpriv");
        return;
    }
    let name = house.name.as_str();
    let locked = house.folder.path().join("locked");
    let root = locked.join("pages");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("index.html"), "").unwrap();
    let mode = |mode| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    house.monitor(async |mut daemon| {
        house.open(&mut daemon, [("root", root.to_str().unwrap())]).await;
        mode(0o700);
        for verb in [Verb::Validate, Verb::Online] {
            let outcome = daemon.call(name, verb).await;
            assert_eq!(failure(&outcome), Some(Failure::Arguments), "{outcome}");
            let words = format!("who may not enter {0}; `chmod o+x {0}`", locked.display());
            assert!(outcome.text.contains("`www-data`") && outcome.text.contains(&words), "{outcome}");
        }
        mode(0o711);
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        assert_eq!(daemon.call(name, Verb::Terminate).await, Outcome::done());
    });
}
