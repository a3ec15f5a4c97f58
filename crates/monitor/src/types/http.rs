//! The smallest client of HTTP/1.1: one GET, and the status that it is answered with.
//!
//! For health checks. It follows no redirection (a status below 400 is good as it is), reads a body only
//! where a text is expected in it, and speaks no TLS: whoever has to check an `https` address knows which
//! certificates to trust, and says so to `curl` in a command.

use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    /// Name or address, without brackets.
    host: String,
    port: u16,
    /// What the server is told that its name is.
    authority: String,
    /// Path and query.
    path: String,
}

/// A status line is a few dozen bytes. Whoever sends more without an end of line speaks something else.
const STATUS_LINE_MAX: u64 = 1 << 10;

/// What is looked through for a text.
const BODY_MAX: u64 = 1 << 20;

/// What a good answer is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Expected {
    /// Its status; any below 400, if nothing is said.
    pub(super) status: Option<u16>,
    /// What its body has in it, in the first MiB.
    pub(super) text: Option<String>,
}

impl Url {
    /// Reads `http://host[:port][/path]`. The error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(rest) = text.strip_prefix("http://") else {
            return Err(match text.starts_with("https://") {
                true => {
                    "is an https address, which is not checked by itself: use \
                     command = [\"/usr/bin/curl\", \"-fsS\", \"--max-time\", \"5\", \"https://…\"]"
                }
                false => "does not begin with http://",
            });
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (host, port) = v6.split_once(']').ok_or("has a bracket without an end")?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| "has no IPv6 address in its brackets")?;
                (host, port.strip_prefix(':'))
            }
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(80), str::parse).map_err(|_| "has no port number after its colon")?;
        if host.is_empty() || authority.contains('@') {
            return Err("needs a host, and can have no user");
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let url = Self { host: host.to_owned(), port, authority: authority.to_owned(), path };
        if url.is_clean() { Ok(url) } else { Err("has a space or a control character in it") }
    }

    /// This path of the server at that address, which answers to this name.
    pub(super) fn of(address: SocketAddr, name: Option<&str>, path: &str) -> Result<Self, &'static str> {
        let authority = name.map_or_else(|| address.to_string(), str::to_owned);
        let url =
            Self { host: address.ip().to_string(), port: address.port(), authority, path: path.to_owned() };
        match path.starts_with('/') && url.is_clean() {
            true => Ok(url),
            false => Err("must begin with a slash and have no space or control character in it"),
        }
    }

    /// Fetches it: the status and, if that is wanted, what came with it; or why there is none. Whoever asks
    /// keeps the deadline.
    async fn get(&self, with_body: bool) -> Result<(u16, Vec<u8>), String> {
        let mut stream = self.connect().await?;
        // In the older version a body comes as it is, and ends with the connection.
        let version = if with_body { "1.0" } else { "1.1" };
        let request = format!(
            "GET {} HTTP/{version}\r\nHost: {}\r\nUser-Agent: steadfast\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            self.path, self.authority
        );
        let broken = |error: std::io::Error| format!("the connection to {} broke: {error}", self.authority);
        stream.write_all(request.as_bytes()).await.map_err(broken)?;
        let most = if with_body { BODY_MAX } else { STATUS_LINE_MAX };
        let (mut answer, mut stream) = (Vec::new(), stream.take(most));
        while with_body || !answer.contains(&b'\n') {
            if stream.read_buf(&mut answer).await.map_err(broken)? == 0 {
                break;
            }
        }
        let status = status(&answer).ok_or_else(|| format!("what {} answers is not HTTP", self.authority))?;
        Ok((status, answer))
    }

    /// Fetches it; the error says what is not as expected.
    pub(super) async fn check(&self, expected: &Expected) -> Result<(), String> {
        let (status, answer) = self.get(expected.text.is_some()).await?;
        let what = || format!("http://{}{} is answered with status {status}", self.authority, self.path);
        match expected.status {
            Some(wanted) if wanted != status => return Err(format!("{}, not {wanted}", what())),
            None if status >= 400 => return Err(what()),
            _ => {}
        }
        match &expected.text {
            Some(text) if !holds(&answer, text) => {
                Err(format!("{}, and {text:?} is not in what comes with it", what()))
            }
            _ => Ok(()),
        }
    }

    async fn connect(&self) -> Result<TcpStream, String> {
        let refused = |error| format!("cannot connect to {} port {}: {error}", self.host, self.port);
        match self.host.parse::<IpAddr>() {
            Ok(address) => TcpStream::connect((address, self.port)).await.map_err(refused),
            Err(_) => TcpStream::connect((self.host.as_str(), self.port)).await.map_err(refused),
        }
    }

    fn is_clean(&self) -> bool {
        let clean = |text: &str| !text.chars().any(|c| c.is_whitespace() || c.is_control());
        clean(&self.authority) && clean(&self.path)
    }
}

/// Whether the body of an answer has this in it.
fn holds(answer: &[u8], text: &str) -> bool {
    let end_of_head = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let body = end_of_head.map_or(&[][..], |at| &answer[at + 4..]);
    body.windows(text.len().max(1)).any(|part| part == text.as_bytes())
}

/// The status in the first line of an answer.
fn status(answer: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(answer.split(|byte| *byte == b'\n').next()?).ok()?;
    let mut words = line.strip_prefix("HTTP/1.")?.split_ascii_whitespace();
    words.next()?;
    words.next()?.parse().ok().filter(|status| (100..1000).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_all_their_parts() {
        let read = |text: &str| Url::parse(text).map(|url| (url.host, url.port, url.authority, url.path));
        let is = |host: &str, port, authority: &str, path: &str| {
            Ok((host.to_owned(), port, authority.to_owned(), path.to_owned()))
        };
        assert_eq!(read("http://a"), is("a", 80, "a", "/"));
        assert_eq!(read("http://a:8080/b?c#d"), is("a", 8080, "a:8080", "/b?c"));
        assert_eq!(read("http://[fd00::1]:81?q"), is("fd00::1", 81, "[fd00::1]:81", "/?q"));
        for bad in [
            "",
            "http://",
            "http:///x",
            "http://a:x",
            "http://[::1",
            "http://[a]",
            "http://u@a",
            "http://a/ b",
            "http://a/\r\nX: y",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read("https://a").unwrap_err().contains("curl"));
        let address = "127.0.0.1:80".parse().unwrap();
        assert!(Url::of(address, Some("shop"), "/a\nb").is_err() && Url::of(address, None, "a").is_err());
        assert_eq!(Url::of(address, Some("shop"), "/").unwrap().authority, "shop");
    }

    #[test]
    fn a_text_is_looked_for_in_the_body_alone() {
        let answer = b"HTTP/1.1 200 OK\r\nX: shop\r\n\r\nall \xff well\n";
        assert!(holds(answer, "well") && holds(answer, "all "));
        assert!(!holds(answer, "shop") && !holds(answer, "ill") && !holds(b"HTTP/1.1 200 OK\r\n", "OK"));
    }

    #[test]
    fn only_a_status_line_has_a_status() {
        assert_eq!(status(b"HTTP/1.1 204 No Content\r\n"), Some(204));
        assert_eq!(status(b"HTTP/1.0 404\n"), Some(404));
        for odd in [&b""[..], b"SSH-2.0-OpenSSH", b"HTTP/1.1", b"HTTP/1.1 x", b"HTTP/1.1 99", b"\xff\xfe"] {
            assert_eq!(status(odd), None, "{odd:?}");
        }
    }
}
