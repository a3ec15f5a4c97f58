//! What resources stand on beyond what reading finds, and what comes before it.

use super::shelf::{FILE, LIBRARY, PROGRAM, SHELF, Shelf, differs, not_ready, sh, validated};
use crate::cluster::{Node, eventually};
use crate::failover::is_online_on;
use api::{Components, Degree};

/// Which files a node's resources stand on, and why, as it says itself.
fn files(node: Node<'_>) -> Vec<(String, String)> {
    let text = node.ok(&format!("component list --node {} --json", node.name()));
    let shown: Components = serde_json::from_str(&text).unwrap();
    let subjects = shown.nodes.into_iter().flat_map(|node| node.subjects);
    subjects.flat_map(|subject| subject.files).map(|file| (file.path, file.why)).collect()
}

/// The folder of the loader's own libraries.
const OWN: &str = "/usr/lib/$(cc -dumpmachine)";

#[test]
fn a_library_put_before_the_loaders_own_is_seen_and_the_failover_goes_to_the_third_node() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    for node in [n1, n2, n3] {
        shelf.install_on(node);
        // The same program with the library where libraries usually are.
        let line = format!(
            "cp libhelper.so.4.0 {OWN}/libhelper.so.4; ldconfig; \
             cc -o /usr/bin/plain helped.c -L. -l:libhelper.so.4"
        );
        sh(node, &line);
    }
    cluster.settled(&[n1, n2, n3]);
    n1.apply(&FILE.replace(PROGRAM, "/usr/bin/plain")).ok();
    is_online_on(n2, "db", "n1");
    n1.ok("baseline capture");
    eventually("n3 to go by it", || n3.status().baseline.generation == Some(1));

    sh(n2, "cp libhelper.so.3.0 /usr/local/lib/libhelper.so.4");
    let shadowed =
        |(class, path): &(String, String)| class == "shadowed" && path.ends_with("/libhelper.so.4");
    eventually("it to be seen before ldconfig runs", || differs(n1, "n2").iter().any(shadowed));
    sh(n2, "ldconfig");
    eventually("it to be seen afterwards", || differs(n1, "n2").iter().any(shadowed));
    eventually("the node to be not ready", || !not_ready(n3, "n2").is_empty());
    let known = not_ready(n3, "n2").remove(0);
    assert!(known.reason.contains("/usr/local/lib/libhelper.so.4"), "{}", known.reason);
    n1.host().kill().unwrap();
    is_online_on(n3, "db", "n3");
}

#[test]
fn what_a_program_loads_while_it_runs_is_looked_after_where_it_does_not_run() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    for node in [n1, n2, n3] {
        shelf.install_on(node);
        sh(node, "cp module.so /usr/lib/helped/module.so");
    }
    cluster.settled(&[n1, n2, n3]);
    n1.apply(FILE).ok();
    is_online_on(n2, "db", "n1");
    let module = ("/usr/lib/helped/module.so".to_owned(), "used by what ran".to_owned());
    eventually("it to be known on a node where it does not run", || files(n2).contains(&module));
    n1.ok("baseline capture");
    eventually("n2 to go by it", || n2.status().baseline.generation == Some(1));
    sh(n2, "rm /usr/lib/helped/module.so");
    let missing = ("missing".to_owned(), module.0);
    eventually("it to be missed", || differs(n3, "n2").contains(&missing));
    assert_eq!(not_ready(n3, "n2").remove(0).degree, Degree::NotReady);
}

#[test]
fn what_a_test_of_a_type_reads_is_recorded_and_looked_after_on_every_node() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(2);
    let [n1, n2] = cluster.all();
    let script = "#!/bin/sh\nwhere=/usr/lib\n. \"$where/$(echo script-parts)/settings\"\nexec sleep 1000\n";
    for node in [n1, n2] {
        shelf.install_on(node);
        node.write_file("/usr/bin/scripted", script);
        sh(
            node,
            "chmod 755 /usr/bin/scripted; mkdir -p /usr/lib/script-parts; echo a=1 > /usr/lib/script-parts/settings",
        );
    }
    let test = "type test process --set command=[\"/usr/bin/scripted\"] --record";
    cluster.settled(&[n1, n2]);
    n2.run(test).refused(&["no resource of this cluster", "steadfast apply"]);
    n1.apply(&FILE.replace(PROGRAM, "/usr/bin/scripted").replace(", \"n3\"", "")).ok();
    is_online_on(n2, "db", "n1");
    let wanted = "/usr/lib/script-parts/settings";
    eventually("the script to be looked after", || {
        files(n2).iter().any(|(path, _)| path == "/usr/bin/scripted")
    });
    assert!(files(n1).iter().all(|(path, _)| path != wanted), "reading does not find it");
    let said = n2.run(test);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("reading did not find"), "{}", said.stderr);
    for node in [n1, n2] {
        eventually("it to be looked after", || files(node).iter().any(|(path, _)| path == wanted));
    }
}

#[test]
fn a_process_that_goes_on_with_what_was_replaced_is_told() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, _, _] = cluster.all();
    validated(&cluster, &shelf);
    sh(n1, "dpkg -i helped-5.0-1.deb");
    let told = n1.tells(events::ProcessStale::ENTRY);
    assert_eq!(
        (told.fields["path"].as_str(), told.fields["resources"].as_str()),
        (Some(LIBRARY), Some("db/data"))
    );
}

#[test]
fn a_package_database_that_is_damaged_is_told_and_nothing_is_validated_with_it() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, _] = cluster.all();
    validated(&cluster, &shelf);
    sh(n2, "cp /var/lib/dpkg/status status; head -c 10 /dev/zero > /var/lib/dpkg/status");
    let told = n2.tells(events::PackagesUnreadable::ENTRY);
    assert!(told.fields["problem"].as_str().unwrap().contains("/var/lib/dpkg/status"), "{}", told.text);
    n1.run("baseline capture --reason x").refused(&["packages cannot be told"]);
    assert!(not_ready(n1, "n2").is_empty(), "what is as it was validated is good without any package");
    sh(n2, "cp status /var/lib/dpkg/status");
    eventually("it to be good again", || n1.run("baseline capture --dry-run").code != Some(1));
}

#[test]
fn while_a_package_manager_is_at_work_nothing_it_does_is_called_broken() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, _] = cluster.all();
    validated(&cluster, &shelf);
    // dpkg waits for the end of the script of a package that it has unpacked.
    let script = "#!/bin/sh\nwhile [ ! -e /steadfast/shelf/go ]; do sleep 0.1; done\n";
    n2.write_file(&format!("{SHELF}/postinst"), script);
    sh(
        n2,
        "chmod 755 postinst; dpkg-deb -R helped-3.0-1.deb slow; cp postinst slow/DEBIAN/; \
         dpkg-deb --root-owner-group -b slow slow.deb; dpkg -i slow.deb >/dev/null 2>&1 </dev/null &",
    );
    let installing = ("installing".to_owned(), LIBRARY.to_owned());
    eventually("it to be at work", || differs(n1, "n2").contains(&installing));
    assert!(not_ready(n1, "n2").is_empty(), "{:?}", not_ready(n1, "n2"));
    n2.write_file(&format!("{SHELF}/go"), "");
    eventually("it to be judged at its end", || !not_ready(n1, "n2").is_empty());
}

#[test]
fn with_no_node_ready_a_group_runs_where_least_is_wrong_and_everybody_is_told() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    validated(&cluster, &shelf);
    for node in [n2, n3] {
        sh(node, "dpkg -i helped-3.0-1.deb");
    }
    eventually("nobody else to be ready", || {
        [n2, n3].into_iter().all(|node| !not_ready(n1, node.name()).is_empty())
    });
    let told = n1.tells(events::NobodyElseReady::ENTRY);
    assert_eq!(told.fields["group"], "db");
    let alarm =
        n2.status().alarms.into_iter().find(|it| it.event == events::NobodyElseReady::ENTRY.id).unwrap();
    assert!(alarm.text.contains("db") && alarm.text.contains("n2, n3"), "{}", alarm.text);
    let plan = n1.run("plan --if node:n1=down").exited(3).stdout;
    assert!(plan.contains("n2"), "{plan}");
}
