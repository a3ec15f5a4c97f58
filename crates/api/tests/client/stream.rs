//! Events as they happen.

use crate::server::{json, on_socket};
use api::EventQuery;
use api::client::{Client, ClientError};
use tempfile::tempdir;

const EVENT: &str = r#"{"seq":17,"node":"n2","time":"2026-11-22T18:30:00.000Z","id":1011,"name":"NODE_EVICTED","level":"warning","text":"gone","fields":{}}"#;

fn stream(body: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    format!("{head}{body}").into_bytes()
}

#[tokio::test]
async fn events_arrive_one_by_one_until_the_node_ends_the_stream() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("s");
    let body = format!(": alive\n\ndata: {EVENT}\n\nevent: later-invention\ndata: 1\n\ndata: {EVENT}\n\n");
    let seen = on_socket(&path, stream(&body));
    let query = EventQuery { since: Some("15m".to_owned()), ..EventQuery::default() };
    let mut stream = Client::unix(&path).events_stream(&query).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().seq, 17);
    assert_eq!(stream.next().await.unwrap().unwrap().id, 1011);
    assert!(stream.next().await.unwrap().is_none());
    let seen = seen.lock().unwrap().remove(0);
    assert!(seen.starts_with("GET /v1/events/stream?since=15m HTTP/1.1\r\n"), "{seen}");
}

#[tokio::test]
async fn a_stream_that_breaks_in_the_middle_is_an_error_and_not_its_end() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("s");
    on_socket(&path, json("200 OK", EVENT).iter().take(120).copied().collect());
    let mut stream = Client::unix(&path).events_stream(&EventQuery::default()).await.unwrap();
    assert!(matches!(stream.next().await, Err(ClientError::Unreachable { .. })));
}

#[tokio::test]
async fn what_is_not_an_event_and_what_is_refused_are_told() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("s");
    on_socket(&path, stream("data: {}\n\n"));
    let mut stream = Client::unix(&path).events_stream(&EventQuery::default()).await.unwrap();
    assert!(matches!(stream.next().await, Err(ClientError::Foreign { .. })));

    let path = dir.path().join("t");
    on_socket(&path, json("403 Forbidden", r#"{"kind":"forbidden","message":"you may not"}"#));
    let refused = Client::unix(&path).events_stream(&EventQuery::default()).await.err().unwrap();
    assert!(matches!(refused, ClientError::Problem(_)), "{refused:?}");
}
