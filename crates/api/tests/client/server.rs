//! Servers of a few lines: they read one request per connection and answer with given bytes.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The requests that a server has received, headers and body.
pub(crate) type Seen = Arc<Mutex<Vec<String>>>;

/// An answer in JSON with its length.
pub(crate) fn json(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Answers every connection to a new socket at `path` with `answer`.
pub(crate) fn on_socket(path: &Path, answer: Vec<u8>) -> Seen {
    let listener = UnixListener::bind(path).unwrap();
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            serve(stream, &answer, &record);
        }
    });
    seen
}

/// Answers every connection to a new port with `answer`, through TLS if a configuration is given.
pub(crate) fn on_port(tls: Option<rustls::ServerConfig>, answer: Vec<u8>) -> (model::Endpoint, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = model::Endpoint(listener.local_addr().unwrap());
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    let tls = tls.map(Arc::new);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            match &tls {
                None => serve(stream, &answer, &record),
                Some(config) => {
                    let session = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                    serve(rustls::StreamOwned::new(session, stream), &answer, &record);
                }
            }
        }
    });
    (address, seen)
}

/// Whatever goes wrong with one connection ends that connection, as in any server.
fn serve(mut stream: impl Read + Write, answer: &[u8], seen: &Seen) {
    if let Some(request) = request(&mut stream) {
        seen.lock().unwrap().push(request);
        let _ = stream.write_all(answer).and_then(|()| stream.flush());
    }
}

fn request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // What cannot become HTTP is answered at once, as web servers do.
        if bytes.first().is_some_and(|first| !first.is_ascii_uppercase()) {
            return Some(text);
        }
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}
