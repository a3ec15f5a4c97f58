//! The local socket: who is at the other end, the kernel says.

use super::caller::Connection;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// How many local connections of root and of the daemon's own user are served at a time.
const MOST: usize = 256;

/// How many of all other users, who get no more than a refusal: one more is hung up on.
const MOST_OTHERS: usize = 32;

/// Binds the socket. A file that a dead daemon left behind is replaced; that no other daemon is
/// alive on this data directory, its lock has made sure.
///
/// # Errors
/// If the path cannot be used, or another process still answers there.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        let text = "another process answers on it; give each daemon its own `socket`";
        return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    // Everybody may knock, so that everybody gets a clear answer; who may act is decided by user.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}

/// Serves the socket, for ever. Those who may act wait for each other; those who may not cannot
/// make them wait.
pub async fn run(listener: UnixListener, router: Router) {
    let own = rustix::process::geteuid().as_raw();
    let [places, others] = [MOST, MOST_OTHERS].map(|most| Arc::new(Semaphore::new(most)));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(peer) = stream.peer_cred() else { continue };
        let uid = peer.uid();
        let place = if uid == 0 || uid == own {
            places.clone().acquire_owned().await.ok()
        } else {
            others.clone().try_acquire_owned().ok()
        };
        let Some(place) = place else { continue };
        let router = router.clone();
        tokio::spawn(async move {
            let _place = place;
            connection(stream, uid, router).await;
        });
    }
}

async fn connection(stream: UnixStream, uid: u32, router: Router) {
    let router = router.layer(Extension(Connection::Local { uid }));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
    if let Err(error) = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await
    {
        tracing::debug!(%error, "a local connection ended");
    }
}
