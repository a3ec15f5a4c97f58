//! Without a majority: reads answer, writes fail at once and say who is missing.

use api::{NodeState, ProblemKind};
use events::{QuorumLost, QuorumRegained};

#[test]
fn without_quorum_reads_answer_and_writes_fail_naming_the_missing_nodes() {
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    let file = "[cluster]\nname = \"shop\"\n# before\n";
    n1.apply(file).ok();
    let revision = n1.status().revision;
    n2.host().kill().unwrap();
    n3.host().kill().unwrap();

    let status = n1.until("n2 and n3 are missing", |status| status.quorum.missing == ["n2", "n3"]);
    assert!(!status.quorum.has && status.leader.is_none(), "{status:?}");
    assert_eq!((status.quorum.votes, status.quorum.needed, status.quorum.present), (3, 2, 1));
    assert_eq!(status.nodes[0].state, NodeState::Isolated);
    assert!(status.standing.text.starts_with("no quorum: 1 of 3, needs 2; last seen n2 "), "{status:?}");
    assert_eq!(n1.ok("export"), file);
    assert!(n1.ok("node list").contains("n3"));
    assert!(n1.ok("group list").contains("no groups"));
    let silent = n1.run("events").exited(0).stderr;
    assert!(silent.contains("n2 did not answer") && silent.contains("n3 did not answer"), "{silent}");

    let words = ["no quorum: 1 of 3 voters are there, 2 are needed; missing: n2, n3", "steadfast status"];
    n1.apply("[cluster]\nname = \"shop\"\n# after\n").refused(&words);
    n1.run("token create").refused(&words);
    n1.run("node evict n3").refused(&words);
    let answer = n1.ask_locally("POST", api::paths::TOKENS, "{}");
    assert_eq!(answer.status, 503);
    let problem = answer.problem();
    assert_eq!(
        (problem.kind, problem.missing),
        (ProblemKind::NoQuorum, vec!["n2".to_owned(), "n3".to_owned()])
    );
    let told = n1.tells(QuorumLost::ENTRY);
    assert_eq!(told.fields["missing"], serde_json::json!(["n2", "n3"]));

    n2.host().start().unwrap();
    n2.start();
    n1.until("a quorum again", |status| status.quorum.has);
    n1.tells(QuorumRegained::ENTRY);
    assert_eq!(n1.ok("export"), file);
    assert!(n1.status().revision >= revision);
    n2.apply("[cluster]\nname = \"shop\"\n# after\n").ok();
}
