//! What leaders say and voters answer, read off the wire by an outsider.
//!
//! The bytes are read as JSON, by the names that are in it: none of the store's types, none of its rules.

use crate::history::{Exchange, Nanos};
use crate::world::{World, now};
use model::NodeId;
use serde_json::Value;

/// How messages of leaders begin.
const OF_A_LEADER: [&[u8]; 2] =
    [b"{\"version\":1,\"body\":{\"append\"", b"{\"version\":1,\"body\":{\"snapshot\""];

/// Notes a message that was answered just now, if it is a leader's. Where it is in the history.
pub(crate) fn note<E>(
    world: &World,
    (from, to): (NodeId, NodeId),
    (sent, arrived): (Nanos, Nanos),
    message: &[u8],
    answer: Result<&[u8], E>,
) -> Option<usize> {
    let answer = answer.ok()?;
    if !OF_A_LEADER.iter().any(|beginning| message.starts_with(beginning)) {
        return None;
    }
    let message: Value = serde_json::from_slice(message).ok()?;
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let number = |pointer: &str| message.pointer(pointer).and_then(Value::as_u64);
    let term = number("/body/append/request/vote/leader_id/term")
        .or_else(|| number("/body/snapshot/vote/leader_id/term"))?;
    let body = answer.pointer("/body")?;
    let appended = body.get("append").is_some_and(|reply| reply.get("HigherVote").is_none());
    // Who refuses a snapshot says whose term it is in instead.
    let follows = body.pointer("/snapshot/vote/leader_id/term").and_then(Value::as_u64);
    let accepted = appended || follows.is_some_and(|follows| follows <= term);
    let answer = accepted.then(|| (now(), body.get("evidence_ns").and_then(Value::as_u64)));
    let mut inner = world.lock();
    let exchanges = &mut inner.history.exchanges;
    exchanges.push(Exchange { from, to, term, sent, arrived, back: None, answer });
    Some(exchanges.len() - 1)
}

/// The answer has come back to the leader.
pub(crate) fn came_back(world: &World, noted: Option<usize>) {
    let mut inner = world.lock();
    if let Some(exchange) = noted.and_then(|index| inner.history.exchanges.get_mut(index)) {
        exchange.back = Some(now());
    }
}
