//! Events to journald, with their fields; to stderr where there is no journal.
//!
//! The journal's native protocol is a datagram of `NAME=value` lines. It is written here because
//! the fields of an event are known only at run time, which logging crates do not offer.

use model::stored::EventRecord;
use serde_json::Value;
use std::fmt::Write as _;
use std::os::unix::net::UnixDatagram;

/// Where journald listens (systemd.journal-fields(7)).
const SOCKET: &str = "/run/systemd/journal/socket";

/// Tells one event. A journal that does not take it is not waited for.
pub(crate) fn tell(event: &EventRecord) {
    let sent = UnixDatagram::unbound().and_then(|socket| {
        socket.set_nonblocking(true)?;
        socket.send_to(&datagram(event), SOCKET)
    });
    if sent.is_err() {
        tracing::info!(target: "event", "{} {} {}", event.id, event.level, event.text);
    }
}

fn priority(level: &str) -> u8 {
    match level {
        "critical" => 2,
        "error" => 3,
        "warning" => 4,
        _ => 6,
    }
}

fn datagram(event: &EventRecord) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |name: &str, value: &str| {
        // A value with a line feed is sent with its length; ours have none but for hostile fields.
        out.extend(name.as_bytes());
        if value.contains('\n') {
            out.push(b'\n');
            out.extend((value.len() as u64).to_le_bytes());
        } else {
            out.push(b'=');
        }
        out.extend(value.as_bytes());
        out.push(b'\n');
    };
    put("MESSAGE", &event.text);
    put("PRIORITY", &priority(&event.level).to_string());
    put("SYSLOG_IDENTIFIER", "steadfast");
    put("STEADFAST_EVENT", &event.id.to_string());
    put("STEADFAST_EVENT_NAME", &event.name);
    put("STEADFAST_SEQ", &event.seq.to_string());
    put("STEADFAST_NODE", event.node.as_str());
    if let Some(revision) = event.revision {
        put("STEADFAST_REVISION", &revision.to_string());
    }
    for (name, value) in &event.fields {
        let mut upper = String::from("STEADFAST_FIELD_");
        let _ = write!(upper, "{}", name.to_ascii_uppercase());
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if *value != Value::Null {
            put(&upper, &text);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{NodeName, Timestamp};

    #[test]
    fn the_journal_gets_the_message_and_every_field() {
        let draft: events::Draft = events::UncleanStop { last_seq: 7 }.into();
        let record = draft.into_record(8, NodeName::new("n1").unwrap(), Timestamp::from_unix_ms(1));
        let text = String::from_utf8(datagram(&record)).unwrap();
        for line in ["PRIORITY=4", "STEADFAST_EVENT=20002", "STEADFAST_SEQ=8", "STEADFAST_FIELD_LAST_SEQ=7"] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
    }

    #[test]
    fn a_line_feed_in_a_value_cannot_forge_a_field() {
        let draft: events::Draft = events::UncleanStop { last_seq: 7 }.into();
        let mut record = draft.into_record(8, NodeName::new("n1").unwrap(), Timestamp::from_unix_ms(1));
        record.fields.insert("x".to_owned(), Value::String("a\nPRIORITY=0".to_owned()));
        let bytes = datagram(&record);
        let length = 12_u64.to_le_bytes();
        assert!(bytes.windows(8).any(|window| window == length), "sent with its length");
    }
}
