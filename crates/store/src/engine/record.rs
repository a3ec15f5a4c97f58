//! A stored record: a checksum in front of a versioned JSON document.
//!
//! redb checks its pages when it recovers or is asked to, not whenever it reads one, and it cannot
//! know that a value sits under the wrong key. So each record carries a checksum of its own, over
//! its name too, and every reading checks it: a flipped bit is refused by name and never used.

use blake3::Hasher;
use model::stored::{UnreadableDocument, Versioned};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// Bytes of the checksum. 128 bits of BLAKE3: an accident cannot forge it, and it is short beside
/// the smallest record.
const SUM_LEN: usize = 16;

/// What a record is: its place in the file, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// Whose file this is and how it is laid out.
    Marker,
    /// The vote this node gave last.
    Vote,
    /// How far the log is known to be committed.
    Committed,
    /// The last entry that a snapshot replaced.
    Purged,
    /// The state as of some entry.
    Snapshot,
    /// An entry of the log.
    Entry(u64),
}

impl Name {
    /// Its key in the table of single records; an entry lives in the log's own table.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Marker => "marker",
            Self::Vote => "vote",
            Self::Committed => "committed",
            Self::Purged => "purged",
            Self::Snapshot => "snapshot",
            Self::Entry(_) => "entry",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(index) => write!(f, "log entry {index}"),
            other => write!(f, "the record `{}`", other.key()),
        }
    }
}

/// A record that may not be used.
#[derive(Debug, thiserror::Error)]
#[error("{name} {why}")]
pub(crate) struct BadRecord {
    pub(crate) name: Name,
    pub(crate) why: Why,
}

/// What is wrong with it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Why {
    #[error("is missing")]
    Missing,
    #[error("does not match its checksum")]
    Checksum,
    #[error("is {0}")]
    Unreadable(#[from] UnreadableDocument),
    #[error("{0}")]
    Contradiction(String),
}

impl Name {
    pub(crate) fn bad(self, why: impl Into<Why>) -> BadRecord {
        BadRecord { name: self, why: why.into() }
    }
}

/// The bytes to store `body` under `name`.
pub(crate) fn seal<T: Serialize>(name: Name, body: &T) -> Vec<u8> {
    let document = Versioned::encode(body);
    let mut bytes = Vec::with_capacity(SUM_LEN + document.len());
    bytes.extend(sum(name, &document));
    bytes.extend(document);
    bytes
}

/// What was stored under `name`.
pub(crate) fn unseal<T: DeserializeOwned>(name: Name, bytes: &[u8]) -> Result<T, BadRecord> {
    let (found, document) = bytes.split_at_checked(SUM_LEN).ok_or_else(|| name.bad(Why::Checksum))?;
    if found != sum(name, document) {
        return Err(name.bad(Why::Checksum));
    }
    Versioned::decode(document).map_err(|error| name.bad(error))
}

fn sum(name: Name, document: &[u8]) -> [u8; SUM_LEN] {
    let index = if let Name::Entry(index) = name { index } else { 0 };
    let mut hasher = Hasher::new();
    // Fixed lengths in front, so that no two (name, document) pairs read alike.
    hasher.update(&[name.key().len() as u8]).update(name.key().as_bytes());
    hasher.update(&index.to_be_bytes()).update(document);
    let mut out = [0; SUM_LEN];
    hasher.finalize_xof().fill(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_refused_and_so_is_a_record_under_another_name() {
        let bytes = seal(Name::Entry(7), &"hello");
        assert_eq!(unseal::<String>(Name::Entry(7), &bytes).unwrap(), "hello");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal::<String>(Name::Entry(7), &flipped).is_err(), "bit {bit}");
        }
        for cut in 0..bytes.len() {
            assert!(unseal::<String>(Name::Entry(7), &bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert!(unseal::<String>(Name::Entry(8), &bytes).is_err());
        assert!(unseal::<String>(Name::Vote, &bytes).is_err());
        let error = unseal::<String>(Name::Entry(8), &bytes).unwrap_err().to_string();
        assert_eq!(error, "log entry 8 does not match its checksum");
    }
}
