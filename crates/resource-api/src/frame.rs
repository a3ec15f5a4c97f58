//! Frames: four bytes with the length of the document (big-endian), then the document, as JSON.
//!
//! A decoder that is fed bytes as they come, so that it can be tested and fuzzed without a socket. A
//! monitor runs foreign code and its frames are not trusted: what is too long or no message is an error,
//! and the daemon ends the monitor.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest document. The list of a hundred and fifty types takes 20 KB, the longest description
/// among them 40 KB.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;

const HEAD: usize = 4;

/// Bytes that are no frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than any message.
    #[error("a frame of {0} bytes, and no message is longer than {MAX_DOCUMENT_BYTES}")]
    TooLong(usize),
    /// No message of this version.
    #[error("a frame that is no message: {0}")]
    NoMessage(#[from] serde_json::Error),
}

/// The frame of a message.
///
/// # Errors
/// If it is too long, which a bounded message is not.
pub fn encode(message: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut out = vec![0; HEAD];
    serde_json::to_writer(&mut out, message)?;
    let length = out.len() - HEAD;
    match u32::try_from(length) {
        Ok(short) if length <= MAX_DOCUMENT_BYTES => out[..HEAD].copy_from_slice(&short.to_be_bytes()),
        _ => return Err(FrameError::TooLong(length)),
    }
    Ok(out)
}

/// Takes messages out of a stream of bytes.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Takes what was read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is there as a whole.
    ///
    /// # Errors
    /// What came is no message. Nothing after it can be trusted: the connection is to be ended.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let Some(head) = self.bytes.first_chunk::<HEAD>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_DOCUMENT_BYTES {
            return Err(FrameError::TooLong(length));
        }
        let Some(document) = self.bytes.get(HEAD..HEAD + length) else { return Ok(None) };
        let message = serde_json::from_slice(document)?;
        self.bytes.drain(..HEAD + length);
        Ok(Some(message))
    }

    /// Whether a message has begun and is not whole: at the end of a stream, that it was cut off.
    #[must_use]
    pub fn is_in_the_middle(&self) -> bool {
        !self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ToMonitor;

    #[test]
    fn messages_come_out_as_they_went_in_however_they_are_cut() {
        let sent = [ToMonitor::Ping { nonce: 7 }, ToMonitor::List, ToMonitor::Quit];
        let bytes: Vec<u8> = sent.iter().flat_map(|message| encode(message).unwrap()).collect();
        for size in 1..bytes.len() {
            let (mut decoder, mut got) = (Decoder::default(), Vec::new());
            for piece in bytes.chunks(size) {
                decoder.feed(piece);
                while let Some(message) = decoder.take::<ToMonitor>().unwrap() {
                    got.push(message);
                }
            }
            assert_eq!(got, sent);
            assert!(!decoder.is_in_the_middle());
        }
    }

    #[test]
    fn what_is_too_long_or_no_message_is_an_error_and_not_waited_for() {
        let mut decoder = Decoder::default();
        decoder.feed(&[0xff; 4]);
        assert!(matches!(decoder.take::<ToMonitor>(), Err(FrameError::TooLong(_))));
        for nonsense in [&b"\0\0\0\x02{}"[..], b"\0\0\0\0", b"\0\0\0\x03\xff\xfe\xfd"] {
            let mut decoder = Decoder::default();
            decoder.feed(nonsense);
            assert!(matches!(decoder.take::<ToMonitor>(), Err(FrameError::NoMessage(_))), "{nonsense:?}");
        }
        assert!(encode(&"x".repeat(MAX_DOCUMENT_BYTES)).is_err());
    }
}
