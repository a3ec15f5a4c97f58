//! Commands that only read.

use crate::fake::Fake;
use crate::steadfast::{asking, command, run};
use std::io::Read;
use std::process::Stdio;

/// A status as a node answers it, on one line.
pub(crate) const STATUS: &str = r#"{"cluster":"shop","revision":42,"node":"n1","leader":"n1","as_of":"2026-11-22T18:30:00.000Z","profile":"default","version":"0.1.0","standing":{"phase":"member","text":"a member, and the cluster has quorum","next":null},"quorum":{"has":true,"votes":1,"needed":1,"present":1,"missing":[],"witness":null},"database":{"state":"ok","reason":null,"free_bytes":1073741824},"baseline":{"generation":null,"rollout":null},"nodes":[{"name":"n1","id":1,"state":"up","voter":true,"lease_remaining_ms":null,"last_seen_ms":null,"networks":[{"address":"10.99.0.1","state":"up"}],"not_ready":[],"version":"0.1.0","failure_domain":null,"joined":"2026-11-22T18:00:00.000Z"}],"groups":[{"name":"web","state":"offline","owner":null,"generation":0,"reason":"not run by this version","protected_by":null,"takeover_bound_ms":null,"resources":[{"name":"ip","type":"ip-address","state":"offline"}]}],"alarms":[]}"#;

const EVENTS: &str = r#"{"events":[{"seq":17,"node":"n2","time":"2026-11-22T18:30:00.000Z","id":1011,"name":"NODE_EVICTED","level":"warning","text":"Node n3 was evicted.","fields":{}}],"silent":[{"node":"n3","reason":"it is down"}]}"#;

/// `json` without the white space between its parts; good for texts without spaces after commas and colons.
fn squeezed(json: &str) -> String {
    json.lines().map(|line| line.trim_start().replacen("\": ", "\":", 1)).collect()
}

#[test]
fn json_is_what_the_node_said_in_its_order() {
    let fake = Fake::new().answer("GET /v1/status", STATUS).answer("GET /v1/events", EVENTS);
    let done = run(asking(&fake, "status --json"));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(squeezed(&done.stdout), STATUS);
    let done = run(asking(&fake, "events --json"));
    // The events themselves; who is silent is said on standard error.
    let events = EVENTS.trim_start_matches(r#"{"events":"#).split(r#","silent""#).next().unwrap();
    assert_eq!(squeezed(&done.stdout), events);
    assert_eq!(done.stderr, "warning: n3 did not answer, its events are missing: it is down\n");
}

#[test]
fn parts_of_the_status_have_commands_of_their_own() {
    let fake = Fake::new().answer("GET /v1/status", STATUS);
    for (arguments, word) in [
        ("status", "node     n1: a member"),
        ("group list", "web    offline"),
        ("group show web", "ip-address"),
        ("resource list", "web    ip"),
        ("resource show web/ip", "type      ip-address"),
    ] {
        let done = run(asking(&fake, arguments));
        assert_eq!(done.code, Some(0), "{arguments}: {done:?}");
        assert!(done.stdout.contains(word), "{arguments}: {done:?}");
    }
    let done = run(asking(&fake, "group show wbe"));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("did you mean `web`?"), "{done:?}");
    let done = run(asking(&fake, "resource show ip --json"));
    assert!(done.stdout.contains("\"group\": \"web\""), "{done:?}");
}

#[test]
fn filters_reach_the_node() {
    let fake = Fake::new().answer("GET /v1/events", EVENTS);
    let done = run(asking(&fake, "events --since 15m --id node_evicted --node n2 --level warning -n 5"));
    assert_eq!(done.stdout, "2026-11-22T18:30:00.000Z  n2        warning    1011  Node n3 was evicted.\n");
    let asked = &fake.asked()[0].line;
    assert_eq!(asked, "GET /v1/events?id=1011&level=warning&limit=5&node=n2&since=15m");
}

#[test]
fn an_export_is_byte_for_byte() {
    let text = "# Grüße\r\n[cluster]\n\nname = \"shop\"   # no line end after this";
    let answer = serde_json::json!({ "revision": 7, "text": text }).to_string();
    let fake = Fake::new().answer("GET /v1/export", &answer);
    let done = run(asking(&fake, "export"));
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (Some(0), text, ""));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let answer = serde_json::json!({ "revision": 7, "text": "x".repeat(1 << 20) }).to_string();
    let fake = Fake::new().answer("GET /v1/export", &answer);
    let mut child = asking(&fake, "export").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 1]).unwrap();
    drop(stdout);
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let fake = Fake::new().answer("GET /v1/status", STATUS);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let done = asking(&fake, "status").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert!(stderr.contains("cannot write to standard output"), "{stderr}");
}

#[test]
fn colours_are_for_terminals_unless_they_are_asked_for() {
    let fake = Fake::new().answer("GET /v1/status", STATUS);
    assert!(!run(asking(&fake, "status")).stdout.contains('\u{1b}'));
    assert!(run(asking(&fake, "status --color always")).stdout.contains("\u{1b}[32mup\u{1b}[0m"));
}

#[test]
fn columns_can_be_set_and_are_then_kept() {
    let fake = Fake::new().answer("GET /v1/status", STATUS);
    let mut narrow = asking(&fake, "status");
    narrow.env("COLUMNS", "40");
    let done = run(narrow);
    assert!(done.stdout.lines().all(|line| line.chars().count() <= 40), "{}", done.stdout);
}

#[test]
fn help_and_version_go_to_standard_output() {
    for arguments in ["--help", "--version", "apply --help", "help token create"] {
        let done = run(command(arguments));
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{arguments}");
        assert!(!done.stdout.is_empty());
    }
    let help = run(command("--help")).stdout;
    assert!(help.contains("Exit codes: 0 done, 1 refused or failed"), "{help}");
}
