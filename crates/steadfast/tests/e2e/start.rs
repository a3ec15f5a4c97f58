//! Starting: what a service manager is told, and what is said of a node's own file.

use crate::cluster::{Node, PATIENCE, eventually};
use std::os::unix::net::UnixDatagram;

/// Runs the daemon with a file of its own that it refuses.
fn refuses(node: Node<'_>, config: &str) -> String {
    node.configure(config);
    let daemon = node.start_unwatched();
    assert_eq!(daemon.wait(PATIENCE).unwrap().code(), Some(1), "{}", daemon.log());
    daemon.log()
}

#[test]
fn a_mistake_in_the_node_s_own_file_is_named_with_line_and_column() {
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    let usual = n1.usual_config();
    let cases = [
        (usual.replace("\"n1\"", "\"N_1\""), "steadfast.toml:1:8: `N_1` is not a node name"),
        (usual.replace("\"/steadfast/data\"", "\"data\""), "steadfast.toml:2:12: "),
        (usual.replace(":7400\"", "\""), "steadfast.toml:4:10: `10.99.0.1` is not an address"),
        (usual.replace("networks", "netwroks"), "steadfast.toml:5:1: unknown field `netwroks`"),
        (usual.replace("\"10.99.0.1\", ", ""), "must include the address of `listen`"),
        (format!("{usual}= 1\n"), "steadfast.toml:6:1: "),
    ];
    for (config, words) in cases {
        let said = refuses(n1, &config);
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    // The command line reads no more of the file than it needs, and needs its own options right.
    n1.configure(&usual);
    n1.start();
    n1.run("init --name Not_A_Name").exited(2);
    n1.run("join nowhere --token x").exited(2);
    n1.run("token create --ttl never").exited(2);
    n1.run("node evict -1").exited(2);
    assert!(n1.status().cluster.is_none());
}

#[test]
fn the_service_manager_is_told_when_the_daemon_is_ready_and_when_it_stops() {
    let cluster = hosts!(1);
    let [n1] = cluster.all();
    let manager = n1.within(|| UnixDatagram::bind("/run/notify").unwrap());
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hears = |word: &str| {
        let mut buffer = [0; 1024];
        eventually(word, || {
            let length = manager.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..length]).lines().any(|line| line == word)
        });
    };
    let command = n1.host().command(env!("CARGO_BIN_EXE_steadfast")).env("NOTIFY_SOCKET", "/run/notify");
    let daemon = command.args(["--config", "/steadfast/steadfast.toml", "run"]).start_daemon("told").unwrap();
    hears("READY=1");
    // What is ready answers.
    assert!(n1.status().cluster.is_none());
    daemon.terminate().unwrap();
    hears("STOPPING=1");
    assert_eq!(daemon.wait(PATIENCE).unwrap().code(), Some(0));
}

#[test]
fn a_joining_node_killed_at_any_step_is_a_stranger_or_goes_on_by_itself() {
    let cluster = formed!(2 of 3);
    let [n1, n2, n3] = cluster.all();
    // What there is after each step of joining, and a moment at which there is nothing yet.
    for file in ["incarnations.json", "cluster.redb", "identity.json"] {
        let token = n1.token("");
        n3.start();
        let path = n3.data(file);
        let mut join = n3.spawn(&format!("join {} --token {token}", n1.address()));
        eventually(file, || n3.within(|| std::fs::exists(&path)).unwrap());
        n3.kill();
        join.wait().unwrap();

        n3.start();
        if n3.status().cluster.is_none() {
            n3.join_with(n1, &token).ok();
        }
        cluster.settled(&[n1, n2, n3]);
        n3.apply(&format!("[cluster]\nname = \"shop\"\n# killed at {file}\n")).ok();

        // Once more, from the beginning.
        n1.ok("node evict n3");
        n3.kill();
        n3.within(|| std::fs::remove_dir_all("/steadfast/data")).unwrap();
    }
}
