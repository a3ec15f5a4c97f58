//! Checks of something else: it comes, it goes, it hangs, it answers nonsense.

use super::client::{Client, id, with_monitor};
use crate::types::Registry;
use model::desired::Value;
use resource_api::message::NoticedBy;
use resource_api::{Checks, Failure, FromMonitor, Outcome, ToMonitor, Verb, Verdict};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const NEVER: Checks = Checks {
    looks_alive_ms: 0,
    looks_alive_deadline_ms: 10_000,
    is_alive_ms: 0,
    is_alive_deadline_ms: 10_000,
};

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn command(words: &[&str]) -> (&'static str, Value) {
    ("command", Value::List(words.iter().map(|word| (*word).to_owned()).collect()))
}

async fn online(daemon: &mut Client, deadline: Duration) -> Outcome {
    let asked = daemon.ask("a", Verb::Online, deadline).await;
    daemon.answer(asked).await
}

/// A server that answers every connection with this, and hangs if it is nothing.
async fn server(answer: &'static [u8]) -> String {
    server_at("127.0.0.1:0", answer).await
}

async fn server_at(address: &str, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if !answer.is_empty() {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(answer).await;
            } else {
                held.push(stream);
            }
        }
    });
    address
}

#[test]
fn what_answers_is_online_and_is_remembered() {
    with_monitor(Registry::of_this_machine(), async |mut daemon| {
        let good = server(b"HTTP/1.1 302 Found\r\n\r\n").await;
        for what in [
            ("url", text(format!("http://{good}/x?y"))),
            ("tcp", text(good)),
            command(&["/bin/sh", "-c", "exit 0"]),
        ] {
            daemon.open_with("a", "health-check", [what], NEVER).await;
            assert_eq!(daemon.call("a", Verb::Probe).await, Outcome::not_running());
            assert_eq!(daemon.call("a", Verb::Online).await, Outcome::done());
            for look in [Verb::Probe, Verb::LooksAlive, Verb::IsAlive] {
                assert_eq!(daemon.call("a", look).await, Outcome::running());
            }
            assert_eq!(daemon.call("a", Verb::Offline).await, Outcome::done());
        }
    });
}

#[test]
fn addresses_of_ipv6_and_names_are_checked_as_well() {
    with_monitor(Registry::of_this_machine(), async |mut daemon| {
        if TcpListener::bind("[::1]:0").await.is_err() {
            eprintln!("SKIPPED addresses_of_ipv6_and_names_are_checked_as_well: no IPv6 here");
            return;
        }
        let good = server_at("[::1]:0", b"HTTP/1.1 200 OK\r\n\r\n").await;
        let local = server(b"HTTP/1.1 200 OK\r\n\r\n").await.replace("127.0.0.1", "localhost");
        for what in [
            ("url", text(format!("http://{good}/"))),
            ("tcp", text(good)),
            ("url", text(format!("http://{local}/"))),
        ] {
            daemon.open_with("a", "health-check", [what], NEVER).await;
            assert_eq!(daemon.call("a", Verb::Online).await, Outcome::done());
            assert_eq!(daemon.call("a", Verb::IsAlive).await, Outcome::running());
            assert_eq!(daemon.call("a", Verb::Offline).await, Outcome::done());
        }
    });
}

#[test]
fn what_does_not_answer_as_it_should_is_no_online_and_says_why() {
    with_monitor(Registry::of_this_machine(), async |mut daemon| {
        let (error, nonsense) = (server(b"HTTP/1.1 503 No\r\n\r\n").await, server(b"SSH-2.0-x\r\n").await);
        let (endless, hangs) = (server(&[b'x'; 4096]).await, server(b"").await);
        for (what, words) in [
            (("url", text(format!("http://{error}"))), "answered with status 503"),
            (("url", text(format!("http://{nonsense}"))), "is not HTTP"),
            (("url", text(format!("http://{endless}"))), "is not HTTP"),
            (("url", text(format!("http://{hangs}"))), "no answer within"),
            (("url", text("http://127.0.0.1:1/")), "cannot connect"),
            (("tcp", text("127.0.0.1:1")), "cannot connect"),
            (command(&["/bin/sh", "-c", "echo bad; exit 7"]), "ended with code 7"),
            (command(&["/bin/sleep", "1000"]), "no answer within"),
            (command(&["/no/such"]), "cannot run /no/such"),
        ] {
            let quick = ("timeout", text("100ms"));
            daemon.open_with("a", "health-check", [what, quick], NEVER).await;
            let outcome = online(&mut daemon, Duration::from_millis(600)).await;
            assert!(outcome.text.contains(words), "{words}: {outcome}");
            assert_eq!(daemon.call("a", Verb::Probe).await, Outcome::not_running());
        }
    });
}

#[test]
fn what_is_not_exactly_one_question_is_not_configured() {
    with_monitor(Registry::of_this_machine(), async |mut daemon| {
        let both = [("url", text("http://a")), ("tcp", text("10.0.0.1:80"))];
        daemon.open_with("a", "health-check", both, NEVER).await;
        let outcome = daemon.call("a", Verb::Online).await;
        assert_eq!(outcome.verdict, Verdict::Failed { failure: Failure::NotConfigured });
        let none = [("tcp", text("10.0.0.1:80")), ("failures", Value::Number(0))];
        daemon.open_with("a", "health-check", none, NEVER).await;
        assert!(daemon.call("a", Verb::Validate).await.text.contains("`failures` is to be at least 1"));
        for wrong in
            [("url", text("https://a")), ("url", text("a")), ("tcp", text("a:80")), command(&["true"])]
        {
            daemon.open_with("a", "health-check", [wrong], NEVER).await;
            let outcome = daemon.call("a", Verb::Validate).await;
            assert_eq!(outcome.verdict, Verdict::Failed { failure: Failure::NotConfigured }, "{outcome}");
        }
    });
}

#[test]
fn so_many_failures_in_a_row_are_told_and_that_it_works_again_too() {
    with_monitor(Registry::of_this_machine(), async |mut daemon| {
        let folder = tempfile::tempdir().unwrap();
        let (flag, count) = (folder.path().join("good"), folder.path().join("count"));
        std::fs::write(&flag, "").unwrap();
        let script = format!("echo x >> '{}'; test -e '{}'", count.display(), flag.display());
        let what = [
            command(&["/bin/sh", "-c", &script]),
            ("interval", text("50ms")),
            ("failures", Value::Number(3)),
        ];
        let looks = Checks { looks_alive_ms: 50, ..NEVER };
        daemon.open_with("a", "health-check", what, looks).await;
        assert_eq!(daemon.call("a", Verb::Online).await, Outcome::done());
        daemon.say(&ToMonitor::Watch { id: id("a"), on: true }).await;
        std::fs::remove_file(&flag).unwrap();
        std::fs::write(&count, "").unwrap();
        let told = daemon
            .hear(|said| match said {
                FromMonitor::Changed { outcome, noticed_by, .. } => Some((outcome.clone(), *noticed_by)),
                _ => None,
            })
            .await;
        assert!(told.0.text.contains("code 1, 3 times in a row"), "{told:?}");
        assert!(matches!(told.1, NoticedBy::Event | NoticedBy::LooksAlive));
        assert!(std::fs::read_to_string(&count).unwrap().lines().count() >= 3);
        std::fs::write(&flag, "").unwrap();
        assert_eq!(daemon.change("a").await, Outcome::running());
    });
}
