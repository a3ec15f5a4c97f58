//! What an administrator gives the command line to prove who he is.

use super::{Target, ensure};
use crate::corpus;
use api::client::{Auth, Client};
use model::{Endpoint, Secret};

const AUTHORITY: &str = include_str!("../../cluster/ca.pem");
const CERTIFICATE: &str = include_str!("../../cluster/client.crt");
const KEY: &str = include_str!("../../cluster/client.key");

/// So much of a secret in a message is not there by chance.
const TELLING: usize = 16;

/// The files of `--ca`, `--client-cert`, `--client-key` and `--api-token-file`.
pub(super) const CREDENTIAL: Target = Target {
    name: "credential",
    reads: "an authority, a certificate, a key or a token in a file",
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let pair = |certificate: &str, key: &str| Auth::Certificate {
            certificate_pem: certificate.to_owned(),
            key_pem: Secret::new(key),
        };
        // As each of them, beside good ones.
        for (authority, auth, secret) in [
            (&*text, pair(CERTIFICATE, KEY), false),
            (AUTHORITY, pair(&text, KEY), false),
            (AUTHORITY, pair(CERTIFICATE, &text), true),
            (AUTHORITY, Auth::Token(Secret::new(&*text)), true),
        ] {
            let addresses = vec![Endpoint(([127, 0, 0, 1], 7400).into())];
            let Err(why) = Client::tls(addresses, authority, auth) else { continue };
            let why = why.to_string();
            ensure(!why.is_empty(), "it was refused without a reason")?;
            let told = secret
                && why.as_bytes().windows(TELLING).any(|part| bytes.windows(TELLING).any(|of| of == part));
            ensure(!told, "a message holds a part of the secret")?;
        }
        Ok(())
    },
    seeds: || corpus::files(&["fuzz/corpus/credential"]),
    words: &[
        "-----BEGIN CERTIFICATE-----\n",
        "-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----END PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\n",
        "-----BEGIN",
        "-----\n",
        "MII",
        "====",
    ],
};
