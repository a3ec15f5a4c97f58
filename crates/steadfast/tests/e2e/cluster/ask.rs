//! Requests by hand, over the local socket and over TLS: those that no well-behaved client makes.

use super::Node;
use api::Problem;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Longer than any answer takes; a server that says nothing at all fails the test.
const SILENCE: std::time::Duration = super::PATIENCE;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The problem that it tells.
    #[track_caller]
    pub(crate) fn problem(&self) -> Problem {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no problem: {self:?}"))
    }
}

/// A certificate and its key, PEM.
pub(crate) struct Proof<'a> {
    pub(crate) certificate: &'a str,
    pub(crate) key: &'a str,
}

impl Node<'_> {
    /// Asks its daemon over the local socket.
    pub(crate) fn ask_locally(self, method: &str, path: &str, body: &str) -> Answer {
        let stream = self.within(|| UnixStream::connect("/run/steadfast/steadfast.sock")).unwrap();
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        exchange(stream, &request(method, path, "", body))
    }

    /// Connects from this host to a node's address over TLS.
    pub(crate) fn connect(
        self,
        to: &str,
        ca: &str,
        proof: Option<&Proof<'_>>,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(roots);
        let config = match proof {
            None => config.with_no_client_auth(),
            Some(Proof { certificate, key }) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(vec![certificate], key).unwrap()
            }
        };
        let name = ServerName::try_from(api::client::SERVER_NAME).unwrap();
        let stream = self.within(|| TcpStream::connect(to)).unwrap();
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
    }
}

/// The text of a request; `headers` are whole lines.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: steadfast\r\nconnection: close\r\ncontent-length: {length}\r\n\
         {headers}\r\n{body}"
    )
}

/// Sends a request and reads the answer.
#[track_caller]
pub(crate) fn exchange(stream: impl Read + Write, request: &str) -> Answer {
    exchange_if_heard(stream, request).expect("an answer")
}

/// The same for a request of which the server may have had enough before its end: it then answers
/// and closes, and the answer is lost with the rest of the request.
#[track_caller]
pub(crate) fn exchange_if_heard(mut stream: impl Read + Write, request: &str) -> Option<Answer> {
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("the server says nothing: {error}")
        }
        // Without the last words of TLS, or reset: what was read counts.
        Ok(_) | Err(_) => {}
    }
    if answer.is_empty() {
        return None;
    }
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("not an answer: {answer:?}"));
    Some(Answer { status, body: body.to_owned() })
}
