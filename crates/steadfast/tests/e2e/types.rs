//! Resource types and resource monitors: what each node can run, and what becomes of a monitor that is
//! killed, hangs, or comes with wrong words.

use crate::cluster::{Node, eventually, wait_for};
use api::TypeShown;
use std::fs;

fn types(node: Node<'_>) -> Vec<TypeShown> {
    serde_json::from_str(&node.ok("type list --json")).unwrap()
}

/// The child of the daemon that is its monitor, by its number on this machine.
fn monitor_of(node: Node<'_>) -> Option<i32> {
    let daemon = node.daemon().pid();
    let children = fs::read_to_string(format!("/proc/{daemon}/task/{daemon}/children")).ok()?;
    let of_others = fs::read_dir(format!("/proc/{daemon}/task"))
        .ok()?
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let all: String = of_others.chain([children]).collect::<Vec<_>>().join(" ");
    all.split_whitespace().filter_map(|pid| pid.parse().ok()).find(|pid: &i32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.ends_with(b"\0monitor\0"))
    })
}

/// It is gone, or waits to be buried: then it has no command line any more.
fn has_ended(pid: i32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).map_or(true, |line| line.is_empty())
}

fn signal(pid: i32, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[test]
fn any_node_lists_the_types_of_all_and_says_who_is_silent() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    for node in [n1, n2, n3] {
        let all = types(node);
        let dummy = all.iter().find(|shown| shown.name == "dummy").expect("it is there");
        let loadable: Vec<_> = dummy.nodes.iter().map(|(name, on)| (name.as_str(), on.loadable)).collect();
        assert_eq!(loadable, [("n1", Some(true)), ("n2", Some(true)), ("n3", Some(true))]);
        assert_eq!(dummy.parameters.as_deref(), Some(&[][..]), "it describes itself");
    }
    n3.kill();
    let listed = n1.run("type list").exited(0);
    assert!(listed.stdout.contains("dummy"), "{listed:?}");
    assert!(listed.stderr.contains("warning: n3 did not answer"), "{listed:?}");
    let dummy = types(n2).into_iter().find(|shown| shown.name == "dummy").unwrap();
    assert_eq!(dummy.nodes["n1"].loadable, Some(true));
    assert_eq!(dummy.nodes["n3"].loadable, None, "nobody knows");
    assert!(dummy.nodes["n3"].reason.is_some());

    assert!(n1.ok("type show dummy").contains("Does nothing"));
    n1.run("type show ocf:nobody:Nothing").refused(&["ocf:nobody:Nothing"]);
    n3.start();
    cluster.settled(&[n1, n2, n3]);
    n1.run("type show dumy").refused(&["no resource type named `dumy`", "`dummy`"]);
}

#[test]
fn a_monitor_that_is_killed_is_told_and_replaced() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    let first = wait_for("a monitor", || monitor_of(n1));
    signal(first, rustix::process::Signal::KILL);
    let told = n1.tells(events::MonitorDied::ENTRY);
    assert!(told.text.contains("was ended by signal 9"), "{}", told.text);
    assert!(told.text.contains("It looked after: no resource."), "{}", told.text);
    let second = wait_for("another monitor", || monitor_of(n1).filter(|pid| *pid != first));
    assert!(types(n1).iter().any(|shown| shown.name == "dummy"));
    n1.tells(events::MonitorReplaced::ENTRY);

    // One that hangs is noticed too, and killed.
    signal(second, rustix::process::Signal::STOP);
    eventually("the monitor that hangs to be replaced", || {
        monitor_of(n1).is_some_and(|pid| pid != second && pid != first)
    });
    let told = n1.told(events::MonitorDied::ENTRY.id);
    assert!(told.last().unwrap().text.contains("was silent for"), "{told:?}");
    assert_eq!(n1.status().nodes.len(), 1, "the daemon never stopped answering");
}

#[test]
fn a_daemon_that_ends_takes_its_monitor_along_and_its_successor_has_one_of_its_own() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    let first = wait_for("a monitor", || monitor_of(n1));
    n1.stop();
    eventually("the monitor to end", || has_ended(first));
    n1.start();
    let second = wait_for("a monitor", || monitor_of(n1));
    n1.kill();
    eventually("the monitor to end", || has_ended(second));
    n1.start();
    wait_for("a monitor", || monitor_of(n1));
    assert!(n1.told(events::MonitorDied::ENTRY.id).is_empty(), "nothing of this is an accident");
}

/// A scripted OCF agent, made on the host. `$1` is the action, a file says whether it runs.
fn agent(node: Node<'_>, name: &str, monitor: &str) {
    let script = format!(
        "#!/bin/sh\nstate=/run/{name}.state\ncase \"$1\" in\n\
         meta-data) cat <<END\n<?xml version=\"1.0\"?>\n<resource-agent name=\"{name}\" version=\"1\">\n\
         <version>1.0</version><longdesc lang=\"en\">For a test.</longdesc>\
         <shortdesc lang=\"en\">For a test</shortdesc>\n\
         <parameters><parameter name=\"address\" required=\"1\"><longdesc lang=\"en\">x</longdesc>\
         <shortdesc lang=\"en\">x</shortdesc><content type=\"string\"/></parameter>\
         <parameter name=\"count\"><longdesc lang=\"en\">x</longdesc><shortdesc lang=\"en\">x</shortdesc>\
         <content type=\"integer\" default=\"1\"/></parameter></parameters>\n\
         <actions><action name=\"start\" timeout=\"20s\"/><action name=\"stop\" timeout=\"20s\"/>\
         <action name=\"monitor\" timeout=\"20s\" interval=\"10s\"/><action name=\"validate-all\" timeout=\"5s\"/>\
         <action name=\"meta-data\" timeout=\"5s\"/></actions></resource-agent>\nEND\n;;\n\
         start) touch $state ;;\nstop) rm -f $state ;;\nmonitor) {monitor} ;;\n\
         validate-all) [ -n \"$OCF_RESKEY_address\" ] || exit 6 ;;\n*) exit 3 ;;\nesac\nexit 0\n"
    );
    node.within(|| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::create_dir_all(FOLDER).unwrap();
        let path = format!("{FOLDER}/{name}");
        fs::write(&path, &script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    });
}

const FOLDER: &str = "/usr/lib/ocf/resource.d/e2e";
const HONEST: &str = "[ -e $state ] || exit 7";

/// A folder of agents of this host's own, over the machine's.
fn with_agents(node: Node<'_>) {
    node.within(|| {
        let own = "/tmp/ocf";
        fs::create_dir_all(own).unwrap();
        fs::create_dir_all("/usr/lib/ocf/resource.d").unwrap();
        rustix::mount::mount(
            "tmpfs",
            "/usr/lib/ocf/resource.d",
            "tmpfs",
            rustix::mount::MountFlags::empty(),
            None,
        )
        .unwrap();
    });
}

#[test]
fn parameters_of_an_agent_are_checked_when_the_file_is_applied() {
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    with_agents(n1);
    agent(n1, "Honest", HONEST);
    cluster.form(1..=1);
    let file = |kind: &str, parameters: &str| {
        format!(
            "[cluster]\nname = \"shop\"\n[[group]]\nname = \"web\"\n[[group.resource]]\nname = \"a\"\n\
             type = \"ocf:e2e:{kind}\"\n[group.resource.parameters]\n{parameters}\n"
        )
    };
    n1.apply(&file("Honest", "adress = \"x\"\ncount = \"many\"")).refused(&[
        "standard input:9:1: unknown parameter `adress`",
        "= try: address",
        "standard input:10:9: `count` of resource `a` must be a whole number, not `many`",
        "standard input:7:8: resource `a`, which is of type `ocf:e2e:Honest`, lacks the parameter `address`",
        "3 mistakes; nothing was changed",
    ]);
    let doubtful = n1.apply(&file("Missing", "x = \"y\"")).exited(0);
    assert!(
        doubtful.stderr.contains("standard input:7:8: no node that answers has the agent"),
        "{doubtful:?}"
    );
    let lacks =
        |status: &api::Status| status.nodes[0].not_ready.iter().any(|it| it.kind == "ocf:e2e:Missing");
    let status = n1.until("that the agent is not there", lacks);
    let reason = &status.nodes[0].not_ready[0].reason;
    assert!(reason.contains("there is no agent `ocf:e2e:Missing` on this node"), "{reason}");
    n1.apply(&file("Honest", "address = \"x\"\ncount = 3")).ok();
    n1.until("that all is there", |status| status.nodes[0].not_ready.is_empty());
    assert!(n1.ok("type show ocf:e2e:Honest").contains("address"));
}

#[test]
fn a_type_is_tested_without_any_daemon_and_a_liar_is_found_out() {
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    with_agents(n1);
    agent(n1, "Honest", HONEST);
    agent(n1, "Liar", "exit 0");
    let passed = n1.run("type test dummy").exited(0);
    assert!(passed.stdout.contains("ok     online\n") && passed.stderr.contains(" 0 failed"), "{passed:?}");
    let passed = n1.run("type test ocf:e2e:Honest --set address=x").exited(0);
    assert!(passed.stdout.contains("ok     it is refused without `address`"), "{passed:?}");
    let failed = n1.run("type test ocf:e2e:Liar --set address=x").exited(1);
    assert!(failed.stdout.contains("FAILED it does not run before the test"), "{failed:?}");

    let usage = n1.run("type test ocf:e2e:Honest --set adress=x").exited(2);
    assert!(usage.stderr.contains("did you mean `address`?"), "{usage:?}");
    n1.run("type test ocf:e2e:Honest --set address=x --set count=many").exited(2);
    let unknown = n1.run("type test ocf:e2e:Honst").exited(2);
    assert!(unknown.stderr.contains("did you mean `ocf:e2e:Honest`?"), "{unknown:?}");
    let unknown = n1.run("type test nosuch").exited(2);
    assert_eq!(unknown.stderr.matches("no resource type").count(), 1, "said once: {unknown:?}");
    let json: serde_json::Value = serde_json::from_str(&n1.ok("type test dummy --json")).unwrap();
    assert!(json.as_array().unwrap().iter().all(|step| step["result"] != "failed"), "{json}");
}
