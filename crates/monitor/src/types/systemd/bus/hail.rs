//! The greeting of D-Bus: who we are, which the kernel has told the other side already.
//!
//! SASL's EXTERNAL with the user's number. Descriptors are not negotiated: none is passed here.
//!
//! All of it is sent at once, with the end of the greeting, and nothing more before the answer. A systemd
//! that reads a call together with that end would let it lie until something else comes.

use std::io::{Error, ErrorKind};
use std::path::Path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// An answer is `OK`, and thirty-two digits.
const LINE_MAX: usize = 512;

/// A connection on which messages may follow.
pub(super) async fn connect(socket: &Path) -> std::io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(hail(rustix::process::geteuid().as_raw()).as_bytes()).await?;
    let mut line = Vec::new();
    // By the byte: what follows the line is not ours to take.
    while !line.ends_with(b"\r\n") {
        if line.len() == LINE_MAX {
            return Err(Error::new(ErrorKind::InvalidData, "the answer to the greeting has no end"));
        }
        line.push(stream.read_u8().await?);
    }
    if !line.starts_with(b"OK ") {
        let said = String::from_utf8_lossy(&line);
        return Err(Error::new(ErrorKind::PermissionDenied, format!("it refuses us: {}", said.trim_end())));
    }
    Ok(stream)
}

/// What is said first: the number's digits, each in hexadecimal.
fn hail(uid: u32) -> String {
    let digits = uid.to_string().bytes().map(|digit| format!("{digit:02x}")).collect::<String>();
    format!("\0AUTH EXTERNAL {digits}\r\nBEGIN\r\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_greeting_has_the_digits_of_the_user() {
        assert_eq!(super::hail(0), "\0AUTH EXTERNAL 30\r\nBEGIN\r\n");
        assert_eq!(super::hail(1000), "\0AUTH EXTERNAL 31303030\r\nBEGIN\r\n");
    }
}
