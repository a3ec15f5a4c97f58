//! Versions of rpm's packages: `[epoch:]version[-release]` (rpm-version(7)).
//!
//! The epochs are numbers. The other two parts are cut into stretches of digits and stretches of letters; what is
//! neither only separates. Stretches are compared one by one: numbers as numbers, words as text, and a number
//! is newer than a word. If all are the same, whoever has more is newer. `~` is older than the end, for what
//! comes before a release; `^` is newer than the end and older than anything else, for what comes after one.

use std::cmp::Ordering;

/// Whether rpm could have written it.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let rest = match text.split_once(':') {
        Some((epoch, rest)) => {
            if epoch.starts_with('+') || epoch.parse::<u32>().is_err() {
                return Err("what is before its colon is no epoch");
            }
            rest
        }
        None => text,
    };
    let (version, release) = rest.split_once('-').map_or((rest, None), |(a, b)| (a, Some(b)));
    if version.is_empty() || release.is_some_and(str::is_empty) {
        return Err("its version or its release is empty");
    }
    if !rest.chars().all(|c| c.is_alphanumeric() || ".-_+~^%{}".contains(c)) || rest.matches('-').count() > 1
    {
        return Err("it has something other than letters, digits and . _ + ~ ^, or a second hyphen");
    }
    Ok(())
}

/// Nothing, if one has a release and the other has none: rpm itself then takes any release for the right one.
pub(super) fn order(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parts(a), parts(b));
    let order = a.0.cmp(&b.0).then_with(|| of_parts(a.1, b.1));
    match (a.2, b.2) {
        _ if order.is_ne() => Some(order),
        (Some(a), Some(b)) => Some(of_parts(a, b)),
        (None, None) => Some(order),
        _ => None,
    }
}

/// Epoch, version, release.
fn parts(text: &str) -> (u32, &str, Option<&str>) {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (version, release) = rest.split_once('-').map_or((rest, None), |(a, b)| (a, Some(b)));
    (epoch.parse().unwrap_or(0), version, release)
}

fn of_parts(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        (a, b) = (from_next(a), from_next(b));
        let order = match (a.first(), b.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                (a, b) = (&a[1..], &b[1..]);
                continue;
            }
            (Some(b'~'), _) => Ordering::Less,
            (_, Some(b'~')) => Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(b'^'), _) => Ordering::Less,
            (_, Some(b'^')) => Ordering::Greater,
            (Some(one), Some(other)) => {
                let numbers = one.is_ascii_digit();
                if numbers != other.is_ascii_digit() {
                    return numbers.cmp(&other.is_ascii_digit());
                }
                let (ours, after_ours) = stretch(a, numbers);
                let (theirs, after_theirs) = stretch(b, numbers);
                (a, b) = (after_ours, after_theirs);
                if numbers { of_numbers(ours, theirs) } else { ours.cmp(theirs) }
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Without what only separates.
fn from_next(text: &[u8]) -> &[u8] {
    let means = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'^');
    &text[text.iter().position(means).unwrap_or(text.len())..]
}

/// The digits, or the letters, with which it begins; and the rest.
fn stretch(text: &[u8], digits: bool) -> (&[u8], &[u8]) {
    let is_in = |byte: &u8| if digits { byte.is_ascii_digit() } else { byte.is_ascii_alphabetic() };
    text.split_at(text.iter().position(|byte| !is_in(byte)).unwrap_or(text.len()))
}

/// Of any length.
fn of_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let [a, b] = [a, b].map(|digits| {
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        &digits[zeros..]
    });
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}
