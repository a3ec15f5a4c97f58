//! Ctrl-C, as something to look at.
//!
//! A signal that ended the process would leave what it made. So it only raises a flag, which every
//! wait of the story looks at; the story then ends like any other, and cleans up. A second signal
//! does not wait for that.

use super::Failed;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Whether the story shall end.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on SIGINT, SIGTERM and SIGHUP raise the flag.
    pub(super) fn watch() -> Result<Self, Failed> {
        let flag = Arc::new(AtomicBool::new(false));
        let raised = flag.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let runtime = runtime.map_err(Failed::system("watch for signals"))?;
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let guard = runtime.enter();
        let signals: Result<Vec<_>, _> = kinds.into_iter().map(signal).collect();
        let mut signals = signals.map_err(Failed::system("watch for signals"))?;
        drop(guard);
        let watch = move || {
            runtime.block_on(async {
                let [interrupt, terminate, hangup] = signals.as_mut_slice() else { return };
                loop {
                    tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} _ = hangup.recv() => {} }
                    if raised.swap(true, Ordering::Relaxed) {
                        std::process::exit(super::EXIT_INTERRUPTED.into());
                    }
                }
            });
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(watch)
            .map_err(Failed::system("watch for signals"))?;
        Ok(Self(flag))
    }

    /// An error once the story shall end.
    pub(super) fn check(&self) -> Result<(), Failed> {
        if self.0.load(Ordering::Relaxed) { Err(Failed::Interrupted) } else { Ok(()) }
    }
}
