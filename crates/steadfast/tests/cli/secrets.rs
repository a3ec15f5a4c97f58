//! Commands that carry secrets: where those go, and where not.

use crate::fake::Fake;
use crate::steadfast::{asking, run, run_with};
use std::os::unix::fs::PermissionsExt;

const JOINED: &str =
    r#"{"cluster":"shop","node":"n2","voter":true,"warnings":["10.99.1.2 does not answer"]}"#;

#[test]
fn init_prints_the_line_that_makes_another_node_join() {
    let answer = r#"{"cluster":"shop","node":"n1","address":"10.99.0.1:7400","token":"sfj1_x","token_expires":"2026-11-22T19:30:00.000Z"}"#;
    let fake = Fake::new().answer("POST /v1/init", answer);
    let done = run(asking(&fake, "init --name shop"));
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(0), "steadfast join 10.99.0.1:7400 --token sfj1_x\n")
    );
    assert!(done.stderr.contains("shop is formed, n1 is its first node"), "{done:?}");
    assert_eq!(fake.asked()[0].body, r#"{"name":"shop"}"#);
}

#[test]
fn token_create_prints_the_token_and_nothing_else() {
    let answer = r#"{"token":"sfj1_x","expires":"2026-11-22T19:30:00.000Z","address":"10.99.0.1:7400"}"#;
    let fake = Fake::new().answer("POST /v1/tokens", answer);
    let done = run(asking(&fake, "token create --node n2 --ttl 90m"));
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "sfj1_x\n"));
    assert!(done.stderr.contains("steadfast join 10.99.0.1:7400 --token -"), "{done:?}");
    assert_eq!(fake.asked()[0].body, r#"{"node":"n2","ttl_s":5400}"#);
}

#[test]
fn join_takes_the_token_from_standard_input() {
    let fake = Fake::new().answer("POST /v1/join", JOINED);
    let done = run_with(asking(&fake, "join 10.99.0.1 --token -"), " sfj1_x\n");
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""));
    assert_eq!(done.stderr, "n2 is a member of shop and votes\nwarning: 10.99.1.2 does not answer\n");
    assert_eq!(fake.asked()[0].body, r#"{"address":"10.99.0.1:7400","token":"sfj1_x"}"#);
    let done = run(asking(&fake, "join 10.99.0.1:7400 --token sfj1_y"));
    assert_eq!(done.code, Some(0));
    assert!(fake.asked()[1].body.contains("sfj1_y"));
}

#[test]
fn join_without_a_token_asks_nobody() {
    let fake = Fake::new().answer("POST /v1/join", JOINED);
    let done = run_with(asking(&fake, "join 10.99.0.1 --token -"), "\n");
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("no join token on standard input"), "{done:?}");
    assert!(fake.asked().is_empty());
}

#[test]
fn lists_show_no_secret_and_say_so_when_they_are_empty() {
    let token = r#"[{"id":"0101010101010101","node":null,"state":"used","by":"root on n1","expires":"2026-11-22T19:30:00.000Z","used_by":"n2"}]"#;
    let credential = r#"[{"name":"ops","form":"token","role":"administrator","by":"root on n1","created":"2026-11-22T18:30:00.000Z","expires":null}]"#;
    let fake = Fake::new()
        .answer("GET /v1/tokens", token)
        .answer("GET /v1/tokens", "[]")
        .answer("GET /v1/credentials", credential)
        .answer("GET /v1/credentials", "[]");
    assert!(run(asking(&fake, "token list")).stdout.contains("0101010101010101  any   used by n2"));
    assert_eq!(run(asking(&fake, "token list")).stdout, "no join tokens\n");
    assert!(run(asking(&fake, "credential list")).stdout.contains("ops   token  administrator  never"));
    assert_eq!(run(asking(&fake, "credential list --json")).stdout, "[]\n");
}

#[test]
fn a_certificate_is_written_for_its_owner_alone() {
    let answer = r#"{"name":"ops","token":null,"certificate":"CERT\n","key":"KEY\n","ca_certificate":"CA\n","expires":null}"#;
    let fake = Fake::new().answer("POST /v1/credentials", answer);
    let folder = fake.socket().with_file_name("out");
    let create = format!("credential create ops --certificate --out {}", folder.display());
    let done = run(asking(&fake, &create));
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""), "{done:?}");
    assert_eq!(std::fs::read_to_string(folder.join("ca.pem")).unwrap(), "CA\n");
    assert_eq!(std::fs::read_to_string(folder.join("ops.key")).unwrap(), "KEY\n");
    assert_eq!(folder.join("ops.key").metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let again = run(asking(&fake, &create));
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("ca.pem"), "{again:?}");
    assert_eq!(fake.asked().len(), 1, "nothing is made that could not be kept");
}

#[test]
fn a_refused_credential_leaves_no_file_behind() {
    let refusal = r#"{"kind":"conflict","message":"a credential named `ops` exists"}"#;
    let fake = Fake::new().problem("POST /v1/credentials", 409, refusal);
    let folder = fake.socket().with_file_name("out");
    let done = run(asking(&fake, &format!("credential create ops --out {}", folder.display())));
    assert_eq!(done.code, Some(1));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn an_api_token_is_alone_on_standard_output() {
    let answer = r#"{"name":"ops","token":"sfa1_x","certificate":null,"key":null,"ca_certificate":"CA\n","expires":null}"#;
    let fake = Fake::new().answer("POST /v1/credentials", answer);
    let done = run(asking(&fake, "credential create ops --ttl 90d"));
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "sfa1_x\n"));
    assert_eq!(fake.asked()[0].body, r#"{"name":"ops","form":"token","ttl_s":7776000}"#);
}
