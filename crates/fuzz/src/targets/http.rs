//! The API and the peers' paths, as somebody who shows no certificate reaches them.

use super::talk::{runtime, talk};
use super::{Target, ensure};
use crate::{corpus, panics};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A daemon's routes behind the daemon's HTTP server.
pub(super) const HTTP: Target = Target {
    name: "http",
    reads: "HTTP/1 and HTTP/2 of an anonymous caller",
    run: |bytes| {
        House::with(|house| {
            let serve = |stream| house.routes.clone().serve(stream);
            let answer = house.runtime.block_on(talk(bytes, serve));
            if let Some(panic) = panics::noted() {
                return Err(panic);
            }
            let says = |status: &[u8]| answer.windows(status.len()).any(|window| window == status);
            ensure(!says(b"HTTP/1.1 500 "), "a stranger caused an internal error")?;
            ensure(!says(b"HTTP/1.1 200 OK\r\n"), "a stranger was served")
        })
    },
    seeds: || corpus::files(&["fuzz/corpus/http"]),
    words: &[
        "GET ",
        "POST ",
        "/v1/status",
        "/peer/v1/raft",
        "/join/v1/request",
        "/v1/events/stream?",
        " HTTP/1.1\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "Expect: 100-continue\r\n",
        "Connection: close\r\n",
        "Authorization: Bearer ",
        "x-steadfast-incarnation: ",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "%00",
        "%2e%2e",
        "ffffffffffffffff\r\n",
        "0\r\n\r\n",
    ],
};

/// A node that is no member of anything, and a runtime for it.
struct House {
    routes: daemon::fuzzing::Routes,
    runtime: Runtime,
    _dir: TempDir,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("the test needs a folder");
        let runtime = runtime();
        let routes = runtime.block_on(async { daemon::fuzzing::Routes::new(dir.path()) });
        Self { routes: routes.expect("an empty folder takes a node"), runtime, _dir: dir }
    }

    /// One per thread, since all its tasks run on that thread.
    fn with<R>(use_it: impl FnOnce(&Self) -> R) -> R {
        thread_local! { static HOUSE: House = House::new(); }
        HOUSE.with(use_it)
    }
}
