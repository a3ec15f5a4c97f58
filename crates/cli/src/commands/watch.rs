//! `steadfast status --watch`: the status, again and again.

use super::Format;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::Out;
use crate::render::status::status;
use api::Status;
use api::client::{Client, ClientError};
use std::time::Duration;

/// How often to ask. A person sees a change within a second, and a node answers a thousand such
/// watchers without effort.
const PERIOD: Duration = Duration::from_secs(1);

/// Moves a terminal's cursor home and clears everything below (ECMA-48, CUP and ED).
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Shows the status whenever it changes, until interrupted. A node that does not answer at the
/// start is a failure; one that stops answering later is what a watcher wants to see.
pub(crate) async fn run(client: &Client, format: Format, out: &mut Out) -> Result<Exit, Failure> {
    let mut shown = None;
    loop {
        match client.status().await {
            Ok(status) => {
                let essence = Some(essence(&status));
                if out.is_terminal() || shown != essence {
                    show(&status, format, out)?;
                    shown = essence;
                }
            }
            Err(error) if shown.is_none() => return Err(error.into()),
            Err(error @ (ClientError::Problem(_) | ClientError::Foreign { .. })) => return Err(error.into()),
            Err(error) => {
                let essence = Some(error.to_string());
                if shown != essence {
                    out.fail(&error.into());
                    shown = essence;
                }
            }
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn show(status_now: &Status, format: Format, out: &mut Out) -> Result<(), Failure> {
    if format.json {
        return out.json_line(status_now);
    }
    let text = status(status_now, out.width());
    let text = if out.is_terminal() { format!("{CLEAR}{text}") } else { format!("{text}\n") };
    out.data(&text)
}

/// The status without what changes by itself from one second to the next.
fn essence(status: &Status) -> String {
    let mut status = status.clone();
    status.as_of.clear();
    status.database.free_bytes = None;
    // The sentence counts seconds ("last seen 12 s ago"); what it says is in the other fields.
    status.standing.text.clear();
    for node in &mut status.nodes {
        node.last_seen_ms = None;
        node.lease_remaining_ms = None;
    }
    serde_json::to_string(&status).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;
    use api::NodeState;

    #[test]
    fn what_changes_by_itself_is_no_change() {
        let before = samples::three_nodes();
        let mut after = before.clone();
        after.as_of = "2026-11-22T18:30:01.000Z".to_owned();
        after.nodes[1].last_seen_ms = Some(1);
        after.standing.text.push('!');
        assert_eq!(essence(&before), essence(&after));
        after.nodes[1].state = NodeState::Down;
        assert_ne!(essence(&before), essence(&after));
    }
}
