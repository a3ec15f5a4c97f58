//! Who signs baselines, and which are refused.

use super::shelf::{LIBRARY, PROGRAM, SHELF, Shelf, differs, sh, validated};
use crate::cluster::{Node, eventually};

/// Makes a key on a host; its public half.
fn key(node: Node<'_>, name: &str) -> String {
    node.ok(&format!("baseline signer new {name} --out {SHELF}"));
    String::from_utf8(node.read_file(&format!("{SHELF}/{name}.pub"))).unwrap().trim().to_owned()
}

#[test]
fn what_takes_something_back_needs_two_once_there_are_two() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, n2, n3] = cluster.all();
    validated(&cluster, &shelf);
    let alice = key(n1, "alice");
    n1.ok(&format!("baseline signer add alice --public-key {alice}"));
    assert!(n2.ok("baseline signer list").contains("alice"));
    n1.run(&format!("baseline signer add alice --public-key {alice}")).refused(&["alice"]);
    n1.run("baseline signer add mallory --public-key nonsense").refused(&["key"]);
    for node in [n1, n2, n3] {
        sh(node, "dpkg -i helped-3.0-1.deb");
    }
    eventually("all to be older", || ["n1", "n2", "n3"].iter().all(|node| !differs(n1, node).is_empty()));
    n1.run("baseline capture").refused(&["needs a reason"]);
    n1.run("baseline capture --reason wanted").refused(&["2 of those who may sign", "alice"]);
    // Signed elsewhere.
    let file = format!("{SHELF}/lower.json");
    n1.ok(&format!("baseline capture --reason wanted --out {file}"));
    n1.run(&format!("baseline raise --file {file}")).refused(&["2 of those who may sign"]);
    let mallory = key(n1, "mallory");
    n1.ok(&format!("baseline sign {file} --key {SHELF}/mallory.key"));
    n1.run(&format!("baseline raise --file {file}")).refused(&["`mallory` may not sign"]);
    n1.ok(&format!("baseline capture --reason wanted --out {file}"));
    n1.ok(&format!("baseline sign {file} --key {SHELF}/alice.key"));
    n1.ok(&format!("baseline raise --file {file}"));
    eventually("nothing to differ", || ["n1", "n2", "n3"].iter().all(|node| differs(n1, node).is_empty()));
    // Whose time is over does not count, and can be told from one who never could.
    n1.ok(&format!("baseline signer add mallory --public-key {mallory} --ttl 1s"));
    eventually("its time to be over", || n1.ok("baseline signer list").contains("expired"));
    n1.run(&format!("baseline waive {PROGRAM} --reason x --for 1d --key {SHELF}/mallory.key"))
        .refused(&["`mallory` may not sign any more"]);
    n1.ok(&format!("baseline waive {PROGRAM} --reason x --for 1d --key {SHELF}/alice.key"));
    assert!(n2.ok("baseline show").contains(PROGRAM));
}

#[test]
fn a_baseline_that_is_none_of_this_cluster_or_of_this_program_is_refused_with_the_reason() {
    let Some(shelf) = Shelf::or_skip(test_name!()) else { return };
    let cluster = formed!(3);
    let [n1, _, _] = cluster.all();
    validated(&cluster, &shelf);
    let file = format!("{SHELF}/next.json");
    n1.ok(&format!("baseline capture --out {file}"));
    let text = String::from_utf8(n1.read_file(&file)).unwrap();
    let told = n1.tells(events::ClusterFormed::ENTRY);
    let id = told.fields["cluster_id"].as_str().unwrap().to_owned();
    let refused = |text: &str, words: &[&str]| {
        n1.write_file(&file, text);
        let ran = n1.run(&format!("baseline raise --file {file}"));
        assert_ne!(ran.code, Some(0), "{words:?}: {text}");
        ran.refused(words);
    };
    let other = text.replace(&id, &"0".repeat(id.len()));
    assert_ne!(other, text, "the document names its cluster {id}: {text}");
    refused(&other, &["another cluster"]);
    refused("{}", &[&file]);
    refused("no JSON", &[&file]);
    let newer = text.replace(r#"\"version\":1"#, r#"\"version\":9"#);
    assert_ne!(newer, text, "the document says its version: {text}");
    refused(&newer, &["version"]);
    // What was signed is not what is there.
    n1.write_file(&file, &text);
    n1.ok(&format!("baseline signer add bob --public-key {}", key(n1, "bob")));
    n1.ok(&format!("baseline sign {file} --key {SHELF}/bob.key"));
    let signed = String::from_utf8(n1.read_file(&file)).unwrap();
    refused(
        &signed.replace(LIBRARY, "/usr/lib/helped/another"),
        &["signature is no good", "`bob` signed something else"],
    );
    // Somebody was faster.
    n1.ok("baseline waive /usr/bin/helped --reason x --for 1d --key /steadfast/shelf/bob.key");
    refused(&signed, &["baseline"]);
}
