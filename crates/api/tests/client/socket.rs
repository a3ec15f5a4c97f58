//! The local socket.

use crate::server::{json, on_socket};
use api::client::{Cause, Client, ClientError};
use api::{Problem, ProblemKind, TokenRequest};
use tempfile::tempdir;

#[tokio::test]
async fn a_missing_socket_names_the_path_and_the_next_command() {
    let error = Client::unix("/nonexistent/steadfast.sock").export().await.unwrap_err();
    let ClientError::Unreachable { tried } = &error else { panic!("{error:?}") };
    assert_eq!(tried[0].cause, Cause::SocketMissing);
    assert_eq!(error.what(), "the Steadfast daemon of this machine cannot be reached");
    assert!(error.why()[0].starts_with("/nonexistent/steadfast.sock: no such socket"), "{error}");
    assert!(error.next().unwrap().contains("systemctl status steadfast"));
}

#[tokio::test]
async fn a_socket_that_a_killed_daemon_left_behind_is_told_from_a_missing_one() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("s");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let error = Client::unix(&path).export().await.unwrap_err();
    assert!(error.to_string().contains("not running any more"), "{error}");
}

#[tokio::test]
async fn requests_carry_their_path_and_body_and_answers_are_typed() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("s");
    let made = r#"{"token":"sfj1_x","expires":"2026-11-22T18:30:00.000Z","address":"10.0.0.1:7400"}"#;
    let seen = on_socket(&path, json("200 OK", made));
    let request = TokenRequest { node: Some("n2".to_owned()), ttl_s: None };
    assert_eq!(Client::unix(&path).token_create(&request).await.unwrap().token, "sfj1_x");
    let seen = seen.lock().unwrap().remove(0);
    assert!(seen.starts_with("POST /v1/tokens HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with(r#"{"node":"n2","ttl_s":null}"#), "{seen}");
    assert!(!seen.to_lowercase().contains("authorization"), "{seen}");
}

#[tokio::test]
async fn a_problem_arrives_as_it_was_sent() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("s");
    let sent =
        Problem::new(ProblemKind::NoQuorum, "no quorum: n2 and n3 are missing").next("steadfast status");
    on_socket(&path, json("503 Service Unavailable", &serde_json::to_string(&sent).unwrap()));
    let node = "n2".parse().unwrap();
    match Client::unix(&path).evict(&node).await.unwrap_err() {
        ClientError::Problem(problem) => assert_eq!(*problem, sent),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_steadfast_is_called_foreign() {
    let page = "<html>Welcome to nginx</html>";
    for answer in [
        json("200 OK", page),
        json("404 Not Found", page),
        json("200 OK", r#"{"revision":"x"}"#),
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
    ] {
        let dir = tempdir().unwrap();
        let path = dir.path().join("s");
        on_socket(&path, answer);
        let error = Client::unix(&path).export().await.unwrap_err();
        assert!(matches!(error, ClientError::Foreign { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_collected() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("s");
    let size = 65 << 20;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
    on_socket(&path, [head.into_bytes(), vec![b' '; size]].concat());
    let error = Client::unix(&path).export().await.unwrap_err();
    assert!(error.to_string().contains("longer than 64 MiB"), "{error}");
}

#[tokio::test]
async fn a_write_without_an_answer_says_that_nobody_knows() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("s");
    on_socket(&path, Vec::new());
    let node = "n2".parse().unwrap();
    let error = Client::unix(&path).evict(&node).await.unwrap_err();
    assert!(matches!(error, ClientError::Unanswered(_)), "{error:?}");
    assert!(error.to_string().contains("nobody knows"), "{error}");
    let error = Client::unix(&path).export().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "a read changed nothing: {error:?}");
}
