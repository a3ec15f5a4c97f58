//! What a monitor prints: to the log, line by line, as many as anybody would read; the end is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::Instant;

/// Longer lines are cut.
const LINE_BYTES_MAX: usize = 1 << 10;

/// How many lines are kept for the event that tells of the monitor's end.
const KEPT_LINES: usize = 10;

/// So many lines in so long go to the log; what is more is counted. A plug-in in a loop would otherwise
/// push everything else out of the journal.
const LINES_MAX: u32 = 100;
const PER: Duration = Duration::from_secs(10);

/// The end of what was printed; shared with the task that reads it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Printed(Arc<Mutex<VecDeque<String>>>);

impl Printed {
    /// Reads to the end, in the background.
    pub(crate) fn read(what: &str, from: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let printed = Self::default();
        if let Some(from) = from {
            tokio::spawn(printed.clone().lines(what.to_owned(), from));
        }
        printed
    }

    /// The last lines.
    pub(crate) fn end(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }

    async fn lines(self, what: String, mut from: impl AsyncRead + Unpin) {
        let mut log = Log { what, since: Instant::now(), lines: 0, dropped: 0 };
        let (mut buffer, mut line) = ([0; 4096], Vec::new());
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            for byte in &buffer[..count] {
                if *byte == b'\n' {
                    self.line(&mut log, &line);
                    line.clear();
                } else if line.len() < LINE_BYTES_MAX {
                    line.push(*byte);
                }
            }
        }
        if !line.is_empty() {
            self.line(&mut log, &line);
        }
    }

    fn line(&self, log: &mut Log, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
        log.line(&text);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(text);
    }
}

struct Log {
    what: String,
    since: Instant,
    lines: u32,
    dropped: u64,
}

impl Log {
    fn line(&mut self, text: &str) {
        if self.since.elapsed() >= PER {
            if self.dropped > 0 {
                tracing::warn!(monitor = %self.what, "{} lines more were printed", self.dropped);
            }
            (self.since, self.lines, self.dropped) = (Instant::now(), 0, 0);
        }
        if self.lines < LINES_MAX {
            self.lines += 1;
            tracing::info!(monitor = %self.what, "{text}");
        } else {
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_long_ones_are_cut() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut text: Vec<u8> =
            (0..1000).flat_map(|number| format!("line {number}\n").into_bytes()).collect();
        text.extend(vec![b'x'; 1 << 20]);
        text.extend(b"\n\xff no newline");
        let printed = Printed::default();
        runtime.block_on(printed.clone().lines("a test".to_owned(), &text[..]));
        let end = printed.end();
        assert!(end.starts_with("line 992 | ") && end.ends_with("x | \u{fffd} no newline"), "{end}");
        assert!(end.len() < 2 * LINE_BYTES_MAX);
    }
}
