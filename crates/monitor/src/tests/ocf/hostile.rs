//! Agents that hang, flood, forget, lie and say nonsense: each is bounded and harms its own resource.

use super::scripts::{Scripts, metadata};
use super::{call_with, describe, failure, open, registry, score};
use crate::tests::client::{Client, PATIENCE, id, with_monitor, with_monitor_at};
use resource_api::cluster::ClusterNode;
use resource_api::message::Place;
use resource_api::{Cluster, Failure, FromMonitor, Outcome, Role, ToMonitor, Verb, Verdict};
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

/// Runs a test against one agent, `ocf:test:x`, opened as the resource of this name.
fn with_agent<F: Future<Output = ()>>(name: &str, does: &str, test: impl FnOnce(Client) -> F) {
    let scripts = Scripts::new();
    scripts.agent("x", &metadata(&["start", "stop"]), does);
    with_monitor(registry(scripts.root(), &scripts.state()), async |mut daemon| {
        open(&mut daemon, name, "ocf:test:x", &[]).await;
        test(daemon).await;
    });
}

async fn gone(pid: &str) {
    let gone = async {
        while std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("it ends");
}

#[test]
fn one_that_hangs_and_ignores_term_is_ended_with_its_children_and_what_it_said_is_told() {
    let does = "trap '' TERM HUP INT; sleep 1000 & echo $!; wait; sleep 1000";
    with_agent("hangs", does, async |mut daemon| {
        for verb in [Verb::Online, Verb::Probe, Verb::Offline] {
            let call = daemon.ask("hangs", verb, Duration::from_millis(500)).await;
            let outcome = daemon.answer(call).await;
            assert_eq!(failure(&outcome), Some(Failure::TimedOut));
            gone(outcome.output.trim()).await;
        }
    });
}

#[test]
fn one_that_forks_and_forgets_holds_up_nobody_and_terminate_finds_what_it_left() {
    let does = "case $1 in start) setsid sleep 1000 & echo $! >$F;; \
                monitor) [ -n \"$(tr -d '\\0' </proc/$(cat $F)/cmdline)\" ] || exit 7;; stop) exit 1;; esac";
    with_agent("forks", does, async |mut daemon| {
        assert_eq!(daemon.call("forks", Verb::Online).await, Outcome::done());
        assert_eq!(daemon.call("forks", Verb::IsAlive).await, Outcome::running());
        assert_eq!(failure(&daemon.call("forks", Verb::Offline).await), Some(Failure::Generic));
        assert_eq!(daemon.call("forks", Verb::Terminate).await, Outcome::done());
        assert_eq!(daemon.call("forks", Verb::Probe).await, Outcome::not_running());
    });
}

#[test]
fn terminate_of_what_is_no_process_does_not_say_that_it_is_done() {
    with_agent("stays", "exit 0", async |mut daemon| {
        let outcome = daemon.call("stays", Verb::Terminate).await;
        assert!(outcome.text.contains("its agent says that it still runs"), "{outcome}");
    });
}

#[test]
fn one_that_lies_about_its_stop_is_believed_and_found_out_by_the_next_look() {
    with_agent("lies", "exit 0", async |mut daemon| {
        assert_eq!(daemon.call("lies", Verb::Offline).await, Outcome::done());
        assert_eq!(daemon.call("lies", Verb::Probe).await, Outcome::running());
    });
}

#[test]
fn a_flood_is_bounded_and_its_end_is_kept() {
    let does = "yes | head -c 20000000; echo 'ocf-exit-reason:too much'; exit 1";
    with_agent("flood", does, async |mut daemon| {
        let outcome = daemon.call("flood", Verb::Online).await;
        assert_eq!(failure(&outcome), Some(Failure::Generic));
        assert_eq!(outcome.text, "`start` exited with 1 (generic error): too much");
        assert!(outcome.output.len() <= Outcome::OUTPUT_MAX_BYTES);
    });
}

#[test]
fn what_is_no_text_is_replaced_and_what_commands_a_terminal_stays_out_of_the_reason() {
    let does = "printf 'a\\377b\\n' >&2; printf 'ocf-exit-reason:\\033[2Jno\\377 room\\n'; exit 1";
    with_agent("bytes", does, async |mut daemon| {
        let outcome = daemon.call("bytes", Verb::Online).await;
        assert_eq!(outcome.text, "`start` exited with 1 (generic error): [2Jno\u{fffd} room");
        // Which of the two pipes is read first is nobody's promise.
        assert!(outcome.output.contains("a\u{fffd}b\n"), "{}", outcome.output);
    });
}

#[test]
fn undefined_codes_and_signals_are_named() {
    with_agent("codes", "[ $1 = start ] && exit 77; kill -SEGV $$", async |mut daemon| {
        let outcome = daemon.call("codes", Verb::Online).await;
        assert_eq!(failure(&outcome), Some(Failure::Undefined));
        assert!(outcome.text.contains("77 (which OCF does not define)"), "{outcome}");
        let outcome = daemon.call("codes", Verb::Probe).await;
        assert_eq!(failure(&outcome), Some(Failure::Crashed));
        assert!(outcome.text.contains("`monitor` ended by signal 11"), "{outcome}");
    });
}

#[test]
fn every_code_of_a_look_has_its_verdict() {
    let scripts = Scripts::new();
    let file = scripts.agent("x", &metadata(&["start", "stop", "promote"]), "exit $(cat $F)");
    with_monitor(registry(scripts.root(), &scripts.state()), async |mut daemon| {
        open(&mut daemon, "looks", "ocf:test:x", &[]).await;
        let failed = |failure| Verdict::Failed { failure };
        for (code, verdict) in [
            (0, Verdict::Running { role: Role::Replica }),
            (7, Verdict::NotRunning),
            (8, Verdict::Running { role: Role::Primary }),
            (9, failed(Failure::FailedPrimary)),
            (190, Verdict::Running { role: Role::Replica }),
            (191, Verdict::Running { role: Role::Primary }),
            (42, failed(Failure::Undefined)),
        ] {
            std::fs::write(&file, code.to_string()).unwrap();
            assert_eq!(daemon.call("looks", Verb::Probe).await.verdict, verdict, "{code}");
        }
    });
}

#[test]
fn garbage_metadata_is_refused_by_name_and_stops_nobody_from_using_the_agent() {
    let scripts = Scripts::new();
    let laughs = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><resource-agent>&b;</resource-agent>";
    for (name, garbage) in [("text", "usage: me"), ("laughs", laughs), ("cut", "<resource-agent>")] {
        scripts.agent(name, garbage, "[ $1 = monitor ] && exit 7; exit 0");
    }
    scripts.program("binary", b"#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' '\\377'\n");
    scripts.program("flood", b"#!/bin/sh\nyes | head -c 1000000\n");
    scripts.program("fails", b"#!/bin/sh\necho 'no such program: foo' >&2\nexit 5\n");
    scripts.program("noexec", b"neither a script nor a program");
    with_monitor(registry(scripts.root(), &scripts.state()), async |mut daemon| {
        for (name, why) in [
            ("text", "stands outside"),
            ("laughs", "a document type of its own"),
            ("cut", "it ends within <resource-agent>"),
            ("binary", "cannot be used"),
            ("flood", "it is longer than 262144 bytes"),
            ("fails", "the agent exited with 5; it said: no such program: foo"),
            ("noexec", "cannot run"),
        ] {
            let error = describe(&mut daemon, &format!("ocf:test:{name}")).await.unwrap_err();
            assert!(error.contains(why) && error.len() < 600, "{name}: {error}");
        }
        open(&mut daemon, "text", "ocf:test:text", &[]).await;
        assert_eq!(daemon.call("text", Verb::Online).await, Outcome::done());
        assert_eq!(daemon.call("text", Verb::Probe).await, Outcome::not_running());
        let outcome = daemon.call("text", Verb::Validate).await;
        assert!(outcome.text.contains("the metadata of ocf:test:text cannot be used"), "{outcome}");
        open(&mut daemon, "noexec", "ocf:test:noexec", &[]).await;
        assert_eq!(failure(&daemon.call("noexec", Verb::Online).await), Some(Failure::NotInstalled));
    });
}

#[test]
fn values_are_what_they_are_whatever_they_hold_and_the_environment_is_ours_alone() {
    let scripts = Scripts::new();
    let file = scripts.agent(
        "x",
        &metadata(&["start", "stop", "notify", "migrate_to", "migrate_from"]),
        "env -0 >$F",
    );
    let odd = "a b;$(touch /tmp/steadfast-never)\n`id`\\'\"ä";
    with_monitor(registry(scripts.root(), &scripts.state()), async |mut daemon| {
        open(&mut daemon, "odd", "ocf:test:x", &[("value", odd)]).await;
        assert_eq!(daemon.call("odd", Verb::IsAlive).await.verdict, Outcome::running().verdict);
        let environment = std::fs::read_to_string(&file).unwrap();
        let has = |variable: &str| environment.split('\0').any(|line| line == variable);
        for expected in [
            format!("OCF_RESKEY_value={odd}").as_str(),
            &format!("OCF_ROOT={}", scripts.root().display()),
            "OCF_RA_VERSION_MAJOR=1",
            "OCF_RESOURCE_INSTANCE=g.odd",
            "OCF_RESOURCE_TYPE=x",
            "OCF_RESOURCE_PROVIDER=test",
            "OCF_CHECK_LEVEL=10",
            "OCF_RESKEY_CRM_meta_interval=60000",
            "OCF_RESKEY_CRM_meta_name=monitor",
            "OCF_RESKEY_CRM_meta_on_node=n1",
            "OCF_RESKEY_crm_feature_set=3.16.2",
            "STEADFAST_RESOURCE=g/odd",
            "LC_ALL=C",
        ] {
            assert!(has(expected), "{expected} in {environment}");
        }
        assert!(!environment.contains("CARGO") && !environment.contains("PCMK"), "{environment}");
        // What a verb has to know besides is passed by Pacemaker's names, whatever it is.
        let notified = [("notify_type", "pre"), ("notify_operation", "promote"), ("notify_slave_uname", " ")];
        for (verb, action, told) in [
            (Verb::Notify, "notify", &notified[..]),
            (Verb::MigrateTo, "migrate_to", &[("migrate_target", "n2")]),
            (Verb::MigrateFrom, "migrate_from", &[("migrate_source", "n2")]),
        ] {
            call_with(&mut daemon, "odd", verb, told).await;
            let environment = std::fs::read_to_string(&file).unwrap();
            let has = |variable: &str| environment.split('\0').any(|line| line == variable);
            assert!(has(&format!("OCF_RESKEY_CRM_meta_name={action}")) && has("OCF_CHECK_LEVEL=0"));
            for (name, value) in told {
                assert!(has(&format!("OCF_RESKEY_CRM_meta_{name}={value}")), "{name} in {environment}");
            }
        }
        daemon.call("odd", Verb::Probe).await;
        let environment = std::fs::read_to_string(&file).unwrap();
        assert!(environment.contains("CRM_meta_interval=0\0"), "it is a probe: {environment}");
        assert!(environment.contains("CRM_meta_timeout=20000\0"), "{environment}");
    });
}

#[test]
fn parameters_that_cannot_be_are_refused_before_the_agent_is_asked() {
    with_agent("checks", "echo asked; exit 0", async |mut daemon| {
        for (parameter, why) in [
            (("valeu", "x"), "there is no parameter \"valeu\"; did you mean `value`?"),
            (("count", "many"), "`count` is \"many\", and is to be a whole number"),
            (("a=b", "x"), "\"a=b\" is no name for a parameter"),
            (("value", "a\0b"), "holds a zero byte"),
        ] {
            open(&mut daemon, "checks", "ocf:test:x", &[parameter]).await;
            let outcome = daemon.call("checks", Verb::Validate).await;
            assert_eq!(failure(&outcome), Some(Failure::NotConfigured));
            assert!(outcome.text.contains(why) && outcome.output.is_empty(), "{outcome}");
        }
        open(&mut daemon, "checks", "ocf:test:x", &[]).await;
        assert_eq!(failure(&daemon.call("checks", Verb::Promote).await), Some(Failure::Unimplemented));
        assert_eq!(failure(&daemon.call("checks", Verb::Reserve).await), Some(Failure::Unimplemented));
    });
}

#[test]
fn what_is_listed_is_a_program_with_a_name_and_what_is_not_there_is_named() {
    let scripts = Scripts::new();
    for name in ["one", "two", ".hidden", "with space", "-rf"] {
        scripts.program(name, b"#!/bin/sh\nexit 1\n");
    }
    std::fs::write(scripts.root().join("resource.d/test/README"), "no program").unwrap();
    let folder = scripts.root().join("resource.d/test");
    std::fs::create_dir(folder.join("folder")).unwrap();
    // Names that are no text, hold a line feed, or would mean something to a shell: for agents and providers.
    for odd in [&b"\xff\xfe"[..], b"a\nb", b"$(touch x)", b"`id`", b"a;b", b"\xc3\xa4"] {
        let odd = std::ffi::OsStr::from_bytes(odd);
        std::fs::copy(folder.join("one"), folder.join(odd)).unwrap();
        std::fs::create_dir(scripts.root().join("resource.d").join(odd)).unwrap();
        std::fs::copy(folder.join("one"), scripts.root().join("resource.d").join(odd).join("one")).unwrap();
    }
    with_monitor(registry(scripts.root(), &scripts.state()), async |mut daemon| {
        daemon.say(&ToMonitor::List).await;
        let types = daemon
            .hear(|said| match said {
                FromMonitor::Types { types } => Some(types.clone()),
                _ => None,
            })
            .await;
        let names: Vec<_> = types.iter().map(|standing| standing.name.as_str()).collect();
        assert_eq!(names, ["ocf:test:one", "ocf:test:two"]);
        let why = describe(&mut daemon, "ocf:test:tow").await.unwrap_err();
        assert!(why.contains("there is no agent `ocf:test:tow`") && why.contains("did you mean"), "{why}");
    });
}

#[test]
fn agents_rate_themselves_and_learn_their_node_through_the_tools() {
    if !super::tools().exists() {
        eprintln!(
            "SKIPPED agents_rate_themselves_and_learn_their_node_through_the_tools: no example program"
        );
        return;
    }
    let does = "PATH=$PATH:/nowhere; case $1 in \
                start) $HA_SBIN_DIR/crm_master -l reboot -v 7 && crm_attribute -n mood -v 'good; $(x)';; \
                promote) crm_attribute -p -v INFINITY;; \
                monitor) [ \"$(crm_attribute -n mood -G -q)\" = 'good; $(x)' ] && [ \"$(crm_node -n)\" = n1 ] || exit 7;; \
                stop) crm_master -D;; esac";
    let scripts = Scripts::new();
    scripts.agent("x", &metadata(&["start", "stop", "promote"]), does);
    with_monitor(registry(scripts.root(), &scripts.state()), async |mut daemon| {
        open(&mut daemon, "rated", "ocf:test:x", &[]).await;
        assert_eq!(daemon.call("rated", Verb::Online).await, Outcome::done());
        assert_eq!(score(&mut daemon, "rated").await, Some(7));
        let looked = daemon.call("rated", Verb::LooksAlive).await;
        assert_eq!(looked.verdict, Verdict::Running { role: Role::Replica }, "{looked:?}");
        assert_eq!(daemon.call("rated", Verb::Promote).await, Outcome::done());
        assert_eq!(score(&mut daemon, "rated").await, Some(1_000_000));
        assert_eq!(daemon.call("rated", Verb::Offline).await, Outcome::done());
        assert_eq!(score(&mut daemon, "rated").await, None);
        daemon.say(&ToMonitor::Close { id: id("rated") }).await;
    });
}

#[test]
fn what_agents_noted_is_known_to_the_next_monitor_once_it_was_told() {
    let name = "what_agents_noted_is_known_to_the_next_monitor_once_it_was_told";
    if !super::tools().exists() {
        return lab::skip(name, "no example program beside the tests");
    }
    let does = "case $1 in start) crm_attribute -n mood -v good && crm_master -v 7;; \
                monitor) [ \"$(crm_attribute -n mood -G -q)\" = good ] && [ \"$(crm_master -G -q)\" = 7 ] && \
                crm_mon -1 --output-as=xml | grep -q '<node name=\"n2\" .* online=\"false\"' || exit 7;; esac";
    let (scripts, folder) = (Scripts::new(), tempfile::tempdir().unwrap());
    scripts.agent("x", &metadata(&["start", "stop"]), does);
    let place = Place { node: "n1".to_owned(), run_dir: folder.path().to_owned(), cgroup: None };
    let registry = || registry(scripts.root(), &scripts.state());
    let mut notes = Vec::new();
    with_monitor_at(place.clone(), registry(), async |mut daemon| {
        open(&mut daemon, "noted", "ocf:test:x", &[]).await;
        assert_eq!(daemon.call("noted", Verb::Online).await, Outcome::done());
        for _ in 0..2 {
            let note = daemon.hear(|said| match said {
                FromMonitor::Note { note } => Some(note.clone()),
                _ => None,
            });
            notes.push(note.await);
        }
        assert_eq!(daemon.call("noted", Verb::Probe).await.verdict, Verdict::NotRunning, "it knows no n2");
    });
    with_monitor_at(place, registry(), async |mut daemon| {
        open(&mut daemon, "noted", "ocf:test:x", &[]).await;
        let node = |name: &str, online| ClusterNode { name: name.to_owned(), online };
        let nodes = vec![node("n1", true), node("n2", false)];
        let cluster = Cluster { nodes, quorate: true, instances: Vec::new() };
        daemon.say(&ToMonitor::Cluster { cluster }).await;
        assert_eq!(
            daemon.call("noted", Verb::Probe).await.verdict,
            Verdict::NotRunning,
            "it was told nothing"
        );
        for note in notes {
            daemon.say(&ToMonitor::Note { note }).await;
        }
        assert_eq!(daemon.call("noted", Verb::Probe).await, Outcome::running());
    });
}

#[test]
fn all_that_an_agent_started_lives_in_the_cgroup_of_its_resource_and_ends_with_it() {
    let name = "all_that_an_agent_started_lives_in_the_cgroup_of_its_resource_and_ends_with_it";
    let Some(base) = ::process::Cgroup::writable_base() else {
        return lab::skip(name, "no writable cgroup of version 2");
    };
    // A daemon as daemons are made, without the environment by which it could be known otherwise.
    let does = "case $1 in start) env -i setsid sh -c 'setsid sleep 1000 & echo $! >\"$0\"' $F;; \
                monitor) [ -n \"$(tr -d '\\0' </proc/$(cat $F)/cmdline)\" ] || exit 7;; stop) exit 1;; esac";
    let (scripts, folder) = (Scripts::new(), tempfile::tempdir().unwrap());
    let file = scripts.agent("x", &metadata(&["start", "stop"]), does);
    let all = ::process::Cgroup::below(&base, &format!("steadfast-test-ocf-{}", std::process::id())).unwrap();
    let cgroup = Some(all.path().to_owned());
    let place = Place { node: "n1".to_owned(), run_dir: folder.path().to_owned(), cgroup };
    with_monitor_at(place, registry(scripts.root(), &scripts.state()), async |mut daemon| {
        open(&mut daemon, "held", "ocf:test:x", &[]).await;
        assert_eq!(daemon.call("held", Verb::Online).await, Outcome::done());
        let pid = std::fs::read_to_string(&file).unwrap().trim().to_owned();
        let of = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        assert!(of.lines().any(|line| line.starts_with("0::") && line.ends_with("/g+held")), "{of}");
        assert_eq!(daemon.call("held", Verb::LooksAlive).await, Outcome::running());
        assert_eq!(daemon.call("held", Verb::Terminate).await, Outcome::done());
        gone(&pid).await;
        assert!(!all.path().join("g+held").exists(), "nobody is in it");
    });
    all.remove().unwrap();
}

#[test]
fn a_level_that_was_never_good_is_left_out_and_one_that_was_counts() {
    let scripts = Scripts::new();
    let does = "echo $OCF_CHECK_LEVEL >>$F; [ $OCF_CHECK_LEVEL = 0 ] || [ -e $F.good ] || exit 6; exit 0";
    let file = scripts.agent("x", &metadata(&["start", "stop"]), does);
    with_monitor(registry(scripts.root(), &scripts.state()), async |mut daemon| {
        open(&mut daemon, "levels", "ocf:test:x", &[]).await;
        for _ in 0..2 {
            assert_eq!(daemon.call("levels", Verb::IsAlive).await, Outcome::running());
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "10\n0\n0\n");
        let good = file.with_extension("good");
        std::fs::write(&good, "").unwrap();
        open(&mut daemon, "levels2", "ocf:test:x", &[]).await;
        assert_eq!(daemon.call("levels2", Verb::IsAlive).await, Outcome::running());
        std::fs::remove_file(&good).unwrap();
        let failed = daemon.call("levels2", Verb::IsAlive).await;
        assert_eq!(failure(&failed), Some(Failure::NotConfigured));
    });
}
