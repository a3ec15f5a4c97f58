//! A connection in memory, and somebody who sends bytes into it.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};

/// How often everything else gets its turn until it is taken for idle. A request passes some ten
/// tasks; nothing here waits for anything but the memory of this process.
const TURNS: usize = 200;

/// A runtime whose tasks all run on the thread that asks, so that their panics are noted.
///
/// # Panics
/// The operating system has no resources left; nothing can be tested then.
pub(super) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime needs an epoll, which is there")
}

/// Sends `bytes` to whoever `serve` serves, and returns what was answered until nothing moved.
pub(super) async fn talk<F>(bytes: &[u8], serve: impl FnOnce(DuplexStream) -> F) -> Vec<u8>
where
    F: Future<Output = ()> + 'static + Send,
{
    let (client, server) = duplex(1 << 20);
    let serving = tokio::spawn(serve(server));
    let (mut from, mut to) = tokio::io::split(client);
    let sent = bytes.to_vec();
    let sending = tokio::spawn(async move {
        // A server that has hung up is an answer too.
        let _ = to.write_all(&sent).await;
        to
    });
    let answered = tokio::spawn(async move {
        let mut answer = Vec::new();
        let _ = from.read_to_end(&mut answer).await;
        answer
    });
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
    // Dropping what is left of the server ends the client's reading.
    serving.abort();
    sending.abort();
    answered.await.unwrap_or_default()
}
