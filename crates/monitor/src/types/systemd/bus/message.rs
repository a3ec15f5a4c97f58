//! Messages of D-Bus: calls that go out, and whatever comes in.
//!
//! As the D-Bus specification has it, "Message Protocol". Fields that are not needed are checked and
//! dropped.

use super::wire::{Arg, Garbled, Reader, Value, Writer, length};

/// The specification allows 128 MiB. The longest that systemd sends are the properties of one unit, some
/// kilobytes; a connection on which more is announced is not understood any more.
const LONGEST: usize = 16 << 20;

/// The part that says how long the rest is.
pub(super) const FIRST: usize = 16;

/// Who is called. On its own socket systemd is alone, and takes any name; this is the one that it has.
const PEER: &str = "org.freedesktop.systemd1";

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What was called answers.
    Return,
    /// What was called refuses.
    Error,
    /// Something happened.
    Signal,
    /// A call, which is not for us, or what is not known yet, and to be ignored.
    Other,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) path: String,
    pub(super) member: String,
    pub(super) error: String,
    pub(super) answers: u32,
    pub(super) body: Vec<Value>,
}

/// A call, as bytes. A serial is not zero.
pub(super) fn call(serial: u32, path: &str, interface: &str, member: &str, args: &[Arg<'_>]) -> Vec<u8> {
    let mut body = Writer::default();
    let mut signature = String::new();
    for arg in args {
        signature.push(match arg {
            Arg::Text(_) => 's',
            Arg::Number(_) => 'i',
        });
        body.arg(*arg);
    }
    let mut fields = Writer::default();
    let texts = [(1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", PEER)];
    for (code, kind, text) in texts {
        fields.align(8);
        fields.bytes.push(code);
        fields.signature(kind);
        fields.text(text);
    }
    if !signature.is_empty() {
        fields.align(8);
        fields.bytes.push(8);
        fields.signature("g");
        fields.signature(&signature);
    }
    let mut message = Writer { bytes: vec![b'l', 1, 0, 1] };
    message.u32(length(&body.bytes));
    message.u32(serial);
    // The fields begin at 16, so what is aligned among them is aligned in the message.
    message.u32(length(&fields.bytes));
    message.bytes.extend(fields.bytes);
    message.align(8);
    message.bytes.extend(body.bytes);
    message.bytes
}

/// How long the message is that begins so.
///
/// # Errors
/// If it cannot be one, or is longer than any that is sent here.
pub(super) fn whole(first: &[u8; FIRST]) -> Result<usize, Garbled> {
    let big = order(first)?;
    if first[3] != 1 {
        return Err(Garbled("another version of the protocol"));
    }
    let mut reader = Reader::of(first, big);
    reader.u32()?;
    let body = reader.u32()?;
    reader.u32()?;
    let fields = reader.u32()?;
    let whole = FIRST as u64 + u64::from(fields).next_multiple_of(8) + u64::from(body);
    usize::try_from(whole)
        .ok()
        .filter(|whole| *whole <= LONGEST)
        .ok_or(Garbled("a message that is longer than any is here"))
}

/// Whether it is in big-endian order.
fn order(bytes: &[u8]) -> Result<bool, Garbled> {
    match bytes.first() {
        Some(b'l') => Ok(false),
        Some(b'B') => Ok(true),
        _ => Err(Garbled("no byte order")),
    }
}

impl Message {
    /// From all of its bytes.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Garbled> {
        let first: &[u8; FIRST] = bytes.first_chunk().ok_or(Garbled("it ends within a value"))?;
        if whole(first)? != bytes.len() {
            return Err(Garbled("a message of another length than it says"));
        }
        let big = order(bytes)?;
        let mut reader = Reader::of(bytes, big);
        reader.u32()?;
        reader.u32()?;
        if reader.u32()? == 0 {
            return Err(Garbled("a message without a serial"));
        }
        let kind = match first[1] {
            2 => Kind::Return,
            3 => Kind::Error,
            4 => Kind::Signal,
            _ => Kind::Other,
        };
        let (path, member, error) = (String::new(), String::new(), String::new());
        let mut message = Self { kind, path, member, error, answers: 0, body: Vec::new() };
        let signature = message.fields(&mut reader)?;
        reader.align(8)?;
        let body = bytes.get(reader.at()..).unwrap_or_default();
        message.body = Reader::of(body, big).values(signature.as_bytes())?;
        Ok(message)
    }

    /// Reads the fields: the signature of the body.
    fn fields(&mut self, reader: &mut Reader<'_>) -> Result<String, Garbled> {
        let length = reader.u32()?;
        let end = usize::try_from(length).ok().and_then(|length| reader.at().checked_add(length));
        let end = end.ok_or(Garbled("a length without measure"))?;
        let mut signature = String::new();
        while reader.at() < end {
            reader.align(8)?;
            let code = reader.byte()?;
            match (code, reader.variant()?) {
                (1, Value::Text(b'o', text)) => self.path = text,
                (3, Value::Text(b's', text)) => self.member = text,
                (4, Value::Text(b's', text)) => self.error = text,
                (5, Value::Number(number)) => {
                    self.answers = u32::try_from(number).map_err(|_| Garbled("a serial below zero"))?;
                }
                (8, Value::Text(b'g', text)) => signature = text,
                (1 | 3 | 4 | 5 | 8, _) => return Err(Garbled("a field of another type")),
                _ => {}
            }
        }
        if reader.at() != end {
            return Err(Garbled("fields that do not end where they say"));
        }
        Ok(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signal as a systemd sends it, in either order: `JobRemoved(u, o, s, s)`.
    fn signal(big: bool) -> Vec<u8> {
        let u32 = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let text = |text: &str| [&u32(length(text.as_bytes()))[..], text.as_bytes(), b"\0"].concat();
        let pad = |mut bytes: Vec<u8>, to| {
            bytes.resize(bytes.len().next_multiple_of(to), 0);
            bytes
        };
        let mut fields = [b"\x01\x01o\0", &text("/a")[..]].concat();
        fields = [&pad(fields, 8)[..], b"\x03\x01s\0", &text("JobRemoved")[..]].concat();
        fields = [&pad(fields, 8)[..], b"\x08\x01g\0\x04uoss\0"].concat();
        let mut body = [&u32(7)[..], &text("/job/7")[..]].concat();
        body = [pad(body, 4), text("x.service")].concat();
        body = [pad(body, 4), text("done")].concat();
        let start = [if big { b'B' } else { b'l' }, 4, 1, 1];
        let head = [start, u32(length(&body)), u32(5), u32(length(&fields))].concat();
        [pad([head, fields].concat(), 8), body].concat()
    }

    #[test]
    fn a_call_is_what_the_specification_says_byte_for_byte() {
        let bytes = call(1, "/p", "a.b", "M", &[Arg::Text("x"), Arg::Number(9)]);
        let mut expected = b"l\x01\0\x01\x0c\0\0\0\x01\0\0\0\x5f\0\0\0".to_vec();
        expected.extend(b"\x01\x01o\0\x02\0\0\0/p\0\0\0\0\0\0");
        expected.extend(b"\x02\x01s\0\x03\0\0\0a.b\0\0\0\0\0");
        expected.extend(b"\x03\x01s\0\x01\0\0\0M\0\0\0\0\0\0\0");
        expected.extend(b"\x06\x01s\0\x18\0\0\0org.freedesktop.systemd1\0\0\0\0\0\0\0\0");
        expected.extend(b"\x08\x01g\0\x02si\0");
        expected.extend(b"\x01\0\0\0x\0\0\0\x09\0\0\0");
        // Fields: four texts and the signature, without the padding behind it.
        let fields = expected.len() - FIRST - 12;
        expected[12] = u8::try_from(fields).unwrap();
        assert_eq!(bytes, expected);
        assert_eq!(whole(bytes.first_chunk().unwrap()), Ok(bytes.len()));
        assert_eq!(
            Message::read(&bytes).map(|read| (read.kind, read.path)),
            Ok((Kind::Other, "/p".to_owned()))
        );
    }

    #[test]
    fn a_signal_is_read_in_either_order_and_at_no_other_length() {
        for big in [false, true] {
            let bytes = signal(big);
            let read = Message::read(&bytes).unwrap();
            assert_eq!((read.kind, read.member.as_str()), (Kind::Signal, "JobRemoved"));
            assert_eq!(read.body.first(), Some(&Value::Number(7)));
            assert_eq!(read.body.last(), Some(&Value::Text(b's', "done".to_owned())));
            for end in 0..bytes.len() {
                assert!(Message::read(&bytes[..end]).is_err(), "{end}");
            }
            assert!(Message::read(&[&bytes[..], b"\0"].concat()).is_err());
            for at in 0..bytes.len() {
                for byte in 0..=u8::MAX {
                    let mut other = bytes.clone();
                    other[at] = byte;
                    // Whatever it says of it, it comes to an end.
                    let _ = Message::read(&other);
                }
            }
        }
    }

    #[test]
    fn what_announces_too_much_is_refused_before_anything_is_read() {
        for at in [4, 12] {
            let mut first: [u8; FIRST] = *signal(false).first_chunk().unwrap();
            first[at..at + 4].copy_from_slice(&[0xff; 4]);
            assert!(whole(&first).is_err());
        }
        let mut zero = signal(false);
        zero[8..12].fill(0);
        assert_eq!(Message::read(&zero), Err(Garbled("a message without a serial")));
    }
}
