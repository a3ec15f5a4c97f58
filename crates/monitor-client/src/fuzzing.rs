//! A door for the fuzz targets: a monitor that is nothing but what it says.
//!
//! Nothing here is called by the daemon. What is said is read by the code that reads it from a process.

use crate::drive::{Reader, listen};
use crate::monitor::{Inner, Monitor};
use crate::news::Telling;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

/// A monitor without a process, whose hello has been heard: it says what comes from this socket, and ends
/// when that does or is no message. What it is told reaches nobody.
///
/// # Panics
/// Outside a tokio runtime.
#[must_use]
pub fn monitor(says: UnixStream, news: Telling) -> Monitor {
    let (to, _) = mpsc::unbounded_channel();
    let inner = Inner::new(0, to, news);
    let kept = inner.clone();
    tokio::spawn(async move {
        let (reader, _writer) = says.into_split();
        let how = listen(&mut Reader::of(reader), &kept).await;
        kept.end(how.unwrap_or_else(|| "closed its socket".to_owned()), String::new());
    });
    Monitor(inner)
}
