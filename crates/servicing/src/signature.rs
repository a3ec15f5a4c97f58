//! Whether a baseline is signed by somebody who may.
//!
//! Ed25519 (RFC 8032) over a line that says what is signed and the text, byte for byte. Whoever may sign is in the
//! cluster database; so what is shown is that the text is the one they saw, not that they are trustworthy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Timestamp;
use model::stored::{Baseline, BaselineSignature, SignedBaseline, SignerRecord, UnreadableDocument};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use std::collections::{BTreeMap, BTreeSet};

/// Comes before what is signed, so that no signature under anything else can be taken for one under a baseline.
const CONTEXT: &[u8] = b"steadfast baseline, version 1\n";

/// Why a baseline is not to be used.
#[derive(Debug, thiserror::Error)]
pub enum RefusedBaseline {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableDocument),
    /// Nobody who may has signed it.
    #[error("it carries no good signature of anybody who may sign: {}", told(.0))]
    NotSigned(Vec<(String, &'static str)>),
}

fn told(refused: &[(String, &'static str)]) -> String {
    match refused {
        [] => "it carries none at all".to_owned(),
        all => all.iter().map(|(who, why)| format!("`{who}` {why}")).collect::<Vec<_>>().join("; "),
    }
}

/// Why a key is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key: expected 32 bytes in base64")]
pub struct InvalidKey;

/// The baseline, with those who have signed it and may.
///
/// # Errors
/// [`RefusedBaseline`]: it is not to be used.
pub fn verify(
    signed: &SignedBaseline,
    signers: &BTreeMap<String, SignerRecord>,
) -> Result<(Baseline, BTreeSet<String>), RefusedBaseline> {
    let baseline = signed.baseline()?;
    let (mut good, mut refused) = (BTreeSet::new(), Vec::new());
    for one in &signed.signatures {
        match is_good(one, &signed.text, signers.get(&one.signer), baseline.made) {
            Ok(()) => {
                good.insert(one.signer.clone());
            }
            Err(why) => refused.push((one.signer.chars().take(80).collect(), why)),
        }
    }
    if good.is_empty() { Err(RefusedBaseline::NotSigned(refused)) } else { Ok((baseline, good)) }
}

/// Signatures that are no good, and why, of whoever is not left out: somebody who sends one means it.
#[must_use]
pub fn refused(signed: &SignedBaseline, signers: &BTreeMap<String, SignerRecord>, but: &str) -> Vec<String> {
    let Ok(baseline) = signed.baseline() else { return Vec::new() };
    let others = signed.signatures.iter().filter(|one| one.signer != but);
    let bad = others.filter_map(|one| {
        let why = is_good(one, &signed.text, signers.get(&one.signer), baseline.made).err()?;
        Some(format!("`{}` {why}", one.signer.chars().take(80).collect::<String>()))
    });
    bad.collect()
}

fn is_good(
    signature: &BaselineSignature,
    text: &str,
    signer: Option<&SignerRecord>,
    made: Timestamp,
) -> Result<(), &'static str> {
    let signer = signer.ok_or("may not sign")?;
    if signer.expires.is_some_and(|expires| made >= expires) {
        return Err("may not sign any more: the key has expired");
    }
    let key = STANDARD.decode(&signer.public_key).map_err(|_| "has a key that is none")?;
    let bytes = STANDARD.decode(&signature.signature).map_err(|_| "gave no signature but something else")?;
    let verified = UnparsedPublicKey::new(&ED25519, key).verify(&signed_bytes(text), &bytes);
    verified.map_err(|_| "signed something else, or with another key")
}

/// Signs a text with a private key: its seed of 32 bytes, in base64.
///
/// # Errors
/// [`InvalidKey`]: it is no key.
pub fn sign(signer: &str, seed: &str, text: &str) -> Result<BaselineSignature, InvalidKey> {
    let pair = pair(seed)?;
    let signature = STANDARD.encode(pair.sign(&signed_bytes(text)));
    Ok(BaselineSignature { signer: signer.to_owned(), signature })
}

/// The public key of a seed, in base64.
///
/// # Errors
/// [`InvalidKey`]: it is no key.
pub fn public_key(seed: &str) -> Result<String, InvalidKey> {
    Ok(STANDARD.encode(pair(seed)?.public_key().as_ref()))
}

/// Whether a text is a public key.
///
/// # Errors
/// [`InvalidKey`]: it is none.
pub fn check_public_key(text: &str) -> Result<(), InvalidKey> {
    let bytes = STANDARD.decode(text).map_err(|_| InvalidKey)?;
    if bytes.len() == 32 { Ok(()) } else { Err(InvalidKey) }
}

fn pair(seed: &str) -> Result<Ed25519KeyPair, InvalidKey> {
    let seed = STANDARD.decode(seed.trim()).map_err(|_| InvalidKey)?;
    Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| InvalidKey)
}

fn signed_bytes(text: &str) -> Vec<u8> {
    [CONTEXT, text.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
