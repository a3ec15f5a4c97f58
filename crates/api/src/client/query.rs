//! A query as the query part of a path.

use serde::Serialize;
use std::fmt::Write as _;

/// `path` with the query behind it: the fields that are there, in the order of their names.
pub(super) fn with_query(path: &str, query: &impl Serialize) -> String {
    let mut out = path.to_owned();
    let mut joint = '?';
    // Queries are flat records of texts and numbers; anything else would add nothing.
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(query) else { return out };
    for (name, value) in fields {
        let value = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(flag) => flag.to_string(),
            _ => continue,
        };
        out.push(joint);
        out.push_str(&name);
        out.push('=');
        escape(&mut out, &value);
        joint = '&';
    }
    out
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, section 2.3.
fn escape(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventQuery;

    #[test]
    fn an_empty_query_adds_nothing() {
        assert_eq!(with_query("/v1/events", &EventQuery::default()), "/v1/events");
    }

    #[test]
    fn values_cannot_break_out_of_their_place() {
        let query = EventQuery {
            since: Some("2026-11-22T18:30:00+01:00".to_owned()),
            id: Some(1009),
            node: Some("n1&limit=9#\r\nX: y".to_owned()),
            ..EventQuery::default()
        };
        assert_eq!(
            with_query("/v1/events", &query),
            "/v1/events?id=1009&node=n1%26limit%3D9%23%0D%0AX%3A%20y&since=2026-11-22T18%3A30%3A00%2B01%3A00"
        );
    }
}
