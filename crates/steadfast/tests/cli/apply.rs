//! `steadfast apply`.

use crate::fake::Fake;
use crate::steadfast::{asking, run, run_with};

const CHANGED: &str = r#"{"revision":42,"changed":true,"diff":["+ group web"],"warnings":[]}"#;
const SAME: &str = r#"{"revision":42,"changed":false,"diff":[],"warnings":[]}"#;
const INVALID: &str = r#"{"kind":"invalid-file","message":"unknown resource type `ip-adress`","diagnostics":[{"line":2,"column":8,"length":11,"message":"unknown resource type `ip-adress`","suggestion":"ip-address","source_line":"type = \"ip-adress\""}]}"#;

fn file(fake: &Fake, name: &str, contents: &[u8]) -> String {
    let path = fake.socket().with_file_name(name);
    std::fs::write(&path, contents).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_change_is_0_and_a_dry_run_that_would_change_is_3() {
    let fake = Fake::new().answer("POST /v1/apply", CHANGED);
    let path = file(&fake, "cluster.toml", b"[cluster]\nname = \"shop\"\n");
    let done = run(asking(&fake, &format!("apply -f {path}")));
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "+ group web\n"));
    assert_eq!(done.stderr, "applied: the cluster is at revision 42\n");
    let done = run(asking(&fake, &format!("apply -f {path} --dry-run --if-revision 41")));
    assert_eq!(done.code, Some(3));
    assert!(done.stderr.starts_with("nothing was changed"), "{done:?}");
    let asked = &fake.asked()[1].body;
    assert_eq!(asked, r#"{"text":"[cluster]\nname = \"shop\"\n","dry_run":true,"if_revision":41}"#);
    let done = run(asking(&fake, &format!("apply -f {path} --dry-run --json")));
    assert_eq!(done.code, Some(3));
    assert!(done.stdout.contains("\"changed\": true"), "{done:?}");
}

#[test]
fn a_dry_run_without_a_difference_is_0_and_the_file_may_come_from_standard_input() {
    let fake = Fake::new().answer("POST /v1/apply", SAME);
    let done = run_with(asking(&fake, "apply -f - --dry-run"), "[cluster]\n");
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""));
    assert!(fake.asked()[0].body.starts_with(r#"{"text":"[cluster]\n""#));
}

#[test]
fn mistakes_are_shown_in_their_line() {
    let fake = Fake::new().problem("POST /v1/apply", 422, INVALID);
    let path = file(&fake, "cluster.toml", b"[cluster]\ntype = \"ip-adress\"\n");
    let done = run(asking(&fake, &format!("apply -f {path}")));
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""));
    let expected = format!(
        "error: {path}:2:8: unknown resource type `ip-adress`\n  |\n2 | type = \"ip-adress\"\n  |        \
         ^^^^^^^^^^^\n  = try: ip-address\nerror: {path} has 1 mistake; nothing was changed\n"
    );
    assert_eq!(done.stderr, expected);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_nobody_is_asked() {
    let fake = Fake::new().answer("POST /v1/apply", CHANGED);
    let missing = "/nonexistent/cluster.toml".to_owned();
    for path in [missing, file(&fake, "binary", b"a\n\xff"), "/dev/zero".to_owned(), "/".to_owned()] {
        let done = run(asking(&fake, &format!("apply -f {path}")));
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.contains(&path), "{done:?}");
    }
    assert!(fake.asked().is_empty());
}
