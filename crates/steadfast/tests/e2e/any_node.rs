//! Any node answers for the cluster, and there is one way in.

#[test]
fn any_node_reads_and_writes_for_the_cluster() {
    let cluster = formed!(3);
    let nodes = cluster.all::<3>();
    for writer in nodes {
        let file = format!("[cluster]\nname = \"shop\"\n# written at {}\n", writer.name());
        writer.apply(&file).ok();
        assert_eq!(writer.ok("export"), file, "a node reads its own writes");
        cluster.settled(&nodes);
        for reader in nodes {
            assert_eq!(reader.ok("export"), file, "written at {}, read at {}", writer.name(), reader.name());
        }
    }
    for node in nodes {
        let listed = node.ok("node list");
        assert!(["n1", "n2", "n3"].iter().all(|name| listed.contains(name)), "{listed}");
        assert!(node.ok("node show n2").contains("10.99.1.2"));
        node.run("node show n9").refused(&["no node named `n9`"]);
    }
}

#[test]
fn the_api_describes_itself_and_refuses_what_it_does_not_know_with_a_reason() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    let description = n1.ask_locally("GET", api::paths::OPENAPI, "");
    assert_eq!(description.status, 200);
    let description: serde_json::Value = serde_json::from_str(&description.body).unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in [api::paths::STATUS, api::paths::APPLY, api::paths::EVENTS] {
        assert!(description["paths"][path].is_object(), "{path}");
    }
    let lost = n1.ask_locally("GET", "/v2/status", "");
    assert_eq!((lost.status, lost.problem().kind), (404, api::ProblemKind::NotFound));
    let garbled = n1.ask_locally("POST", api::paths::APPLY, "{");
    assert_eq!((garbled.status, garbled.problem().kind), (400, api::ProblemKind::BadRequest));
    // What is for peers only is not for local users either.
    assert_eq!(n1.ask_locally("POST", "/peer/v1/members", "null").status, 401);
}
