//! Commands that go on until they are interrupted.

use crate::fake::Fake;
use crate::reading::STATUS;
use crate::steadfast::asking;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A command that goes on; it is ended with the test.
struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line. A command that is silent for ever is ended by the test runner's own limit.
    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn event(node: &str, seq: u64, text: &str) -> String {
    let time = "2026-11-22T18:30:00.000Z";
    serde_json::json!({ "seq": seq, "node": node, "time": time, "id": 1011, "name": "NODE_EVICTED",
        "level": "warning", "text": text, "fields": {} })
    .to_string()
}

#[test]
fn followed_events_begin_with_the_latest_and_survive_a_lost_connection() {
    let old = event("n2", 9, "old");
    let (one, two, three) = (event("n1", 1, "one"), event("n1", 2, "two"), event("n1", 3, "three"));
    let fake = Fake::new()
        .answer("GET /v1/events", &format!(r#"{{"events":[{old},{one}],"silent":[]}}"#))
        .stream("GET /v1/events/stream", &[one.clone(), two.clone()])
        .stream("GET /v1/events/stream", &[old, one, two, three]);
    let mut running = Running::start(asking(&fake, "events --follow -n 1"));
    let texts: Vec<String> = (0..3).map(|_| running.line().rsplit(' ').next().unwrap().to_owned()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    let asked: Vec<String> = fake.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(asked[0], "GET /v1/events/stream");
    assert_eq!(asked[1], "GET /v1/events");
    assert_eq!(asked[2], "GET /v1/events/stream?since=2026-11-22T18%3A29%3A00.000Z");
}

#[test]
fn followed_events_in_json_are_one_document_a_line() {
    let fake = Fake::new().stream("GET /v1/events/stream", &[event("n1", 1, "one"), event("n2", 1, "two")]);
    let mut running = Running::start(asking(&fake, "events --follow --since 1h --json"));
    let seen: Vec<serde_json::Value> =
        (0..2).map(|_| serde_json::from_str(&running.line()).unwrap()).collect();
    assert_eq!(seen[1]["node"], "n2");
}

#[test]
fn a_watched_status_is_printed_once_per_change() {
    let later = STATUS.replace("18:30:00.000Z", "18:30:01.000Z");
    let changed = later.replace("\"revision\":42", "\"revision\":43");
    let fake = Fake::new()
        .answer("GET /v1/status", STATUS)
        .answer("GET /v1/status", &later)
        .answer("GET /v1/status", &changed);
    let mut running = Running::start(asking(&fake, "status --watch --json"));
    assert_eq!(running.line(), STATUS);
    assert_eq!(running.line(), changed, "what only the clock changed is not printed");
}

#[test]
fn following_nobody_is_4() {
    for arguments in ["events --follow", "status --watch"] {
        let done =
            crate::steadfast::run(crate::steadfast::command(&format!("{arguments} --socket /nonexistent/s")));
        assert_eq!(done.code, Some(4), "{done:?}");
    }
}
