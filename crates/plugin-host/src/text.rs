//! Texts of foreign code.
#![allow(unsafe_code, reason = "texts are read through pointers that foreign code gave")]

use std::ffi::{CStr, c_char};

/// Longer texts are none: a name has dozens of bytes, a reason some hundred.
pub(crate) const TEXT_MAX_BYTES: usize = 4 << 10;

/// The text at a pointer; the error says what is wrong with it.
///
/// # Safety
/// A pointer that is not null has a zero byte after it, or is readable for [`TEXT_MAX_BYTES`] and one.
pub(crate) unsafe fn read(at: *const c_char) -> Result<String, &'static str> {
    if at.is_null() {
        return Err("is null");
    }
    // SAFETY: not null, and as far as it reads it is readable, says the caller.
    let length = unsafe { libc::strnlen(at, TEXT_MAX_BYTES + 1) };
    if length > TEXT_MAX_BYTES {
        return Err("is longer than 4096 bytes");
    }
    // SAFETY: `length` bytes without a zero have just been read, and one that is zero after them.
    let text = unsafe { CStr::from_ptr(at) };
    text.to_str().map(str::to_owned).map_err(|_| "is not UTF-8")
}

/// As `read`, for logs: whatever it is, something readable comes out.
///
/// # Safety
/// As `read`.
pub(crate) unsafe fn read_lossy(at: *const c_char) -> String {
    // SAFETY: as the caller says.
    match unsafe { read(at) } {
        Ok(text) => text,
        Err(why) => format!("(a text that {why})"),
    }
}

/// Room that a call may fill with a reason.
pub(crate) struct Room(Vec<u8>);

impl Room {
    pub(crate) fn new() -> Self {
        Self(vec![0; TEXT_MAX_BYTES])
    }

    /// To be given to a call, which writes no more than this.
    pub(crate) fn parts(&mut self) -> (*mut c_char, usize) {
        (self.0.as_mut_ptr().cast(), self.0.len())
    }

    /// What was written, as a line; what is not UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        let written = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(written).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_told_so() {
        let read = |bytes: &[u8]| {
            // SAFETY: each ends with a zero byte, or is longer than anybody reads.
            unsafe { read(bytes.as_ptr().cast()) }
        };
        assert_eq!(read(b"text\0"), Ok("text".to_owned()));
        assert_eq!(read(b"\xff\0"), Err("is not UTF-8"));
        assert_eq!(read(&vec![b'x'; TEXT_MAX_BYTES + 1]), Err("is longer than 4096 bytes"));
        // SAFETY: null is allowed.
        assert_eq!(unsafe { super::read(std::ptr::null()) }, Err("is null"));
    }

    #[test]
    fn a_call_may_fill_all_its_room_and_forget_the_zero() {
        let mut room = Room::new();
        assert_eq!(room.text(), "");
        room.0.fill(b'x');
        assert_eq!(room.text().len(), TEXT_MAX_BYTES);
        room.0[..6].copy_from_slice(b" a\xff \n\0");
        assert_eq!(room.text(), "a\u{fffd}");
    }
}
