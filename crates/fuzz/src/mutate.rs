//! Inputs: a seed, changed in a few ways that break decoders.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::ops::Range;

/// The longest input, in bytes: four times what a stranger may send as a join request, and short
/// enough that thousands are tried in a second.
const LENGTH_MAX: usize = 256 << 10;

/// Numbers at which arithmetic goes wrong.
const NUMBERS: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX as u64,
    1 << 63,
    u64::MAX - 1,
    u64::MAX,
];

/// Texts that are special to some format.
const WORDS: [&str; 16] = [
    "\0", "\r\n", "\n\n", "\"", "\\u0000", "\\ud800", "{", "[[", "]", "null", "-1", "1e999", "é", "\u{feff}",
    "\u{202e}", "../",
];

/// Input number `number`: at first the seeds as they are, then changed ones.
pub(crate) fn input(number: u64, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    if let Some(seed) = usize::try_from(number).ok().and_then(|at| seeds.get(at)) {
        return seed.clone();
    }
    let mut dice = SmallRng::seed_from_u64(number);
    let mut bytes = one_of(&mut dice, seeds).cloned().unwrap_or_default();
    if dice.random_range(0..50) == 0 {
        bytes = (0..dice.random_range(0..512)).map(|_| dice.random()).collect();
    }
    // Mostly one or two changes: many of them leave nothing that a decoder would look into.
    for _ in 0..=dice.random_range(0..3) * dice.random_range(0..3) {
        change(&mut dice, &mut bytes, seeds, words);
        bytes.truncate(LENGTH_MAX);
    }
    bytes
}

fn change(dice: &mut SmallRng, bytes: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    let at = dice.random_range(0..=bytes.len());
    match dice.random_range(0..12) {
        0 => flip(bytes, at, 1 << dice.random_range(0..8)),
        1 => flip(bytes, at, dice.random_range(1..=255)),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(part(dice, bytes.len()))),
        4 => {
            let copy = bytes[part(dice, bytes.len())].to_vec();
            insert(bytes, at, &copy);
        }
        5 => {
            let copy = bytes[part(dice, bytes.len())].to_vec();
            let times = 1 << dice.random_range(0..11);
            insert(bytes, at, &copy.repeat(times.min(LENGTH_MAX / copy.len().max(1))));
        }
        6 => splice(dice, bytes, at, seeds),
        7 => insert(bytes, at, one_of(dice, &WORDS).map_or(b"", |word| word.as_bytes())),
        8 | 9 => insert(bytes, at, one_of(dice, words).map_or(b"", |word| word.as_bytes())),
        10 => binary_number(dice, bytes, at),
        _ => decimal_number(dice, bytes, at),
    }
}

fn one_of<'a, T>(dice: &mut SmallRng, of: &'a [T]) -> Option<&'a T> {
    if of.is_empty() { None } else { of.get(dice.random_range(0..of.len())) }
}

/// A part of `0..len`, mostly a short one.
fn part(dice: &mut SmallRng, len: usize) -> Range<usize> {
    let from = dice.random_range(0..=len);
    let most = if dice.random_range(0..4) == 0 { len } else { 16 };
    from..from + dice.random_range(0..=most.min(len - from))
}

fn flip(bytes: &mut [u8], at: usize, mask: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= mask;
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, what: &[u8]) {
    drop(bytes.splice(at..at, what.iter().copied()));
}

/// Goes on from `at` as another seed does from somewhere.
fn splice(dice: &mut SmallRng, bytes: &mut Vec<u8>, at: usize, seeds: &[Vec<u8>]) {
    if let Some(other) = one_of(dice, seeds) {
        bytes.truncate(at);
        bytes.extend_from_slice(&other[dice.random_range(0..=other.len())..]);
    }
}

fn binary_number(dice: &mut SmallRng, bytes: &mut [u8], at: usize) {
    let number = one_of(dice, &NUMBERS).copied().unwrap_or_default();
    let width = 1 << dice.random_range(0..4);
    let big = number.to_be_bytes();
    let little = number.to_le_bytes();
    let written = if dice.random() { &big[8 - width..] } else { &little[..width] };
    for (byte, new) in bytes[at..].iter_mut().zip(written) {
        *byte = *new;
    }
}

/// Replaces a number written in digits, if one follows.
fn decimal_number(dice: &mut SmallRng, bytes: &mut Vec<u8>, at: usize) {
    let Some(from) = bytes[at..].iter().position(u8::is_ascii_digit).map(|skipped| at + skipped) else {
        return;
    };
    let digits = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = one_of(dice, &NUMBERS).copied().unwrap_or_default();
    drop(bytes.splice(from..from + digits, number.to_string().into_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_always_the_same_input_and_the_first_are_the_seeds() {
        let seeds = [b"one = 1".to_vec(), b"two".to_vec()];
        assert_eq!(input(1, &seeds, &[]), b"two");
        for number in 0..2_000 {
            let bytes = input(number, &seeds, &["word"]);
            assert_eq!(bytes, input(number, &seeds, &["word"]));
            assert!(bytes.len() <= LENGTH_MAX);
        }
    }

    #[test]
    fn nothing_is_made_out_of_nothing() {
        for number in 0..500 {
            input(number, &[], &[]);
        }
    }
}
