//! Versions of Debian's packages: `[epoch:]upstream[-revision]` (Debian Policy 5.6.12, deb-version(7)).
//!
//! The epochs are numbers. The other two parts are cut into stretches that are digits and stretches that are
//! not, and compared stretch by stretch: digits as numbers, the rest character by character, where `~` is
//! before the end, the end before letters, and letters before everything else.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Bytes;

/// dpkg keeps an epoch in an `int`.
const EPOCH_MAX: u32 = i32::MAX as u32;

/// Whether dpkg takes it for a version without a warning.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let rest = match text.split_once(':') {
        Some((epoch, rest)) => {
            let number = epoch.parse().ok().filter(|number: &u32| *number <= EPOCH_MAX);
            if number.is_none() || epoch.starts_with('+') {
                return Err("what is before its first colon is no epoch");
            }
            rest
        }
        None => text,
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    if !upstream.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("its upstream version does not begin with a digit");
    }
    let has = |part: &str, more: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    if !has(upstream, ".-+~:") {
        return Err("its upstream version has something other than letters, digits and . - + ~ :");
    }
    if !has(revision, ".+~") {
        return Err("its revision has something other than letters, digits and . + ~");
    }
    Ok(())
}

/// Also of texts that dpkg only warns about.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    a.0.cmp(&b.0).then_with(|| of_parts(a.1, b.1)).then_with(|| of_parts(a.2, b.2))
}

/// Epoch, upstream version, revision. A revision that is not there is the same as `0`, since the end is.
fn parts(text: &str) -> (u32, &str, &str) {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch.parse().unwrap_or(0), upstream, revision)
}

fn of_parts(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.bytes().peekable(), b.bytes().peekable());
    while a.peek().is_some() || b.peek().is_some() {
        let order = of_words(&mut a, &mut b).then_with(|| of_numbers(&mut a, &mut b));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Up to the next digit of both.
fn of_words(a: &mut Peekable<Bytes<'_>>, b: &mut Peekable<Bytes<'_>>) -> Ordering {
    let is_word = |byte: &u8| !byte.is_ascii_digit();
    loop {
        let (one, other) = (a.next_if(is_word), b.next_if(is_word));
        let order = weight(one).cmp(&weight(other));
        if order.is_ne() || (one, other) == (None, None) {
            return order;
        }
    }
}

/// Of a character, or of the end of a stretch.
fn weight(byte: Option<u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(byte),
        Some(byte) => i32::from(byte) + 256,
    }
}

/// Of any length.
fn of_numbers(a: &mut Peekable<Bytes<'_>>, b: &mut Peekable<Bytes<'_>>) -> Ordering {
    while a.next_if_eq(&b'0').is_some() {}
    while b.next_if_eq(&b'0').is_some() {}
    let mut first = Ordering::Equal;
    loop {
        match (a.next_if(u8::is_ascii_digit), b.next_if(u8::is_ascii_digit)) {
            (Some(one), Some(other)) => first = first.then(one.cmp(&other)),
            (one, other) => return one.is_some().cmp(&other.is_some()).then(first),
        }
    }
}
