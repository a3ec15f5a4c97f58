//! A node of a few lines: answers with what it was given, and remembers what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A fake node on a socket of its own. Its thread ends with the test's process.
pub(crate) struct Fake {
    folder: TempDir,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// By method and path; each answer is given once, the last one for ever.
    answers: Mutex<HashMap<String, Vec<Vec<u8>>>>,
    asked: Mutex<Vec<Asked>>,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Its first line without the version: `GET /v1/status?x=y`.
    pub(crate) line: String,
    /// Its body.
    pub(crate) body: String,
}

impl Fake {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let shared = Arc::new(Shared::default());
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that goes away in the middle is part of some tests.
                let _ = serve(&stream, &served);
            }
        });
        Self { folder, shared }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// Answers `line` (method and path) with a document; called again, with the next one after it.
    pub(crate) fn answer(self, line: &str, body: &str) -> Self {
        self.raw(line, http("200 OK", body))
    }

    /// Answers `line` with a problem.
    pub(crate) fn problem(self, line: &str, status: u16, body: &str) -> Self {
        self.raw(line, http(&format!("{status} Problem"), body))
    }

    /// Answers `line` with server-sent events, and ends the stream.
    pub(crate) fn stream(self, line: &str, events: &[String]) -> Self {
        let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        self.raw(line, format!("{head}: alive\n\n{events}").into_bytes())
    }

    fn raw(self, line: &str, answer: Vec<u8>) -> Self {
        self.shared.answers.lock().unwrap().entry(line.to_owned()).or_default().push(answer);
        self
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

fn http(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn serve(stream: &UnixStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let line = first.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = line.split('?').next().unwrap_or_default().to_owned();
    shared.asked.lock().unwrap().push(Asked { line, body: String::from_utf8(body).unwrap() });
    let answer = match shared.answers.lock().unwrap().get_mut(&path) {
        Some(answers) if answers.len() > 1 => answers.remove(0),
        Some(answers) => answers[0].clone(),
        None => http("404 Not Found", r#"{"kind":"not-found","message":"the test has no answer for this"}"#),
    };
    let mut stream = stream;
    stream.write_all(&answer)
}
