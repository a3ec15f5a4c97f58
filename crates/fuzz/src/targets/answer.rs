//! What the command line is answered, by something that only says that it is a node.

use super::talk::runtime;
use super::{Target, ensure};
use crate::{corpus, panics};
use api::EventQuery;
use api::client::{Client, ClientError};
use model::stored::EventRecord;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;

/// The answer to `status`.
pub(super) const ANSWER: Target = Target {
    name: "answer",
    reads: "the answer of a hostile node to `status`",
    run: |bytes| {
        House::with(|house| match house.ask(&[bytes], async |client| client.status().await)? {
            Ok(status) => {
                let again = serde_json::to_vec(&status).map_err(|error| error.to_string())?;
                let same = serde_json::from_slice(&again).is_ok_and(|same: api::Status| same == status);
                ensure(same, "a status is decoded otherwise the second time")?;
                shown(&cli::fuzzing::status(&status, Some(80)))?;
                shown(&cli::fuzzing::status(&status, None))
            }
            Err(error) => shown(&cli::fuzzing::failure(error)),
        })
    },
    seeds: || corpus::files(&["fuzz/corpus/answer"]),
    words: &[
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "Connection: upgrade\r\nUpgrade: x\r\n",
        "ffffffffffffffff\r\n",
        "0\r\n\r\n",
        "\u{1b}[2J",
        "\u{1b}]0;x\u{7}",
        "\u{9b}31m",
        "\\u001b[31m",
        "\u{e0101}",
        "\"kind\":\"no-quorum\"",
    ],
};

/// The body of a stream of events.
pub(super) const STREAM: Target = Target {
    name: "event-stream",
    reads: "the events that a hostile node sends",
    run: |bytes| {
        House::with(|house| {
            let (events, ended) = house.stream(bytes)?;
            // The least that makes one: `data:{}` and an empty line.
            ensure(events.len() <= bytes.len() / 8, "more events came out than can be in there")?;
            for event in &events {
                let again = serde_json::to_vec(event).map_err(|error| error.to_string())?;
                let same = serde_json::from_slice(&again).is_ok_and(|same: EventRecord| same == *event);
                ensure(same, "an event is decoded otherwise the second time")?;
                shown(&cli::fuzzing::event(event))?;
            }
            ended.map_or(Ok(()), |error| shown(&cli::fuzzing::failure(error)))
        })
    },
    seeds: || corpus::files(&["fuzz/corpus/event-stream"]),
    words: &[
        "data:",
        "data: {}",
        "event:",
        "event: message",
        ":",
        "\r",
        "\n\n",
        "\r\r",
        "id",
        "\u{1b}[2J",
        "\\u001b",
    ],
};

/// What reaches a terminal is text and line ends; anything else a terminal may obey.
fn shown(text: &str) -> Result<(), String> {
    let obeyed = text.chars().find(|char| char.is_control() && *char != '\n');
    obeyed.map_or(Ok(()), |char| Err(format!("{char:?} would reach the terminal in {text:?}")))
}

/// A socket at which whoever asks is answered with the next input.
struct House {
    runtime: Runtime,
    listener: UnixListener,
    client: Client,
    _dir: TempDir,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("the test needs a folder");
        let socket = dir.path().join("socket");
        let runtime = runtime();
        let listener = runtime.block_on(async { UnixListener::bind(&socket) }).expect("the folder is empty");
        Self { runtime, listener, client: Client::unix(socket), _dir: dir }
    }

    /// One per thread, since all its tasks run on that thread.
    fn with<R>(use_it: impl FnOnce(&Self) -> R) -> R {
        thread_local! { static HOUSE: House = House::new(); }
        HOUSE.with(use_it)
    }

    /// Follows events, and is answered with a stream of this body. Returns what came, and why it ended
    /// early if it did.
    fn stream(&self, body: &[u8]) -> Result<(Vec<EventRecord>, Option<ClientError>), String> {
        const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        self.ask(&[HEAD, body], async |client| {
            let mut events = Vec::new();
            let mut stream = match client.events_stream(&EventQuery::default()).await {
                Ok(stream) => stream,
                Err(error) => return (events, Some(error)),
            };
            loop {
                match stream.next().await {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => return (events, None),
                    Err(error) => return (events, Some(error)),
                }
            }
        })
    }

    /// Asks once, and is answered with `parts`.
    fn ask<R>(&self, parts: &[&[u8]], ask: impl AsyncFnOnce(&Client) -> R) -> Result<R, String> {
        let answer = async {
            let Ok((mut stream, _)) = self.listener.accept().await else { return };
            // The whole request: what was left unread would break the connection instead of ending it.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                if !matches!(stream.read_buf(&mut request).await, Ok(read) if read > 0) {
                    return;
                }
            }
            for part in parts {
                // A client that has heard enough hangs up.
                if stream.write_all(part).await.is_err() {
                    return;
                }
            }
        };
        let (asked, ()) = self.runtime.block_on(async { tokio::join!(ask(&self.client), answer) });
        panics::noted().map_or(Ok(asked), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn the_seeds_are_understood() {
        House::with(|house| {
            for name in ["status.txt", "chunked.txt", "closed.txt"] {
                let answer = seed(&format!("answer/{name}"));
                let status = house.ask(&[&answer], async |client| client.status().await).unwrap();
                assert_eq!(status.unwrap().groups[0].name, "web", "{name}");
            }
            for (name, count) in [("events.txt", 3), ("comments.txt", 3), ("lines.txt", 1)] {
                let (events, ended) = house.stream(&seed(&format!("event-stream/{name}"))).unwrap();
                assert_eq!((events.len(), ended.is_none()), (count, true), "{name}");
            }
        });
    }
}
