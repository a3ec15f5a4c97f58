//! Values on the wire of D-Bus: the few that are sent, and all that may come.
//!
//! What comes is not trusted: lengths end at the message, values nest at most as deep as the specification
//! allows, padding is zero, texts are UTF-8. Either byte order is understood; ours is little-endian. Values
//! that nobody here asks for are walked over and checked all the same.

/// "The maximum depth of container type nesting is 32 array type codes and 32 open parentheses."
const DEEPEST: usize = 64;

/// What cannot be a message, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no D-Bus: {0}")]
pub(super) struct Garbled(pub(super) &'static str);

type Result<T> = std::result::Result<T, Garbled>;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Value {
    /// `s`, `o` or `g`, and which of them.
    Text(u8, String),
    /// Any integer of at most 32 bits.
    Number(i64),
    /// `b`.
    Flag(bool),
    /// An array. Its elements have one type.
    All(Vec<Value>),
    /// Something else, well formed.
    Other,
}

/// An argument of a call.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Arg<'a> {
    /// `s`.
    Text(&'a str),
    /// `i`.
    Number(i32),
}

/// Writes, in little-endian order.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn align(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.align(4);
        self.bytes.extend(value.to_le_bytes());
    }

    /// `s` or `o`.
    pub(super) fn text(&mut self, text: &str) {
        self.u32(length(text.as_bytes()));
        self.bytes.extend(text.bytes());
        self.bytes.push(0);
    }

    /// A signature, as far as this program uses them: of few letters.
    pub(super) fn signature(&mut self, letters: &str) {
        self.bytes.push(u8::try_from(letters.len()).unwrap_or(u8::MAX));
        self.bytes.extend(letters.bytes());
        self.bytes.push(0);
    }

    pub(super) fn arg(&mut self, arg: Arg<'_>) {
        match arg {
            Arg::Text(text) => self.text(text),
            Arg::Number(number) => self.u32(number.cast_unsigned()),
        }
    }
}

/// The length of what this program wrote: names and paths, far below four gigabytes.
pub(super) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Reads, and never beyond the end.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big: bool,
}

impl<'a> Reader<'a> {
    /// Of bytes that begin at a multiple of eight in their message.
    pub(super) fn of(bytes: &'a [u8], big: bool) -> Self {
        Self { bytes, at: 0, big }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn align(&mut self, to: usize) -> Result<()> {
        let padding = self.take(self.at.next_multiple_of(to) - self.at)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Garbled("padding that is not zero"));
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).ok_or(Garbled("a length without measure"))?;
        let taken = self.bytes.get(self.at..end).ok_or(Garbled("it ends within a value"))?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().ok_or(Garbled("it ends within a value"))
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.align(4)?;
        let bytes = self.take(4)?.try_into().map_err(|_| Garbled("it ends within a value"))?;
        Ok(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn u16(&mut self) -> Result<u16> {
        self.align(2)?;
        let bytes = self.take(2)?.try_into().map_err(|_| Garbled("it ends within a value"))?;
        Ok(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&mut self) -> Result<usize> {
        usize::try_from(self.u32()?).map_err(|_| Garbled("a length without measure"))
    }

    fn text_of(&mut self, length: usize) -> Result<&'a str> {
        let text =
            std::str::from_utf8(self.take(length)?).map_err(|_| Garbled("a text that is not UTF-8"))?;
        if self.byte()? != 0 || text.contains('\0') {
            return Err(Garbled("a text that does not end where it says"));
        }
        Ok(text)
    }

    fn signature(&mut self) -> Result<&'a str> {
        let length = usize::from(self.byte()?);
        self.text_of(length)
    }

    /// A value that says of which type it is.
    pub(super) fn variant(&mut self) -> Result<Value> {
        self.variant_at(0)
    }

    fn variant_at(&mut self, depth: usize) -> Result<Value> {
        let signature = self.signature()?.as_bytes();
        match split(signature, 0)? {
            (one, []) => self.value(one, depth),
            _ => Err(Garbled("a variant of several values")),
        }
    }

    /// Values of these types, and nothing behind them.
    pub(super) fn values(&mut self, mut signature: &[u8]) -> Result<Vec<Value>> {
        let mut values = Vec::new();
        while !signature.is_empty() {
            let (one, rest) = split(signature, 0)?;
            values.push(self.value(one, 0)?);
            signature = rest;
        }
        if self.at != self.bytes.len() {
            return Err(Garbled("more than its signature says"));
        }
        Ok(values)
    }

    /// A value of one complete type.
    fn value(&mut self, kind: &[u8], depth: usize) -> Result<Value> {
        if depth > DEEPEST {
            return Err(Garbled("values that are nested too deeply"));
        }
        let (first, rest) = kind.split_first().ok_or(Garbled("a value without a type"))?;
        Ok(match first {
            b'y' => Value::Number(self.byte()?.into()),
            b'n' => Value::Number(self.u16()?.cast_signed().into()),
            b'q' => Value::Number(self.u16()?.into()),
            b'i' => Value::Number(self.u32()?.cast_signed().into()),
            b'u' | b'h' => Value::Number(self.u32()?.into()),
            b'x' | b't' | b'd' => {
                self.align(8)?;
                self.take(8)?;
                Value::Other
            }
            b'b' => match self.u32()? {
                bit @ (0 | 1) => Value::Flag(bit == 1),
                _ => return Err(Garbled("a truth value that is neither")),
            },
            b's' | b'o' => {
                let length = self.long()?;
                Value::Text(*first, self.text_of(length)?.to_owned())
            }
            b'g' => Value::Text(b'g', self.signature()?.to_owned()),
            b'v' => self.variant_at(depth + 1)?,
            b'a' => Value::All(self.array(rest, depth + 1)?),
            // A struct or an entry of a dictionary; `split` has seen its end.
            _ => {
                self.align(8)?;
                let mut inner = rest.get(..rest.len().saturating_sub(1)).unwrap_or_default();
                while !inner.is_empty() {
                    let (one, rest) = split(inner, 0)?;
                    self.value(one, depth + 1)?;
                    inner = rest;
                }
                Value::Other
            }
        })
    }

    fn array(&mut self, kind: &[u8], depth: usize) -> Result<Vec<Value>> {
        let length = self.long()?;
        self.align(match kind.first() {
            Some(b'y' | b'g' | b'v') => 1,
            Some(b'n' | b'q') => 2,
            Some(b'x' | b't' | b'd' | b'(' | b'{') => 8,
            _ => 4,
        })?;
        if length > self.bytes.len() - self.at {
            return Err(Garbled("an array that is longer than its message"));
        }
        let end = self.at + length;
        let mut values = Vec::new();
        while self.at < end {
            // Each takes a byte at least: there is no type of nothing.
            match self.value(kind, depth)? {
                Value::Other => {}
                value => values.push(value),
            }
        }
        if self.at != end {
            return Err(Garbled("an array that does not end with its last value"));
        }
        Ok(values)
    }
}

/// The first complete type of a signature, and the rest.
fn split(signature: &[u8], depth: usize) -> Result<(&[u8], &[u8])> {
    let odd = Garbled("a signature that means nothing");
    if depth > DEEPEST {
        return Err(Garbled("types that are nested too deeply"));
    }
    let (first, mut rest) = signature.split_first().ok_or(odd.clone())?;
    match first {
        b'y' | b'n' | b'q' | b'i' | b'u' | b'h' | b'x' | b't' | b'd' | b'b' | b's' | b'o' | b'g' | b'v' => {}
        b'a' => rest = split(rest, depth + 1)?.1,
        b'(' | b'{' => {
            let close = if *first == b'(' { b')' } else { b'}' };
            let mut count = 0;
            while rest.first() != Some(&close) {
                rest = split(rest, depth + 1)?.1;
                count += 1;
            }
            if count == 0 || (close == b'}' && count != 2) {
                return Err(odd);
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        _ => return Err(odd),
    }
    Ok(signature.split_at(signature.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_numbers_and_lists_are_as_the_specification_draws_them() {
        let mut writer = Writer::default();
        writer.arg(Arg::Text("foo"));
        writer.arg(Arg::Number(-2));
        assert_eq!(writer.bytes, b"\x03\0\0\0foo\0\xfe\xff\xff\xff");
        let read = Reader::of(&writer.bytes, false).values(b"si");
        assert_eq!(read, Ok(vec![Value::Text(b's', "foo".to_owned()), Value::Number(-2)]));
        let big = b"\0\0\0\x03foo\0\0\0\0\x01";
        let read = Reader::of(big, true).values(b"ob");
        assert_eq!(read, Ok(vec![Value::Text(b'o', "foo".to_owned()), Value::Flag(true)]));
        let list = b"\x02as\0\x0d\0\0\0\x01\0\0\0a\0\0\0\x00\0\0\0\0";
        let all = vec![Value::Text(b's', "a".to_owned()), Value::Text(b's', String::new())];
        assert_eq!(Reader::of(list, false).values(b"v"), Ok(vec![Value::All(all)]));
        // A dictionary, as PropertiesChanged has it.
        let entry = b"\x10\0\0\0\0\0\0\0\x01\0\0\0k\0\x01u\0\0\0\0\x07\0\0\0";
        assert_eq!(entry.len(), 24);
        assert_eq!(Reader::of(entry, false).values(b"a{sv}"), Ok(vec![Value::All(Vec::new())]));
        let mut longer = entry.to_vec();
        longer[0] = 17;
        assert!(Reader::of(&longer, false).values(b"a{sv}").is_err());
    }

    #[test]
    fn what_is_wrong_is_refused_at_every_length() {
        let good = b"\x02as\0\x0d\0\0\0\x01\0\0\0a\0\0\0\x00\0\0\0\0";
        for end in 0..good.len() {
            assert!(Reader::of(&good[..end], false).values(b"v").is_err(), "{end}");
        }
        for at in 0..good.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut bad = good.to_vec();
                bad[at] = byte;
                // Whatever it says of it, it comes to an end.
                let _ = Reader::of(&bad, false).values(b"v");
                let _ = Reader::of(&bad, true).values(b"v");
            }
        }
        for (bytes, signature) in [
            (&b"\x02\0\0\0"[..], &b"b"[..]),
            (b"\xff\xff\xff\xff", b"s"),
            (b"\xff\xff\xff\xff", b"as"),
            (b"\x01\0\0\0\xff\0", b"s"),
            (b"\x01\0\0\0ab", b"s"),
            (b"\x01\x01\0\0\x01\0\0\0", b"yu"),
            (b"\0\0\0\0\0", b"u"),
        ] {
            assert!(Reader::of(bytes, false).values(signature).is_err(), "{bytes:?}");
        }
        for signature in ["(", ")", "()", "a", "{ss}x(", "a{s}", "a{sss}", "z", "(s"] {
            assert!(Reader::of(&[0; 64], false).values(signature.as_bytes()).is_err(), "{signature}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        for signature in ["a".repeat(255), "(".repeat(255), format!("{}s", "a".repeat(70))] {
            assert!(Reader::of(&[0; 64], false).values(signature.as_bytes()).is_err());
        }
        // Variants in variants.
        let deep = b"\x01v\0".repeat(10_000);
        let error = Garbled("values that are nested too deeply");
        assert_eq!(Reader::of(&deep, false).values(b"v"), Err(error));
    }
}
