//! Commands that need no daemon.

use crate::steadfast::{command, run};

#[test]
fn an_event_is_explained_by_number_and_by_name_without_a_daemon() {
    let by_number = run(command("explain 1011"));
    assert_eq!(by_number.code, Some(0), "{by_number:?}");
    assert!(by_number.stdout.contains("NODE_EVICTED") && by_number.stdout.contains("Remedy"));
    assert_eq!(run(command("explain node_evicted")).stdout, by_number.stdout);
    let json: serde_json::Value = serde_json::from_str(&run(command("explain 1011 --json")).stdout).unwrap();
    assert_eq!(json["name"], "NODE_EVICTED");
    let done = run(command("explain node_evictde"));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("next: steadfast explain 1011"), "{done:?}");
}

#[test]
fn completion_and_manual_pages_cover_every_command() {
    let script = run(command("completion bash"));
    assert_eq!(script.code, Some(0));
    assert!(script.stdout.contains("if-revision"));
    let dir = tempfile::tempdir().unwrap();
    let mut man = command("man");
    man.arg(dir.path().join("man1"));
    assert_eq!(run(man).code, Some(0));
    let page = std::fs::read_to_string(dir.path().join("man1/steadfast-token-create.1")).unwrap();
    assert!(page.contains(".TH steadfast-token-create 1"), "{page}");
    let done = run(command("man /dev/null/x"));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("/dev/null/x"), "{done:?}");
}

#[test]
fn a_command_that_is_not_built_yet_is_absent() {
    for word in ["doctor", "witness", "fence", "repair", "rollout", "bundle", "baseline"] {
        assert_eq!(run(command(word)).code, Some(2), "{word}");
    }
}
