//! The API and the peers' paths, as somebody who shows no certificate reaches them.

use super::talk::{runtime, talk};
use super::{Target, ensure};
use crate::{corpus, panics};
use daemon::fuzzing::{Inside, Routes};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A daemon's routes behind the daemon's HTTP server.
pub(super) const HTTP: Target = Target {
    name: "http",
    reads: "HTTP/1 and HTTP/2 of an anonymous caller",
    run: |bytes| {
        House::with(|house| {
            let before = house.member.revision();
            // A member has somebody to admit nodes to; one that is none has not.
            for node in [&house.alone, &house.member] {
                let answer = house.ask(node.routes_of_a_stranger(), bytes)?;
                let says = |status: &[u8]| answer.windows(status.len()).any(|window| window == status);
                ensure(!says(b"HTTP/1.1 500 "), "a stranger caused an internal error")?;
                ensure(!says(b"HTTP/1.1 200 OK\r\n"), "a stranger was served")?;
            }
            ensure(house.member.revision() == before, "a stranger changed the cluster")
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

/// The query part of a request for events, on its way through the routes.
pub(super) const QUERY: Target = Target {
    name: "event-query",
    reads: "what an administrator asks events by",
    run: |bytes| {
        House::with(|house| {
            let request = format!("GET /v1/events?{} HTTP/1.1\r\nHost: x\r\n\r\n", in_a_path(bytes));
            let answer = house.ask(house.member.routes_of_root(), request.as_bytes())?;
            let status = answer.get(9..12).unwrap_or_default();
            // 414: hyper's bound on the length of a path; 431: on that of the whole head.
            let known = [b"200".as_slice(), b"400", b"414", b"431"];
            ensure(known.contains(&status), &format!("the answer is {}", String::from_utf8_lossy(&answer)))
        })
    },
    seeds: || corpus::files(&["fuzz/corpus/event-query"]),
    words: &[
        "&",
        "=",
        "+",
        "%00",
        "%ff",
        "%25",
        "since=",
        "id=",
        "node=",
        "level=",
        "limit=",
        "after=",
        "warning",
        "15m",
        "99999999999d",
        "9999-12-31T23:59:59Z",
    ],
};

/// As bytes of a path: what may stand there, and everything else percent-encoded.
fn in_a_path(bytes: &[u8]) -> String {
    let mut path = String::new();
    for byte in bytes {
        if byte.is_ascii_graphic() && *byte != b'#' {
            path.push(char::from(*byte));
        } else {
            path.push_str(&format!("%{byte:02x}"));
        }
    }
    path
}

/// Two nodes, one that is no member of anything and one that is all of its cluster, and a runtime
/// for them.
struct House {
    alone: Inside,
    member: Inside,
    runtime: Runtime,
    _dirs: [TempDir; 2],
}

impl House {
    fn new() -> Self {
        let dirs = [(); 2].map(|()| tempfile::tempdir().expect("the test needs a folder"));
        let runtime = runtime();
        let (alone, member) = runtime.block_on(async {
            let [alone, member] =
                [0, 1].map(|at| Inside::new(dirs[at].path()).expect("an empty folder takes a node"));
            member.form().await.unwrap_or_else(|why| panic!("a cluster is formed: {why}"));
            (alone, member)
        });
        Self { alone, member, runtime, _dirs: dirs }
    }

    /// One per thread, since all its tasks run on that thread.
    fn with<R>(use_it: impl FnOnce(&Self) -> R) -> R {
        thread_local! { static HOUSE: House = House::new(); }
        HOUSE.with(use_it)
    }

    /// What is answered on a connection on which `bytes` are sent.
    fn ask(&self, routes: Routes, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let answer = self.runtime.block_on(talk(bytes, |stream| routes.serve(stream)));
        panics::noted().map_or(Ok(answer), Err)
    }
}
