//! What a program prints.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The end of what was printed so far; shared with those that read it from the program.
#[derive(Debug, Clone)]
pub struct Output(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    bytes: VecDeque<u8>,
    at_most: usize,
    dropped: u64,
}

impl Output {
    /// Keeps the last so many bytes.
    #[must_use]
    pub fn keeping(at_most: usize) -> Self {
        Self(Arc::new(Mutex::new(Kept { bytes: VecDeque::new(), at_most, dropped: 0 })))
    }

    /// The end of it as text. What is not UTF-8 is replaced; that something is missing is said.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, second) = kept.bytes.as_slices();
        let text = String::from_utf8_lossy(&[first, second].concat()).into_owned();
        match kept.dropped {
            0 => text,
            dropped => format!("[{dropped} bytes before this]\n{text}"),
        }
    }

    /// All that is still kept, byte by byte.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes.iter().copied().collect()
    }

    /// Whether what was printed is more than what is kept.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).dropped > 0
    }

    fn take(&self, new: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes.extend(new);
        let surplus = kept.bytes.len().saturating_sub(kept.at_most);
        kept.bytes.drain(..surplus);
        kept.dropped += u64::try_from(surplus).unwrap_or(u64::MAX);
    }

    /// Reads to the end, which may come long after the program's: its children have the other end too,
    /// and would die of writing to one that is closed.
    pub(crate) async fn read(self, mut from: impl AsyncRead + Unpin) {
        // A flood is read as fast as it comes, and takes no more memory than a trickle.
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            self.take(&buffer[..count]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_the_loss_is_told() {
        let output = Output::keeping(4);
        output.take(b"ab");
        assert_eq!(output.text(), "ab");
        output.take(b"cdef\xff");
        assert_eq!(output.text(), "[3 bytes before this]\ndef\u{fffd}");
        assert!(output.overflowed());
    }
}
