//! Who may ask, from where, and who may not.

use crate::cluster::ask::{Proof, exchange, request};
use crate::cluster::{Cluster, Node, eventually};
use events::{CallerNotAuthenticated, CallerNotAuthorized};

/// Makes a credential on `node` and gives its files to `client`, below /tmp.
fn give(node: Node<'_>, client: Node<'_>, name: &str, options: &str) {
    let folder = format!("/tmp/{name}");
    node.ok(&format!("credential create {name} --out {folder} {options}"));
    let files = node.within(|| -> Vec<String> {
        let entries = std::fs::read_dir(&folder).unwrap().flatten();
        entries.map(|entry| entry.path().to_str().unwrap().to_owned()).collect()
    });
    for file in files {
        client.write_file(&file, node.read_file(&file));
    }
}

fn token_of(name: &str) -> String {
    format!("--ca /tmp/{name}/ca.pem --api-token-file /tmp/{name}/{name}.token")
}

fn certificate_of(name: &str) -> String {
    format!(
        "--ca /tmp/{name}/ca.pem --client-cert /tmp/{name}/{name}.crt --client-key /tmp/{name}/{name}.key"
    )
}

/// A cluster of two, and a desk from which it is administered.
fn nodes_and_desk(cluster: &Cluster) -> [Node<'_>; 3] {
    cluster.all()
}

#[test]
fn a_token_and_a_certificate_each_administer_the_cluster_from_elsewhere_through_any_node() {
    let cluster = formed!(2 of 3);
    let [n1, n2, desk] = nodes_and_desk(&cluster);
    give(n1, desk, "alice", "");
    give(n1, desk, "bob", "--certificate");
    for (name, proof) in [("alice", token_of("alice")), ("bob", certificate_of("bob"))] {
        for node in [n1, n2] {
            let server = format!("--server {} {proof}", node.address());
            let file = format!("[cluster]\nname = \"shop\"\n# {name} at {}\n", node.name());
            desk.run_with(&format!("apply --file - {server}"), &file).ok();
            assert_eq!(desk.ok(&format!("export {server}")), file);
        }
    }
    let told = n1.events(&format!("--id {}", events::ConfigurationApplied::ENTRY.id));
    assert!(told.iter().any(|event| event.text.contains("alice")), "who did it is told: {told:?}");
    assert!(told.iter().any(|event| event.text.contains("bob")), "{told:?}");

    // The first of several servers that answers does; the network's second half is as good.
    n1.kill();
    let servers = format!("--server {} --server 10.99.1.2", n1.address());
    let status = desk.ok(&format!("status --json {servers} {}", token_of("alice")));
    assert!(status.contains("\"node\": \"n2\""), "{status}");
}

#[test]
fn a_wrong_an_expired_and_a_revoked_credential_are_refused() {
    let cluster = formed!(1 of 2);
    let [n1, desk] = cluster.all();
    give(n1, desk, "alice", "");
    give(n1, desk, "bob", "--certificate");
    give(n1, desk, "short", "--ttl 1s");
    let server = format!("status --server {}", n1.address());

    desk.write_file("/tmp/wrong", "sfa1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let wrong = format!("{server} --ca /tmp/alice/ca.pem --api-token-file /tmp/wrong");
    desk.run(&wrong).refused(&["the API token is not known", "steadfast credential create"]);
    let told = n1.tells(CallerNotAuthenticated::ENTRY);
    assert_eq!(told.fields["from"], "10.99.0.2");

    eventually("the short one to expire", || {
        let ran = desk.run(&format!("{server} {}", token_of("short")));
        ran.code == Some(1) && ran.stderr.contains("credential short has expired")
    });
    for (name, proof) in [("alice", token_of("alice")), ("bob", certificate_of("bob"))] {
        desk.ok(&format!("{server} {proof}"));
        n1.ok(&format!("credential revoke {name}"));
        desk.run(&format!("{server} {proof}")).refused(&["is not known"]);
    }
    let nobody = desk.connect(&n1.address(), &n1.identity().ca_certificate, None);
    assert_eq!(exchange(nobody, &request("GET", api::paths::STATUS, "", "")).status, 401);
}

#[test]
fn a_cluster_of_another_authority_is_not_talked_to() {
    let cluster = hosts!(2);
    let [n1, n2] = cluster.all();
    cluster.form([1]);
    n2.start();
    n2.ok("init --name bakery");
    give(n1, n2, "alice", "");
    let ran = n2.run(&format!("status --server {} {}", n2.address(), token_of("alice"))).exited(4);
    assert!(ran.stderr.contains("10.99.0.2:7400"), "{}", ran.stderr);
}

#[test]
fn a_node_s_certificate_does_not_administer_and_an_administrator_s_is_no_node_s() {
    let cluster = formed!(2 of 3);
    let [n1, n2, desk] = nodes_and_desk(&cluster);
    let identity = n2.identity();
    let ca = &identity.ca_certificate;
    let proof = Proof { certificate: &identity.certificate, key: identity.key.expose_secret() };
    for (method, path) in
        [("GET", api::paths::STATUS), ("POST", api::paths::TOKENS), ("GET", api::paths::EXPORT)]
    {
        let answer =
            exchange(desk.connect(&n1.address(), ca, Some(&proof)), &request(method, path, "", "{}"));
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
    }
    assert!(n1.tells(CallerNotAuthorized::ENTRY).text.contains("a node's certificate"));

    give(n1, desk, "bob", "--certificate");
    let [certificate, key] =
        ["crt", "key"].map(|end| String::from_utf8(desk.read_file(&format!("/tmp/bob/bob.{end}"))).unwrap());
    let proof = Proof { certificate: &certificate, key: &key };
    for path in ["/peer/v1/members", "/peer/v1/events", "/peer/v1/raft", "/peer/v1/propose", "/peer/v1/hello"]
    {
        let answer =
            exchange(desk.connect(&n1.address(), ca, Some(&proof)), &request("POST", path, "", "null"));
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
    }
}

#[test]
fn a_node_is_told_to_form_or_join_on_its_own_host_only() {
    let cluster = formed!(1 of 2);
    let [n1, desk] = cluster.all();
    give(n1, desk, "alice", "");
    let server = format!("--server {} {}", n1.address(), token_of("alice"));
    desk.run(&format!("init --name other {server}")).refused(&["on its own local socket only"]);
}

#[test]
fn a_local_user_who_is_not_root_is_refused_by_number() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    // The build may lie in a folder that nobody else can enter.
    n1.within(|| std::fs::copy(env!("CARGO_BIN_EXE_steadfast"), "/usr/local/bin/steadfast-e2e")).unwrap();
    let as_nobody = |arguments: &[&str]| {
        let command = n1.host().command("setpriv").args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        let command = command.args(["/usr/local/bin/steadfast-e2e", "--config", "/steadfast/steadfast.toml"]);
        command.args(arguments).output().unwrap()
    };
    for arguments in [&["status"][..], &["token", "create"], &["export"]] {
        let output = as_nobody(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("user 65534 may not administer this node") && output.stdout.is_empty(),
            "{said}"
        );
    }
    assert!(n1.tells(CallerNotAuthorized::ENTRY).text.contains("uid 65534"));
}
