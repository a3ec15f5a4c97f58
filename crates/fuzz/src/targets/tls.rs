//! The TLS handshake of a node that is no member yet, as anyone can begin it.

use super::talk::{runtime, talk};
use super::{Target, ensure};
use crate::{corpus, panics};
use std::sync::LazyLock;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

static ACCEPTOR: LazyLock<TlsAcceptor> = LazyLock::new(|| {
    TlsAcceptor::from(daemon::fuzzing::stranger().expect("a key and a certificate are made"))
});

thread_local! { static RUNTIME: Runtime = runtime(); }

/// The listener's handshake.
pub(super) const TLS: Target = Target {
    name: "tls",
    reads: "a TLS handshake of anyone",
    run: |bytes| {
        let answer = RUNTIME.with(|runtime| {
            runtime.block_on(talk(bytes, |stream| async move {
                // Whoever completes a handshake has a key; bytes that were written down have none.
                drop(ACCEPTOR.accept(stream).await);
            }))
        });
        if let Some(panic) = panics::noted() {
            return Err(panic);
        }
        // Handshake, alert, application data or the compatibility message: nothing but TLS records.
        ensure(answer.first().is_none_or(|kind| (20..=23).contains(kind)), "the answer is no TLS record")
    },
    seeds: || corpus::files(&["fuzz/corpus/tls"]),
    words: &["\u{16}\u{3}\u{1}", "\u{17}\u{3}\u{3}", "\u{15}\u{3}\u{3}", "h2", "http/1.1", "steadfast"],
};
