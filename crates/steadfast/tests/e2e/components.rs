//! What resources stand on: an older file over a newer one is seen, explained and obeyed, whoever put it there.

mod baselines;
mod found;
mod joining;
pub(crate) mod shelf;

use crate::cluster::{Cluster, eventually, wait_for};
use crate::failover::{is_online_on, online_on};
use api::Degree;
use shelf::{FOLDER, LIBRARY, PROGRAM, Shelf, differs, lowered, not_ready, sh, validated};

#[test]
fn an_older_library_over_a_newer_one_keeps_the_group_from_that_node_and_from_no_other() {
    let test = "an_older_library_over_a_newer_one";
    let Some(shelf) = Shelf::or_skip(test) else { return };
    let Some(cluster) = Cluster::prepared(test, 3) else { return };
    cluster.form([1, 2, 3]);
    let [n1, n2, n3] = cluster.all();
    validated(&cluster, &shelf);

    sh(
        n2,
        &format!(
            "mkdir -p x{FOLDER}; cp libhelper.so.3.0 x{LIBRARY}; tar -C x -cf old.tar .; tar -C / -xf old.tar"
        ),
    );
    eventually("n1 to know it", || !not_ready(n1, "n2").is_empty());
    let known = not_ready(n3, "n2").remove(0);
    assert_eq!((known.kind.as_str(), known.resource.as_deref()), ("process", Some("data")));
    assert_eq!(known.degree, Degree::NotReady);
    let said = [LIBRARY, "older", "baseline 1", "helped 4.0-1"];
    assert!(said.iter().all(|part| known.reason.contains(part)), "{}", known.reason);
    assert!(not_ready(n1, "n1").is_empty() && not_ready(n1, "n3").is_empty(), "only that node");
    let told = n2.tells(events::ComponentBroken::ENTRY);
    assert_eq!((told.node.as_str(), told.fields["path"].as_str()), ("n2", Some(LIBRARY)));
    assert!(told.fields["process"].as_str().unwrap().starts_with("process "), "{}", told.text);
    assert_eq!(told.fields["resources"], "db/data");
    n1.run("component diff n2").exited(3);
    let plan = n1.run("plan --if node:n1=down").exited(3).stdout;
    assert!(plan.contains("n3"), "{plan}");
    assert_eq!(online_on(n3, "db").as_deref(), Some("n1"), "nothing that runs is touched");

    n1.host().kill().unwrap();
    is_online_on(n3, "db", "n3");
}

/// What is done to a node, what is found then, and what takes it back.
struct Fault {
    what: &'static str,
    done: &'static str,
    class: &'static str,
    path: &'static str,
    undone: &'static str,
}

/// Where something of a kind is done: what dpkg itself does not see, or exits 0 for.
const FAULTS: [Fault; 13] = [
    Fault {
        what: "an older package",
        done: "dpkg -i helped-3.0-1.deb",
        class: "older",
        path: LIBRARY,
        undone: "dpkg -i helped-4.0-1.deb",
    },
    Fault {
        what: "another package with `Replaces:`",
        done: "dpkg -i option-pack-1.0.deb",
        class: "older",
        path: LIBRARY,
        undone: "dpkg -r option-pack; dpkg -i helped-4.0-1.deb",
    },
    Fault {
        what: "a package by force, while another one is diverted",
        done: "dpkg-divert --package option-pack --rename --divert /usr/lib/helped/away /usr/lib/helped/libhelper.so.4.0; \
               cp libhelper.so.3.0 /usr/lib/helped/libhelper.so.4.0",
        class: "older",
        path: LIBRARY,
        undone: "rm /usr/lib/helped/libhelper.so.4.0; \
                 dpkg-divert --package option-pack --rename --remove /usr/lib/helped/libhelper.so.4.0",
    },
    Fault {
        what: "a file with its checksum edited",
        done: "cp libhelper.so.3.0 /usr/lib/helped/libhelper.so.4.0; cd /; \
               md5sum usr/lib/helped/libhelper.so.4.0 usr/bin/helped > /var/lib/dpkg/info/helped.md5sums",
        class: "older",
        path: LIBRARY,
        undone: "dpkg -i helped-4.0-1.deb",
    },
    Fault {
        what: "a link that leads elsewhere",
        done: "cp libhelper.so.3.0 /usr/lib/helped/libhelper.so.3.0; ln -sfn libhelper.so.3.0 /usr/lib/helped/libhelper.so.4",
        class: "older",
        path: "/usr/lib/helped/libhelper.so.4",
        undone: "ln -sfn libhelper.so.4.0 /usr/lib/helped/libhelper.so.4; rm /usr/lib/helped/libhelper.so.3.0",
    },
    Fault {
        what: "a permission taken away",
        done: "chmod 0644 /usr/bin/helped",
        class: "permission-lost",
        path: PROGRAM,
        undone: "chmod 0755 /usr/bin/helped",
    },
    Fault {
        what: "a write through a hard link",
        done: "ln /usr/lib/helped/libhelper.so.4.0 /usr/lib/link; cat libhelper.so.3.0 > /usr/lib/link",
        class: "older",
        path: LIBRARY,
        undone: "rm -f /usr/lib/link; dpkg -i helped-4.0-1.deb",
    },
    Fault {
        what: "another file mounted over it",
        done: "mount --bind libhelper.so.3.0 /usr/lib/helped/libhelper.so.4.0",
        class: "older",
        path: LIBRARY,
        undone: "umount /usr/lib/helped/libhelper.so.4.0",
    },
    Fault {
        what: "a write through a mapping, with the times set back",
        done: "touch -r /usr/lib/helped/libhelper.so.4.0 then; printf x | dd of=/usr/lib/helped/libhelper.so.4.0 bs=1 \
               seek=900 conv=notrunc 2>/dev/null; touch -r then /usr/lib/helped/libhelper.so.4.0",
        class: "foreign",
        path: LIBRARY,
        undone: "dpkg -i helped-4.0-1.deb",
    },
    Fault {
        what: "nothing",
        done: "rm /usr/lib/helped/libhelper.so.4.0",
        class: "missing",
        path: LIBRARY,
        undone: "dpkg -i helped-4.0-1.deb",
    },
    Fault {
        what: "another program that is found first",
        done: "cp helped /usr/lib/helped/libhelper.so.4.0",
        class: "foreign",
        path: LIBRARY,
        undone: "dpkg -i helped-4.0-1.deb",
    },
    Fault {
        what: "half a file",
        done: "head -c 2000 libhelper.so.4.0 > /usr/lib/helped/libhelper.so.4.0",
        class: "foreign",
        path: LIBRARY,
        undone: "dpkg -i helped-4.0-1.deb",
    },
    Fault {
        what: "an owner that it had not",
        done: "chown 1:1 /usr/bin/helped",
        class: "permission-changed",
        path: PROGRAM,
        undone: "chown 0:0 /usr/bin/helped",
    },
];

#[test]
fn whatever_is_done_to_a_file_is_seen_and_named_and_gone_when_it_is_undone() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, _] = cluster.all();
    validated(&cluster, &shelf);
    for Fault { what, done, class, path, undone } in FAULTS {
        sh(n2, done);
        let expected = ((*class).to_owned(), (*path).to_owned());
        eventually(&format!("{what}: {class} {path}; found is {:?}", differs(n1, "n2")), || {
            differs(n1, "n2").contains(&expected)
        });
        sh(n2, undone);
        eventually(&format!("{what} to be undone; found is {:?}", differs(n1, "n2")), || {
            differs(n1, "n2").is_empty()
        });
    }
    assert_eq!(online_on(n1, "db").as_deref(), Some("n1"), "nothing that runs was touched");
}

#[test]
fn a_night_of_updates_on_all_nodes_leaves_every_node_able_to_take_over() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    validated(&cluster, &shelf);
    for node in [n1, n2, n3] {
        sh(node, "dpkg -i helped-5.0-1.deb");
    }
    for node in [n1, n2, n3] {
        eventually("it to be told", || !lowered(n2, node.name()).is_empty());
        eventually("and to keep nothing away", || not_ready(n2, node.name()).is_empty());
    }
    n1.host().kill().unwrap();
    is_online_on(n3, "db", "n2");
    // What runs everywhere is what nodes are measured by from now on.
    n1.host().start().unwrap();
    n1.start();
    cluster.settled(&[n1, n2, n3]);
    n2.ok("baseline raise");
    eventually("nothing to differ any more", || differs(n3, "n1").is_empty() && lowered(n3, "n2").is_empty());
    let refused = n2.run("baseline rollback").refused(&["needs a reason"]);
    assert!(refused.contains("--reason"), "{refused}");
    n2.ok("baseline rollback --reason broken");
    // It is known what it is: the one that was taken back, not merely a newer one.
    wait_for("the new one to be withdrawn", || {
        differs(n3, "n2").iter().any(|(class, path)| class == "withdrawn" && path == LIBRARY).then_some(())
    });
}
