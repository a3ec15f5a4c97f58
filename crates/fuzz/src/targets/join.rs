//! What a stranger may send to join: a token that somebody typed, and the request.

use super::{Target, ensure};
use crate::corpus;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::TokenId;
use model::stored::{JoinRequest, JoinToken};

/// The text of a token.
pub(super) const TOKEN: Target = Target {
    name: "join-token",
    reads: "a join token, as it was pasted",
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(token) = text.parse::<JoinToken>() else { return Ok(()) };
        ensure(token.to_string() == text.trim(), "a token has two texts")
    },
    seeds: || {
        let token = |byte| JoinToken { id: TokenId([byte; 8]), secret: [2; 16], ca_pin: [3; 32] };
        vec![token(1).to_string().into_bytes(), format!(" {}\n", token(255)).into_bytes(), Vec::new()]
    },
    words: &["sfj1_", "sfj2_", "A", "=", "-", "_", " "],
};

/// The request in JSON, and in it the certificate request.
pub(super) const REQUEST: Target = Target {
    name: "join-request",
    reads: "a join request of a stranger, with its certificate request",
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        certificate_request(&text)?;
        // What a stranger sends is PEM; damage that reaches the DER inside is made here.
        let der = STANDARD.encode(bytes);
        certificate_request(&format!(
            "-----BEGIN CERTIFICATE REQUEST-----\n{der}\n-----END CERTIFICATE REQUEST-----\n"
        ))?;
        let Ok(request) = serde_json::from_slice::<JoinRequest>(bytes) else { return Ok(()) };
        let again = serde_json::to_vec(&request).map_err(|error| error.to_string())?;
        let same = serde_json::from_slice::<JoinRequest>(&again).is_ok_and(|same| same == request);
        ensure(same, "what was decoded is not decoded again")?;
        certificate_request(&request.certificate_request)
    },
    seeds: || corpus::files(&["fuzz/corpus/join-request"]),
    words: &[
        "-----BEGIN CERTIFICATE REQUEST-----",
        "-----END CERTIFICATE REQUEST-----\\n",
        "\"endpoints\":[",
        "[::1]:7400",
        "\"certificate_request\":",
        "\u{30}\u{7f}",
        "\u{6}\u{3}\u{55}\u{4}\u{3}",
    ],
};

/// Only a request whose signature holds is accepted, and then it has a key.
fn certificate_request(pem: &str) -> Result<(), String> {
    match daemon::fuzzing::certificate_request(pem) {
        Ok(key) => ensure(!key.is_empty(), "an accepted certificate request has no key"),
        Err(_) => Ok(()),
    }
}
