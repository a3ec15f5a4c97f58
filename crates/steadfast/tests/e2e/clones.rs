//! Two daemons with one identity: the one that was there first is the node.

use crate::cluster::{Node, eventually};
use api::{NodeState, Phase};
use events::{DaemonStarted, DuplicateIdentity, DuplicateIdentityHere};

/// Gives `to` the data directory of `from`, as a clone of its disk would have it, with addresses of
/// its own. The copy is what a disk holds at one moment: the daemon stands still or is dead.
fn clone(from: Node<'_>, to: Node<'_>) {
    let files = ["identity.json", "incarnations.json", "cluster.redb", "events.redb"];
    for file in files {
        to.write_file(&to.data(file), from.read_file(&from.data(file)));
    }
    let own_name = format!("\"{}\"", to.name());
    to.configure(&to.usual_config().replace(&own_name, &format!("\"{}\"", from.name())));
}

/// The copy knows, answers, and takes no part.
fn is_refused(copy: Node<'_>, members: &[Node<'_>]) {
    let status = copy.until("a duplicate", |status| status.standing.phase == Phase::Duplicate);
    assert!(!status.quorum.has, "{status:?}");
    // It goes by the node's name, and its events with it.
    assert!(!copy.events(&format!("--id {}", DuplicateIdentityHere::ENTRY.id)).is_empty());
    copy.run("token create").refused(&["takes no part"]);
    let told = |member: &Node<'_>| !member.told(DuplicateIdentity::ENTRY.id).is_empty();
    eventually("a member to tell of the duplicate", || members.iter().any(told));
    assert!(copy.daemon().is_running());
}

#[test]
fn a_clone_of_a_node_that_lives_is_refused_and_disturbs_nobody() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, copy] = cluster.all();
    cluster.settled(&[n1, n2, n3]);
    // Stopped for the time of the copy, as a snapshot of a virtual machine does it.
    n2.daemon().freeze().unwrap();
    clone(n2, copy);
    n2.daemon().thaw().unwrap();
    cluster.settled(&[n1, n2, n3]);
    let calm = cluster.calm();

    copy.start();
    is_refused(copy, &[n1, n3]);
    cluster.settled(&[n1, n2, n3]);
    calm.held();
    n2.apply("[cluster]\nname = \"shop\"\n# by the one that was first\n").ok();
    let seen = n1.status().nodes;
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[1].networks[0].address, "10.99.0.2", "the copy's address is nobody's");
}

#[test]
fn a_copy_from_before_a_node_s_latest_life_is_refused_even_when_the_node_is_gone() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, copy] = cluster.all();
    n2.stop();
    clone(n2, copy);
    n2.start();
    let life = n2.told(DaemonStarted::ENTRY.id).pop().expect("it has started").fields["incarnation"].clone();
    let life = life.as_str().expect("text").as_bytes();
    eventually("its new life to be in the others' databases", || {
        [n1, n3].iter().all(|node| {
            let database = node.read_file(&node.data("cluster.redb"));
            database.windows(life.len()).any(|window| window == life)
        })
    });
    n2.host().kill().unwrap();
    n1.until("n2 is down", |status| status.nodes[1].state == NodeState::Down);

    copy.start();
    is_refused(copy, &[n1, n3]);
    let status = copy.status();
    assert!(status.standing.text.contains("an older copy"), "{}", status.standing.text);
    assert_eq!(n1.status().nodes[1].state, NodeState::Down, "the copy is not the node");
    n2.host().start().unwrap();
    n2.start();
    cluster.settled(&[n1, n2, n3]);
}

#[test]
fn a_second_daemon_on_one_data_directory_is_refused_and_the_first_one_named() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    let socket = n1.usual_config().replace("steadfast.sock", "second.sock").replace("7400", "7401");
    n1.write_file("/steadfast/second.toml", socket);
    let second = n1.host().command(env!("CARGO_BIN_EXE_steadfast"));
    let second = second.args(["--config", "/steadfast/second.toml", "run"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    let first = String::from_utf8(n1.read_file(&n1.data("lock"))).unwrap();
    assert!(said.contains(&format!("(process {})", first.trim())), "{said}");
    assert!(said.contains("/steadfast/data") && said.contains("`data_dir`"), "{said}");
    assert!(n1.status().quorum.has, "the first one is untouched");
}
