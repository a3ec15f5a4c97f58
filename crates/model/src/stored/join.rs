//! The handshake of a node that joins, and of a member that comes back.

use super::{MemberHint, ProtocolRange, SoftwareVersion};
use crate::{ClusterId, ClusterName, Endpoint, Incarnation, NodeId, NodeName, Secret, TokenId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What every join token begins with, so that it is recognised in a clipboard and by secret scanners.
pub const TOKEN_PREFIX: &str = "sfj1_";

const ID_LEN: usize = 8;
const SECRET_LEN: usize = 16;
const PIN_LEN: usize = 32;
const SUM_LEN: usize = 4;

/// A join token: `sfj1_` and base64url of id, secret, the authority's SHA-256, and a checksum.
///
/// 16 random bytes of secret cannot be guessed; the checksum (CRC-32) tells a token that was cut
/// or mistyped from one that was refused; the pin lets the joining node recognise the cluster
/// before it says anything.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// Its public part.
    pub id: TokenId,
    /// Its secret part.
    pub secret: [u8; SECRET_LEN],
    /// SHA-256 of the cluster authority's certificate (DER).
    pub ca_pin: [u8; PIN_LEN],
}

/// A text is not a whole join token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token at all.
    #[error(
        "this is not a join token: one begins with `{TOKEN_PREFIX}`; `steadfast token create` prints one"
    )]
    NotAToken,
    /// It was one.
    #[error(
        "this join token is damaged: characters are missing or were changed; \
         copy it again, or make a new one with `steadfast token create`"
    )]
    Damaged,
}

impl fmt::Display for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [&self.id.0[..], &self.secret, &self.ca_pin].concat();
        bytes.extend(crc32(&bytes).to_be_bytes());
        write!(f, "{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinToken({}, secret)", self.id)
    }
}

impl FromStr for JoinToken {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let body = text.trim().strip_prefix(TOKEN_PREFIX).ok_or(TokenError::NotAToken)?;
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenError::Damaged)?;
        if bytes.len() != ID_LEN + SECRET_LEN + PIN_LEN + SUM_LEN {
            return Err(TokenError::Damaged);
        }
        let (bytes, sum) = bytes.split_at(ID_LEN + SECRET_LEN + PIN_LEN);
        if crc32(bytes).to_be_bytes() != sum {
            return Err(TokenError::Damaged);
        }
        let part = |from: usize, len: usize| bytes[from..from + len].to_vec();
        let whole = |_| TokenError::Damaged;
        Ok(Self {
            id: TokenId(part(0, ID_LEN).try_into().map_err(whole)?),
            secret: part(ID_LEN, SECRET_LEN).try_into().map_err(whole)?,
            ca_pin: part(ID_LEN + SECRET_LEN, PIN_LEN).try_into().map_err(whole)?,
        })
    }
}

/// CRC-32 (IEEE 802.3), bit by bit: 56 bytes once per token need no table.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// What a joining node sends to any member, over a connection it has pinned to the token's authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The token's public part.
    pub token: TokenId,
    /// The token's secret part, base64url.
    pub secret: Secret,
    /// The name it wants.
    pub node: NodeName,
    /// Where it serves.
    pub endpoints: Vec<Endpoint>,
    /// Its certificate request, PEM, signed with the key that its listener shows.
    pub certificate_request: String,
    /// What it speaks.
    pub protocol: ProtocolRange,
    /// What it runs.
    pub software: SoftwareVersion,
}

/// The answer to a join that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinAnswer {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its name.
    pub cluster_name: ClusterName,
    /// The number the node was given.
    pub node: NodeId,
    /// The certificate made for it, PEM.
    pub certificate: String,
    /// The authority, PEM.
    pub ca_certificate: String,
    /// See [`super::ClusterRecord::heartbeat_key`].
    pub heartbeat_key: Secret,
    /// The members, to be recognised before the database has arrived.
    pub members: Vec<MemberHint>,
    /// What should be mended, such as an address of the node that does not answer.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// What a daemon says to each peer at its start: who I am, which life of me this is, what I speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The node.
    pub node: NodeId,
    /// This life of its daemon.
    pub incarnation: Incarnation,
    /// Every life that this data directory has had, the present one included. If the cluster has
    /// accepted one that is not among them, this directory is an older copy.
    pub history: Vec<Incarnation>,
    /// Where it serves.
    pub endpoints: Vec<Endpoint>,
    /// What it speaks.
    pub protocol: ProtocolRange,
    /// What it runs.
    pub software: SoftwareVersion,
}

/// A peer's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HelloAnswer {
    /// Welcome back.
    Welcome {
        /// What the peer speaks.
        protocol: ProtocolRange,
        /// What the peer runs.
        software: SoftwareVersion,
    },
    /// Whether another process is alive with this identity is not known yet; ask again.
    Contested,
    /// The cluster has accepted a life of this node that its data directory never had.
    Stale,
    /// Another process is alive with this identity.
    Duplicate {
        /// The life that was there first.
        first: Incarnation,
        /// Where it was last heard from.
        seen_at: String,
    },
    /// No common protocol.
    Incompatible {
        /// What the peer speaks.
        protocol: ProtocolRange,
        /// What the peer runs.
        software: SoftwareVersion,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> JoinToken {
        JoinToken { id: TokenId([1; 8]), secret: [2; 16], ca_pin: [3; 32] }
    }

    #[test]
    fn a_token_round_trips_and_hides_its_secret() {
        let text = token().to_string();
        assert_eq!(text.parse::<JoinToken>().unwrap(), token());
        assert_eq!(format!(" {text}\n").parse::<JoinToken>().unwrap(), token(), "pasted with white space");
        assert_eq!(format!("{:?}", token()), "JoinToken(0101010101010101, secret)");
    }

    #[test]
    fn every_single_changed_or_missing_character_is_noticed() {
        let text = token().to_string();
        for at in TOKEN_PREFIX.len()..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(changed.parse::<JoinToken>(), Err(TokenError::Damaged), "changed at {at}");
            assert_eq!(text[..at].parse::<JoinToken>(), Err(TokenError::Damaged), "cut at {at}");
        }
        assert_eq!("hello".parse::<JoinToken>(), Err(TokenError::NotAToken));
    }

    #[test]
    fn the_checksum_is_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926, "the check value of CRC-32/ISO-HDLC");
    }
}
