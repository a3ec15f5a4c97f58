//! What the kernel writes: `struct fanotify_event_metadata` and the records behind it (fanotify(7)).

use super::Change;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;

/// The length of the part that every event has.
const HEAD: usize = 24;

/// The version of it that this reads.
const VERSION: u8 = 3;

const OVERFLOW: u64 = 0x4000;
const MODIFY: u64 = 0x2;
const CREATE: u64 = 0x100;
const MOVED_FROM: u64 = 0x40;
const DELETE: u64 = 0x200;
/// What is made is mostly written then, and what is removed is mostly made anew: tar replaces files that way.
const GOES_ON: u64 = MODIFY | CREATE | MOVED_FROM | DELETE;

/// A record with the folder's handle and a name.
const FOLDER_AND_NAME: u8 = 2;

/// How much is read at once.
const BUFFER: usize = 64 << 10;

/// So many buffers are read in a row; who writes faster than that is looked after all the same, after a look.
const READS_MAX: usize = 64;

/// An event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Change(Change),
    Overflow,
}

/// Everything that waits there.
pub(super) fn read_all(fd: &OwnedFd) -> io::Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut buffer = vec![0; BUFFER];
    for _ in 0..READS_MAX {
        match rustix::io::read(fd, &mut buffer) {
            Ok(0) => break,
            Ok(length) => parse(&buffer[..length], &mut events),
            Err(rustix::io::Errno::AGAIN) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(events)
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Reads what was read. What is no event ends it: everything is looked at then, as after an overflow.
pub(super) fn parse(mut bytes: &[u8], events: &mut Vec<Event>) {
    while !bytes.is_empty() {
        let Some((event, length)) = one(bytes) else {
            events.push(Event::Overflow);
            return;
        };
        events.push(event);
        bytes = &bytes[length..];
    }
}

fn one(bytes: &[u8]) -> Option<(Event, usize)> {
    let length = u32::from_ne_bytes(number(bytes, 0)?) as usize;
    let version = *bytes.get(4)?;
    let head = usize::from(u16::from_ne_bytes(number(bytes, 6)?));
    let mask = u64::from_ne_bytes(number(bytes, 8)?);
    let process = i32::from_ne_bytes(number(bytes, 20)?);
    if version != VERSION || length < HEAD || head < HEAD || length > bytes.len() || head > length {
        return None;
    }
    if mask & OVERFLOW != 0 {
        return Some((Event::Overflow, length));
    }
    let goes_on = mask & !GOES_ON == 0;
    Some((Event::Change(Change { name: name(&bytes[head..length]), process, goes_on }), length))
}

/// The name in the records behind an event.
fn name(mut records: &[u8]) -> Option<OsString> {
    loop {
        let kind = *records.first()?;
        let length = usize::from(u16::from_ne_bytes(number(records, 2)?));
        if length < 4 || length > records.len() {
            return None;
        }
        if kind == FOLDER_AND_NAME {
            // The number of the file system, then a handle: its length, its kind, itself; then the name.
            let handle = u32::from_ne_bytes(number(records, 12)?) as usize;
            let rest = records.get(20_usize.checked_add(handle)?..length)?;
            let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
            let name = &rest[..end];
            return (!name.is_empty() && name != b".").then(|| OsString::from_vec(name.to_vec()));
        }
        records = &records[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(mask: u64, record: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEAD];
        bytes[0..4].copy_from_slice(&((HEAD + record.len()) as u32).to_ne_bytes());
        bytes[4] = VERSION;
        bytes[6..8].copy_from_slice(&(HEAD as u16).to_ne_bytes());
        bytes[8..16].copy_from_slice(&mask.to_ne_bytes());
        bytes[20..24].copy_from_slice(&77_i32.to_ne_bytes());
        bytes.extend(record);
        bytes
    }

    fn record(name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 20 + 8];
        bytes[0] = FOLDER_AND_NAME;
        bytes[12..16].copy_from_slice(&8_u32.to_ne_bytes());
        bytes.extend(name);
        bytes.push(0);
        let length = bytes.len() as u16;
        bytes[2..4].copy_from_slice(&length.to_ne_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        parse(bytes, &mut events);
        events
    }

    #[test]
    fn names_and_processes_are_read_and_an_overflow_too() {
        let mut bytes = event(0x8, &record(b"libx.so.4"));
        bytes.extend(event(MODIFY, &[]));
        bytes.extend(event(OVERFLOW, &[]));
        let change = |name: Option<&str>, goes_on| {
            Event::Change(Change { name: name.map(OsString::from), process: 77, goes_on })
        };
        assert_eq!(read(&bytes), [change(Some("libx.so.4"), false), change(None, true), Event::Overflow]);
    }

    #[test]
    fn whatever_is_read_ends_and_is_never_taken_for_nothing() {
        let good = event(0x8, &record(b"libx.so.4"));
        for length in 1..good.len() {
            assert_eq!(read(&good[..length]), [Event::Overflow], "cut at {length}");
        }
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                assert!(!read(&bytes).is_empty());
            }
        }
    }
}
