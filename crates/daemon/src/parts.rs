//! Keeping the daemon's parts running.

use crate::node::Node;
use std::sync::Arc;
use std::time::Duration;

/// Before a part that failed is started again.
const AGAIN: Duration = Duration::from_secs(1);

/// Runs a part for ever. A part that panics is a defect; it is told as event 1000 and started
/// again, and the other parts go on meanwhile: a daemon that ended for it would take with it what works.
pub(crate) fn keep<F>(node: &Arc<Node>, name: &'static str, part: impl Fn(Arc<Node>) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let node = node.clone();
    tokio::spawn(async move {
        loop {
            let ended = tokio::spawn(part(node.clone())).await;
            let problem = match ended {
                Ok(()) => "it ended".to_owned(),
                Err(error) if error.is_cancelled() => return,
                Err(error) => reason(error),
            };
            node.log.raise(events::UnexpectedError { part: name.to_owned(), problem });
            tokio::time::sleep(AGAIN).await;
        }
    });
}

fn reason(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "it panicked".to_owned()),
        Err(error) => error.to_string(),
    }
}
