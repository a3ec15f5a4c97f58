//! Server-sent events, as far as they are used here: bytes in, whole messages out.
//!
//! The format is the living standard's (html.spec.whatwg.org, section 9.2.6): lines that end in
//! LF, CR LF or CR; `field: value`; an empty line ends a message; a line that begins with a colon
//! is a comment and keeps the connection alive. `id` and `retry` are not used.

/// The longest message, all its lines together. An event holds at most 64 items of 500
/// characters in a field; a megabyte is far more than an honest one.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Its type; empty where it has none.
    pub(super) event: String,
    /// Its lines of data.
    pub(super) data: Vec<u8>,
}

/// A message or a line is longer than the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// What has arrived of the next message.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    message: Message,
    has_data: bool,
    after_cr: bool,
    done: std::collections::VecDeque<Message>,
}

impl Parser {
    /// Takes bytes as they arrive.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        for &byte in bytes {
            let second_of_pair = self.after_cr && byte == b'\n';
            self.after_cr = byte == b'\r';
            match byte {
                _ if second_of_pair => {}
                b'\n' | b'\r' => self.end_line(),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.message.data.len() > MESSAGE_BYTES_MAX {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    /// The next whole message.
    pub(super) fn pop(&mut self) -> Option<Message> {
        self.done.pop_front()
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let message = std::mem::take(&mut self.message);
            if std::mem::take(&mut self.has_data) {
                self.done.push_back(message);
            }
            return;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.message.data.push(b'\n');
                }
                self.message.data.extend_from_slice(value);
            }
            b"event" => self.message.event = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(chunks: &[&[u8]]) -> Vec<Message> {
        let mut parser = Parser::default();
        for chunk in chunks {
            parser.push(chunk).unwrap();
        }
        std::iter::from_fn(|| parser.pop()).collect()
    }

    fn message(event: &str, data: &str) -> Message {
        Message { event: event.to_owned(), data: data.as_bytes().to_vec() }
    }

    #[test]
    fn messages_are_the_same_however_the_bytes_are_cut() {
        let bytes =
            b": hello\r\n\r\nevent: x\ndata: one\ndata:two\rid: 7\n\ndata\n\nevent: lost\n\ndata: cut";
        let whole = vec![message("x", "one\ntwo"), message("", "")];
        for at in 0..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(parse(&[head, tail]), whole, "cut at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(parse(&single), whole);
    }

    #[test]
    fn a_message_without_end_is_refused_not_collected() {
        let mut parser = Parser::default();
        let mut pushed = 0;
        while parser.push(&[b'a'; 4096]).is_ok() {
            pushed += 4096;
            assert!(pushed <= MESSAGE_BYTES_MAX);
        }
        let mut parser = Parser::default();
        let line = [b"data: ".to_vec(), vec![b'a'; 4096], b"\n".to_vec()].concat();
        assert!((0..MESSAGE_BYTES_MAX / 4096 + 1).any(|_| parser.push(&line) == Err(TooLong)));
    }
}
