//! Versions: of stored documents, of the protocol between nodes, of the software.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version that this software writes into every stored document.
pub const DOCUMENT_VERSION: u32 = 1;

/// A stored document with its version in front: `{"version":1,"body":{…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioned<T> {
    /// The version its writer wrote.
    pub version: u32,
    /// The document.
    pub body: T,
}

/// Why stored bytes are not a document of the expected type.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableDocument {
    /// Written by a newer version of the software.
    #[error(
        "written by a newer Steadfast (document version {found}, this software reads up to {DOCUMENT_VERSION}); \
         upgrade this node before it is started again"
    )]
    TooNew {
        /// The version found.
        found: u32,
    },
    /// Not the expected document at all.
    #[error("not a Steadfast document: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl<T: Serialize> Versioned<T> {
    /// The document as bytes, in this software's version.
    ///
    /// # Panics
    /// Never: no stored type has a map with keys that are not texts, the only thing JSON cannot write.
    #[must_use]
    pub fn encode(body: T) -> Vec<u8> {
        serde_json::to_vec(&Self { version: DOCUMENT_VERSION, body }).expect("stored types are JSON")
    }
}

impl<T: DeserializeOwned> Versioned<T> {
    /// Reads a document of this or an older version.
    ///
    /// # Errors
    /// [`UnreadableDocument`]: the bytes are of a newer version, or of something else.
    pub fn decode(bytes: &[u8]) -> Result<T, UnreadableDocument> {
        /// Reads the version alone, so that a newer document is named as such even where its body
        /// could not be read.
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_slice(bytes)?;
        if head.version > DOCUMENT_VERSION {
            return Err(UnreadableDocument::TooNew { found: head.version });
        }
        Ok(serde_json::from_slice::<Self>(bytes)?.body)
    }
}

/// The protocol versions this software speaks with its peers.
///
/// Version N of the software speaks N and N−1, so that a cluster can be upgraded node by node.
pub const PROTOCOL: ProtocolRange = ProtocolRange { min: 1, max: 1 };

/// A range of protocol versions, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolRange {
    /// The oldest spoken.
    pub min: u32,
    /// The newest spoken.
    pub max: u32,
}

impl ProtocolRange {
    /// The newest version that both speak.
    #[must_use]
    pub fn common(self, other: Self) -> Option<u32> {
        let newest = self.max.min(other.max);
        (self.min <= self.max && other.min <= other.max && newest >= self.min.max(other.min))
            .then_some(newest)
    }
}

impl fmt::Display for ProtocolRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            write!(f, "{}", self.max)
        } else {
            write!(f, "{} to {}", self.min, self.max)
        }
    }
}

/// A version of the software, as its package calls it. Compared for equality only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SoftwareVersion(pub String);

impl SoftwareVersion {
    /// The version of the running program.
    #[must_use]
    pub fn current() -> Self {
        Self(env!("CARGO_PKG_VERSION").to_owned())
    }
}

impl fmt::Display for SoftwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_document_is_named_as_such_even_if_its_body_is_unknown() {
        let newer = br#"{"version":9,"body":{"shape":"unknown"}}"#;
        let error = Versioned::<u64>::decode(newer).unwrap_err();
        assert!(matches!(error, UnreadableDocument::TooNew { found: 9 }), "{error}");
        assert!(Versioned::<u64>::decode(b"\x00garbage").is_err());
        assert_eq!(Versioned::<u64>::decode(&Versioned::encode(7_u64)).unwrap(), 7);
    }

    #[test]
    fn ranges_meet_or_do_not() {
        let range = |min, max| ProtocolRange { min, max };
        assert_eq!(range(1, 2).common(range(2, 3)), Some(2));
        assert_eq!(range(1, 1).common(range(2, 3)), None);
        assert_eq!(range(1, 5).common(range(2, 3)), Some(3));
        assert_eq!(range(3, 1).common(range(1, 3)), None, "a reversed range speaks nothing");
    }
}
