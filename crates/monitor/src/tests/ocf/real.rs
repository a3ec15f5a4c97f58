//! The agents of Debian's `resource-agents`, unmodified: those that need nothing but themselves.

use super::{call_with, describe, failure, open, registry, score, tools};
use crate::tests::client::{PATIENCE, with_monitor, with_process};
use resource_api::message::Place;
use resource_api::{Failure, FromMonitor, Kind, Outcome, Role, ToMonitor, Verb, Verdict};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

const ROOT: &str = "/usr/lib/ocf";

/// Whether the agents are here; otherwise the test is skipped by name.
pub(super) fn installed(test: &str) -> bool {
    let installed = Path::new(ROOT).join("resource.d/heartbeat/Dummy").exists() && tools().exists();
    if !installed {
        lab::skip(test, "no resource-agents here, or no example program beside the tests");
    }
    installed
}

#[test]
fn all_that_debian_ships_are_listed_and_their_metadata_parses() {
    if !installed("all_that_debian_ships_are_listed_and_their_metadata_parses") {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    with_monitor(registry(Path::new(ROOT), state.path()), async |mut daemon| {
        daemon.say(&ToMonitor::List).await;
        let types = daemon
            .hear(|said| match said {
                FromMonitor::Types { types } => Some(types.clone()),
                _ => None,
            })
            .await;
        assert!(types.len() >= 100, "only {} agents", types.len());
        let mut broken = Vec::new();
        for standing in &types {
            match describe(&mut daemon, standing.name.as_str()).await {
                Ok(it) => {
                    assert!(it.verbs.contains_key(&Verb::Online) && it.verbs.contains_key(&Verb::Probe));
                    // What an agent has as its default must pass our own check.
                    let defaults = it.parameters.iter().filter_map(|parameter| {
                        let default = parameter.default.clone()?;
                        Some((parameter.name.clone(), model::desired::Value::Text(default)))
                    });
                    let problems = it.check(&defaults.collect());
                    let missing = |problem: &&resource_api::ParameterProblem| {
                        !matches!(problem, resource_api::ParameterProblem::Missing { .. })
                    };
                    assert!(!problems.iter().any(|problem| missing(&problem)), "{problems:?}");
                }
                Err(why) => broken.push(why),
            }
        }
        assert!(broken.is_empty(), "{broken:#?}");
    });
}

#[test]
fn what_is_said_of_well_known_agents_is_what_they_say() {
    if !installed("what_is_said_of_well_known_agents_is_what_they_say") {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    with_monitor(registry(Path::new(ROOT), state.path()), async |mut daemon| {
        let it = describe(&mut daemon, "ocf:heartbeat:IPaddr2").await.unwrap();
        let find = |name: &str| it.parameters.iter().find(|parameter| parameter.name == name).unwrap();
        assert!(find("ip").required && find("ip").unique && find("cidr_netmask").kind == Kind::Text);
        assert_eq!(find("arp_count").kind, Kind::Number);
        assert_eq!(it.verbs[&Verb::Online], Some(20_000));
        let it = describe(&mut daemon, "ocf:heartbeat:VirtualDomain").await.unwrap();
        assert!(it.verbs.contains_key(&Verb::MigrateTo) && it.verbs.contains_key(&Verb::MigrateFrom));
        let it = describe(&mut daemon, "ocf:heartbeat:pgsql").await.unwrap();
        assert!(it.promotable && it.verbs.contains_key(&Verb::Notify));
        open(&mut daemon, "vm", "ocf:heartbeat:VirtualDomain", &[("confg", "/x")]).await;
        let outcome = daemon.call("vm", Verb::Validate).await;
        assert_eq!(failure(&outcome), Some(Failure::NotConfigured));
        assert!(outcome.text.contains("did you mean `config`?"), "{outcome}");
        assert!(outcome.text.contains("the parameter `config` is missing"), "{outcome}");
    });
}

#[test]
fn dummy_lives_its_life() {
    if !installed("dummy_lives_its_life") {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    // As on a machine that has just started: the folder that agents need is not there.
    let rsctmp = state.path().join("resource-agents");
    with_monitor(registry(Path::new(ROOT), &rsctmp), async |mut daemon| {
        open(&mut daemon, "dummy", "ocf:heartbeat:Dummy", &[]).await;
        assert_eq!(daemon.call("dummy", Verb::Probe).await.verdict, Verdict::NotRunning);
        assert_eq!(daemon.call("dummy", Verb::Validate).await.verdict, Verdict::Done);
        assert_eq!(daemon.call("dummy", Verb::Online).await.verdict, Verdict::Done);
        assert!(rsctmp.join("Dummy-g.dummy.state").exists(), "its state is where it was told");
        assert_eq!(daemon.call("dummy", Verb::LooksAlive).await, Outcome::running());
        assert_eq!(daemon.call("dummy", Verb::IsAlive).await, Outcome::running());
        std::fs::remove_file(rsctmp.join("Dummy-g.dummy.state")).unwrap();
        let outcome = daemon.call("dummy", Verb::LooksAlive).await;
        assert_eq!(
            (outcome.verdict, outcome.text.as_str()),
            (Verdict::NotRunning, "No process state file found")
        );
        assert_eq!(daemon.call("dummy", Verb::Offline).await.verdict, Verdict::Done);
        let migrated = call_with(&mut daemon, "dummy", Verb::MigrateFrom, &[("migrate_source", "n2")]).await;
        assert_eq!(migrated.verdict, Verdict::Done, "{migrated:?}");
    });
}

#[test]
fn stateful_is_promoted_and_demoted_and_rates_itself() {
    if !installed("stateful_is_promoted_and_demoted_and_rates_itself") {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    with_monitor(registry(Path::new(ROOT), state.path()), async |mut daemon| {
        let running = |role| Verdict::Running { role };
        open(&mut daemon, "stateful", "ocf:heartbeat:Stateful", &[]).await;
        assert_eq!(daemon.call("stateful", Verb::Probe).await.verdict, Verdict::NotRunning);
        assert_eq!(daemon.call("stateful", Verb::Online).await.verdict, Verdict::Done);
        assert_eq!(score(&mut daemon, "stateful").await, Some(5));
        assert_eq!(daemon.call("stateful", Verb::Probe).await.verdict, running(Role::Replica));
        assert_eq!(daemon.call("stateful", Verb::Promote).await.verdict, Verdict::Done);
        assert_eq!(score(&mut daemon, "stateful").await, Some(10));
        assert_eq!(daemon.call("stateful", Verb::LooksAlive).await.verdict, running(Role::Primary));
        assert_eq!(daemon.call("stateful", Verb::Demote).await.verdict, Verdict::Done);
        assert_eq!(daemon.call("stateful", Verb::IsAlive).await.verdict, running(Role::Replica));
        assert_eq!(daemon.call("stateful", Verb::Offline).await.verdict, Verdict::Done);
        // 5 after the demotion, then nothing.
        assert_eq!(score(&mut daemon, "stateful").await, Some(5));
        assert_eq!(score(&mut daemon, "stateful").await, None);
        assert_eq!(daemon.call("stateful", Verb::Probe).await.verdict, Verdict::NotRunning);
    });
}

#[test]
fn delay_is_as_slow_as_it_is_told_and_ended_at_its_deadline() {
    if !installed("delay_is_as_slow_as_it_is_told_and_ended_at_its_deadline") {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    with_monitor(registry(Path::new(ROOT), state.path()), async |mut daemon| {
        let slow = [("startdelay", "1"), ("stopdelay", "0"), ("mondelay", "0")];
        open(&mut daemon, "delay", "ocf:heartbeat:Delay", &slow).await;
        assert_eq!(daemon.call("delay", Verb::Online).await.verdict, Verdict::Done);
        assert_eq!(daemon.call("delay", Verb::IsAlive).await.verdict, Outcome::running().verdict);
        assert_eq!(daemon.call("delay", Verb::Offline).await.verdict, Verdict::Done);
        open(&mut daemon, "delay", "ocf:heartbeat:Delay", &[("startdelay", "1000")]).await;
        let call = daemon.ask("delay", Verb::Online, std::time::Duration::from_secs(2)).await;
        assert_eq!(failure(&daemon.answer(call).await), Some(Failure::TimedOut));
    });
}

#[test]
fn an_agent_that_runs_when_its_monitor_is_killed_is_ended_before_the_next_is_asked() {
    if !installed("an_agent_that_runs_when_its_monitor_is_killed_is_ended_before_the_next_is_asked") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = Place { node: "n1".to_owned(), run_dir: folder.path().to_owned(), cgroup: None };
    let start = || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (std::process::Command::new(tools()).stdin(OwnedFd::from(theirs)).spawn().unwrap(), ours)
    };
    // Its state is where all agents of a machine keep theirs, also what an earlier test left behind.
    let name = format!("flight-{}", std::process::id());
    let name = name.as_str();
    let run = folder.path().join(format!("ocf/runs/g+{name}"));
    let running = process::Mark::new([("STEADFAST_RUN".into(), run.into())]);
    let asleep = || {
        let line = |pid| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        running.find().iter().any(|one| line(one.pid).ends_with(b"\x001000\0"))
    };
    let slow = [("startdelay", "1000"), ("stopdelay", "0"), ("mondelay", "0")];
    let (mut first, ours) = start();
    with_process(place.clone(), ours, async |mut daemon| {
        open(&mut daemon, name, "ocf:heartbeat:Delay", &slow).await;
        daemon.ask(name, Verb::Online, PATIENCE).await;
        // The agent, and the `sleep` that it waits for.
        while !asleep() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        first.kill().unwrap();
    });
    first.wait().unwrap();
    assert!(asleep(), "it goes on without its monitor");
    let (mut second, ours) = start();
    with_process(place, ours, async |mut daemon| {
        open(&mut daemon, name, "ocf:heartbeat:Delay", &slow).await;
        // This agent notes that it runs before it does its work.
        assert_eq!(daemon.call(name, Verb::Probe).await.verdict, Outcome::running().verdict);
        assert!(running.find().is_empty(), "nobody starts beside the look");
        assert_eq!(daemon.call(name, Verb::Offline).await.verdict, Verdict::Done);
    });
    second.wait().unwrap();
}
