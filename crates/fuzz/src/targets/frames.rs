//! What a resource monitor says: it runs foreign code, and may say anything.

use super::{Target, ensure};
use resource_api::frame::{Decoder, encode};
use resource_api::message::{Hello, LoadStage, NoticedBy, TypeStanding};
use resource_api::{Failure, FromMonitor, Note, Outcome, ResourceId};

/// Frames, as the daemon reads them.
pub(super) const MONITOR: Target = Target {
    name: "monitor",
    reads: "what a resource monitor says",
    run: |bytes| {
        // Cut where the first byte says, as a socket may cut them.
        let size = usize::from(bytes.first().copied().unwrap_or(0)) + 1;
        let whole = messages(&[bytes]);
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        ensure(messages(&pieces) == whole, "how it was cut made a difference")?;
        for message in whole {
            let again = encode(&message).map_err(|error| error.to_string())?;
            ensure(messages(&[&again]) == [message], "what was read is not what is written")?;
        }
        Ok(())
    },
    seeds: || {
        let id = ResourceId {
            group: "g".parse().expect("it is a name"),
            resource: "r".parse().expect("it is a name"),
        };
        let outcome = Outcome::failed(Failure::TimedOut, "`online` was ended").with_output("out\n");
        let name = "dummy".parse().expect("it is a name");
        let said = [
            FromMonitor::Hello { hello: Hello::ours("fuzz") },
            FromMonitor::Types { types: vec![TypeStanding { name, problem: Some("broken".to_owned()) }] },
            FromMonitor::Answer { call: 7, outcome: outcome.clone(), took_us: 8 },
            FromMonitor::Changed { id: id.clone(), outcome, noticed_by: NoticedBy::Event, left_out: 3 },
            FromMonitor::Note {
                note: Note::Score { id: id.clone(), node: "n1".to_owned(), score: Some(-9) },
            },
            FromMonitor::Note {
                note: Note::Attribute {
                    node: "n1".to_owned(),
                    name: "a".to_owned(),
                    value: Some("b".to_owned()),
                    lasting: true,
                },
            },
            FromMonitor::Note { note: Note::Ban { id, node: "n1".to_owned(), on: true } },
            FromMonitor::LoadFailed {
                library: "/usr/lib/steadfast/plugins/x.so".into(),
                stage: LoadStage::Startup,
                problems: vec!["its start-up returned nothing".to_owned()],
            },
            FromMonitor::Pong { nonce: 9 },
        ];
        said.iter().filter_map(|message| encode(message).ok()).collect()
    },
    words: &[
        "\0\0\0\u{8}",
        "\"say\":",
        "\"answer\"",
        "\"verdict\":{\"is\":\"failed\"}",
        "18446744073709551615",
    ],
};

/// The messages before the first nonsense.
pub(super) fn messages(pieces: &[&[u8]]) -> Vec<FromMonitor> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.take() {
                Ok(Some(message)) => out.push(message),
                Ok(None) => break,
                Err(_) => return out,
            }
        }
    }
    out
}
