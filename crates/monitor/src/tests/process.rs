//! Real programs under a monitor: found again, ended whole, however they behave.

use super::client::{Client, PATIENCE, id, with_monitor_at};
use crate::types::Registry;
use ::process::{Cgroup, Identity, Mark};
use model::desired::Value;
use resource_api::message::{NoticedBy, Place};
use resource_api::{Checks, Failure, FromMonitor, Outcome, ToMonitor, Verb, Verdict};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Nobody looks: what is noticed, the kernel has told.
const NEVER: Checks = Checks {
    looks_alive_ms: 0,
    looks_alive_deadline_ms: 10_000,
    is_alive_ms: 0,
    is_alive_deadline_ms: 10_000,
};

/// A place for monitors, and the name of the resource that the test has for itself: marks are seen by
/// all tests of the machine.
struct House {
    folder: tempfile::TempDir,
    cgroup: Option<PathBuf>,
    name: String,
}

impl House {
    fn new(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        Self { folder: tempfile::tempdir().unwrap(), cgroup: None, name }
    }

    /// One with what holds resources together by marks, and one with cgroups where there are some.
    fn each(name: &str) -> Vec<Self> {
        let mut houses = vec![Self::new(name)];
        match Cgroup::writable_base() {
            Some(base) => {
                let mut house = Self::new(&format!("{name}-c"));
                house.cgroup = Some(base);
                houses.push(house);
            }
            None => eprintln!("SKIPPED {name} with a cgroup: none of version 2 is writable"),
        }
        houses
    }

    fn monitor<F: Future<Output = ()>>(&self, test: impl FnOnce(Client) -> F) {
        let run_dir = self.folder.path().to_owned();
        let place = Place { node: "n1".to_owned(), run_dir, cgroup: self.cgroup.clone() };
        with_monitor_at(place, Registry::of_this_machine(), test);
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log").join(id(&self.name).file_name())
    }

    fn pid(&self) -> i32 {
        let file = self.folder.path().join("process").join(id(&self.name).file_name());
        std::fs::read_to_string(file).unwrap().split(' ').next().unwrap().parse().unwrap()
    }
}

impl Drop for House {
    /// A test that failed leaves nothing behind either.
    fn drop(&mut self) {
        let mine = Mark::new([("STEADFAST_RUN_DIR".into(), self.folder.path().into())]);
        mine.signal(rustix::process::Signal::KILL);
    }
}

fn command(words: &[&str]) -> (&'static str, Value) {
    ("command", Value::List(words.iter().map(|word| (*word).to_owned()).collect()))
}

fn script(text: &str) -> (&'static str, Value) {
    command(&["/bin/sh", "-c", text])
}

fn failure(outcome: &Outcome) -> Option<Failure> {
    match outcome.verdict {
        Verdict::Failed { failure } => Some(failure),
        _ => None,
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap_or_else(|_| panic!("it never comes: {what}"));
}

fn kill(pid: i32, signal: &str) {
    let killed = std::process::Command::new("/bin/kill").args([signal, &pid.to_string()]).status();
    assert!(killed.unwrap().success());
}

/// Numbers that a script wrote to a file, one a line.
fn pids(file: &Path) -> Vec<i32> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

#[test]
fn a_program_lives_its_life() {
    for house in House::each("life") {
        house.monitor(async |mut daemon| {
            let name = house.name.as_str();
            let wish = [script("echo hello; exec sleep 1000")];
            daemon.open_with(name, "process", wish, NEVER).await;
            assert_eq!(daemon.call(name, Verb::Validate).await, Outcome::done());
            assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done(), "it does not run");
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            let pid = house.pid();
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            assert_eq!(house.pid(), pid, "what runs is not started again");
            for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
                assert_eq!(daemon.call(name, look).await, Outcome::running());
            }
            assert_eq!(std::fs::read_to_string(house.log()).unwrap(), "hello\n");
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
            assert_eq!(Identity::of(pid), None);
            assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
            assert_eq!(failure(&daemon.call(name, Verb::Promote).await), Some(Failure::Unimplemented));
        });
    }
}

#[test]
fn its_arguments_variables_folder_and_user_are_what_was_given_whatever_they_hold() {
    let house = House::new("given");
    let odd = "a b;$(id)\n`id`\\'\"*";
    house.monitor(async |mut daemon| {
        let name = house.name.as_str();
        let text = "printf '%s|' \"$@\" \"$ODD\" \"$PWD\" \"$(id -un)\" \"$HOME\" \"${CARGO_HOME-none}\"; exec sleep 1000";
        let wish = [
            command(&["/bin/sh", "-c", text, "sh", odd, "", "--"]),
            ("environment", Value::List(vec![format!("ODD={odd}"), "HOME=/elsewhere".to_owned()])),
            ("working_directory", Value::Text("/usr".to_owned())),
            ("user", Value::Text("nobody".to_owned())),
        ];
        // Somebody else's user is for root alone.
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED its_arguments_variables_folder_and_user: not root");
            return;
        }
        daemon.open_with(name, "process", wish, NEVER).await;
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        let expected = format!("{odd}||--|{odd}|/usr|nobody|/elsewhere|none|");
        until("it prints", || std::fs::read_to_string(house.log()).unwrap() == expected).await;
        assert_eq!(daemon.call(name, Verb::Terminate).await, Outcome::done());
    });
}

#[test]
fn what_cannot_run_is_said_with_its_reason() {
    let house = House::new("cannot");
    let folder = house.folder.path().to_owned();
    let write = |name: &str, text: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let cases = [
        (vec![command(&["/no/such/program"])], Failure::NotInstalled, "`/no/such/program` is not installed"),
        (vec![command(&["relative"])], Failure::NotConfigured, "needs an absolute path, not `relative`"),
        (vec![command(&[])], Failure::NotConfigured, "`command` is missing"),
        (vec![("command", text("/bin/true"))], Failure::NotConfigured, "`command` is no list"),
        (vec![command(&[&write("plain", "x", 0o644)])], Failure::Permission, "`root` may not execute"),
        (vec![command(&["/usr"])], Failure::Permission, "/usr is no file"),
        (vec![command(&[&write("odd", "#!/no/such/shell\n", 0o755)])], Failure::NotInstalled, "interpreter"),
        (vec![command(&[&write("garbage", "\u{1}\u{2}", 0o755)])], Failure::Arguments, "`#!/bin/sh`"),
        (vec![command(&["/bin/true"]), ("user", text("no-such-user"))], Failure::Arguments, "getent passwd"),
        (
            vec![command(&["/bin/true"]), ("working_directory", text("/no/folder"))],
            Failure::Arguments,
            "/no/folder is no folder",
        ),
        (vec![command(&["/bin/true"]), ("stop_timeout", text("soon"))], Failure::NotConfigured, "no time"),
    ];
    house.monitor(async |mut daemon| {
        for (wish, expected, words) in cases {
            let wish: std::collections::BTreeMap<_, _> =
                wish.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let instance = resource_api::Instance {
                id: id(&house.name),
                kind: "process".parse().unwrap(),
                parameters: wish,
                checks: NEVER,
            };
            daemon.say(&ToMonitor::Open { instance }).await;
            let outcome = daemon.call(&house.name, Verb::Online).await;
            assert_eq!(failure(&outcome), Some(expected), "{outcome}");
            assert!(outcome.text.contains(words), "{outcome}");
        }
    });
}

#[test]
fn what_its_user_may_not_use_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/setpriv").exists() {
        eprintln!("SKIPPED what_its_user_may_not_use_is_named: not root, or no setpriv");
        return;
    }
    let house = House::new("denied");
    let (name, folder) = (house.name.as_str(), house.folder.path());
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let (locked, program) = (folder.join("locked"), folder.join("program"));
    std::fs::create_dir_all(locked.join("in")).unwrap();
    std::fs::write(&program, "#!/bin/sh\n").unwrap();
    mode(folder, 0o755);
    mode(&locked, 0o700);
    mode(&program, 0o744);
    let inside = locked.join("in").to_str().unwrap().to_owned();
    let cases = [
        (command(&["/bin/true"]), inside, format!("may not enter {} on the way", locked.display())),
        (command(&[program.to_str().unwrap()]), "/".to_owned(), "may not execute".to_owned()),
    ];
    house.monitor(async |mut daemon| {
        for (command, folder, words) in cases {
            let user = ("user", Value::Text("nobody".to_owned()));
            let wish = [command, user, ("working_directory", Value::Text(folder))];
            daemon.open_with(name, "process", wish, NEVER).await;
            for verb in [Verb::Validate, Verb::Online] {
                let outcome = daemon.call(name, verb).await;
                assert_eq!(failure(&outcome), Some(Failure::Permission), "{verb}: {outcome}");
                assert!(outcome.text.contains("`nobody`") && outcome.text.contains(&words), "{outcome}");
            }
        }
    });
}

#[test]
fn one_that_ends_at_once_is_a_failed_start_with_its_last_words() {
    let house = House::new("at-once");
    house.monitor(async |mut daemon| {
        let name = house.name.as_str();
        daemon.open_with(name, "process", [script("echo no configuration >&2; exit 3")], NEVER).await;
        let outcome = daemon.call(name, Verb::Online).await;
        assert!(outcome.text.contains("ended with code 3"), "{outcome}");
        assert_eq!(
            (failure(&outcome), outcome.output.as_str()),
            (Some(Failure::Generic), "no configuration\n")
        );
        assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
    });
}

#[test]
fn one_that_forks_and_forgets_is_told_to_stay_and_its_children_are_ended() {
    for house in House::each("forget") {
        let file = house.folder.path().join("child");
        house.monitor(async |mut daemon| {
            let name = house.name.as_str();
            let text = format!(
                "setsid sh -c 'echo $$ > {0}; exec sleep 1000' & while [ ! -s {0} ]; do :; done",
                file.display()
            );
            daemon.open_with(name, "process", [script(&text)], NEVER).await;
            let outcome = daemon.call(name, Verb::Online).await;
            assert!(outcome.text.contains("stay in the foreground"), "{outcome}");
            let child = pids(&file)[0];
            until("its child is gone", || Identity::of(child).is_none()).await;
            assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        });
    }
}

#[test]
fn what_left_its_process_group_and_ignores_term_is_ended_too() {
    for house in House::each("stubborn") {
        let file = house.folder.path().join("pids");
        house.monitor(async |mut daemon| {
            let name = house.name.as_str();
            let text = format!(
                "trap '' TERM; echo $$ >> {0}; setsid sh -c 'echo $$ >> {0}; while :; do sleep 1000; done' & while :; do sleep 1000; done",
                file.display()
            );
            let wish = [script(&text), ("stop_timeout", Value::Text("300ms".to_owned()))];
            daemon.open_with(name, "process", wish, NEVER).await;
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            until("both run", || pids(&file).len() == 2).await;
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
            for pid in pids(&file) {
                assert_eq!(Identity::of(pid), None, "{pid} goes on");
            }
        });
    }
}

#[test]
fn what_a_killed_program_leaves_behind_is_no_clean_end_until_offline_has_been() {
    for house in House::each("behind") {
        let file = house.folder.path().join("child");
        house.monitor(async |mut daemon| {
            let name = house.name.as_str();
            let text = format!("setsid sh -c 'echo $$ > {}; exec sleep 1000' & wait", file.display());
            daemon.open_with(name, "process", [script(&text)], NEVER).await;
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            until("its child runs", || pids(&file).len() == 1).await;
            kill(house.pid(), "-KILL");
            until("it is gone", || Identity::of(house.pid()).is_none()).await;
            let outcome = daemon.call(name, Verb::Probe).await;
            assert_eq!(failure(&outcome), Some(Failure::Generic));
            assert!(outcome.text.contains(&pids(&file)[0].to_string()), "{outcome}");
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
            assert_eq!(Identity::of(pids(&file)[0]), None);
            assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        });
    }
}

#[test]
fn its_end_is_noticed_by_the_kernel_s_word_and_told_with_how_and_its_last_words() {
    let house = House::new("noticed");
    house.monitor(async |mut daemon| {
        let name = house.name.as_str();
        daemon.open_with(name, "process", [script("echo last; exec sleep 1000")], NEVER).await;
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        daemon.say(&ToMonitor::Watch { id: id(name), on: true }).await;
        kill(house.pid(), "-KILL");
        let (outcome, noticed_by) = daemon
            .hear(|said| match said {
                FromMonitor::Changed { outcome, noticed_by, .. } => Some((outcome.clone(), *noticed_by)),
                _ => None,
            })
            .await;
        assert_eq!((outcome.verdict, noticed_by), (Verdict::NotRunning, NoticedBy::Event));
        assert!(outcome.text.contains("was ended by signal 9 (SIGKILL)"), "{outcome}");
        assert_eq!(outcome.output, "last\n");
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done(), "and it can be started again");
        daemon.say(&ToMonitor::Watch { id: id(name), on: true }).await;
        kill(house.pid(), "-SEGV");
        assert!(daemon.change(name).await.text.contains("SIGSEGV"));
    });
}

#[test]
fn a_monitor_that_comes_later_finds_watches_and_ends_what_an_earlier_one_started() {
    for house in House::each("again") {
        let name = house.name.as_str();
        let wish = || [script("while :; do echo tick; sleep 0.01; done")];
        house.monitor(async |mut daemon| {
            daemon.open_with(name, "process", wish(), NEVER).await;
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        });
        let pid = house.pid();
        house.monitor(async |mut daemon| {
            daemon.open_with(name, "process", wish(), NEVER).await;
            assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::running());
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
            assert_eq!(house.pid(), pid, "it is the same process");
            let before = std::fs::metadata(house.log()).unwrap().len();
            until("it still prints", || std::fs::metadata(house.log()).unwrap().len() > before).await;
            daemon.say(&ToMonitor::Watch { id: id(name), on: true }).await;
            kill(pid, "-KILL");
            let outcome = daemon.change(name).await;
            assert!(outcome.text.contains("how, only its parent was told"), "{outcome}");
            assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        });
        house.monitor(async |mut daemon| {
            daemon.open_with(name, "process", wish(), NEVER).await;
            assert_eq!(daemon.call(name, Verb::Offline).await, Outcome::done());
            assert_eq!(daemon.call(name, Verb::Probe).await, Outcome::not_running());
        });
    }
}

#[test]
fn a_flood_is_cut_while_it_runs() {
    let house = House::new("flood");
    house.monitor(async |mut daemon| {
        let name = house.name.as_str();
        daemon
            .open_with(
                name,
                "process",
                [script("head -c 20000000 /dev/zero; echo end; exec sleep 1000")],
                NEVER,
            )
            .await;
        assert_eq!(daemon.call(name, Verb::Online).await, Outcome::done());
        daemon.say(&ToMonitor::Watch { id: id(name), on: true }).await;
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
        let earlier = house.log().with_added_extension("1");
        until("it is cut", || length(&earlier) > 0 && length(&house.log()) < 2 << 20).await;
        assert!(length(&earlier) < 1 << 20);
        assert_eq!(daemon.call(name, Verb::IsAlive).await, Outcome::running(), "and it runs on");
        assert_eq!(daemon.call(name, Verb::Terminate).await, Outcome::done());
    });
}
