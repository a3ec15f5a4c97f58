//! What an OCF agent prints about itself: agents are foreign, and so is what they print.

use super::{Target, ensure};
use crate::corpus;
use resource_api::FromMonitor;
use resource_api::frame::encode;
use std::collections::BTreeMap;

/// An agent's metadata.
pub(super) const METADATA: Target = Target {
    name: "metadata",
    reads: "the metadata of an OCF agent",
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let understood = monitor::fuzzing::metadata("ocf:p:x", &text);
        ensure(understood == monitor::fuzzing::metadata("ocf:p:x", &text), "the same text has two meanings")?;
        let description = match understood {
            Ok(description) => description,
            Err(why) => {
                harmless(&why)?;
                return ensure(!why.is_empty() && why.len() < 1000, &format!("the reason is {why:?}"));
            }
        };
        let texts = description.parameters.iter().flat_map(|one| {
            let more = [&one.default, &one.replaced_by].into_iter().flatten();
            [&one.name, &one.summary].into_iter().chain(more)
        });
        let own = [&description.summary, &description.description, &description.version];
        texts.chain(own).try_for_each(|text| harmless(text))?;
        // Whatever is given to it is judged, and does not stop anybody.
        let _ = description.check(&BTreeMap::new());
        let written = serde_json::to_vec(&description).map_err(|error| error.to_string())?;
        let again = serde_json::from_slice(&written).map_err(|error| error.to_string())?;
        ensure(description == again, "it is read otherwise than it was written")?;
        let (kind, reason) = ("ocf:p:x".parse().expect("it is a name"), String::new());
        let message = FromMonitor::Described { kind, description: Some(description), reason };
        encode(&message).map(drop).map_err(|error| format!("it cannot be told: {error}"))
    },
    seeds: || corpus::files(&["fuzz/corpus/metadata"]),
    words: &[
        "<parameter name=\"a\" required=\"1\" unique=\"1\">",
        "<content type=\"select\" default=\"x\"><option value=\"x\"/></content>",
        "</parameter>",
        "<parameters>",
        "<actions>",
        "<action name=\"monitor\" timeout=\"20s\" depth=\"10\"/>",
        "<longdesc lang=\"en\">",
        "<deprecated><replaced-with name=\"b\"/></deprecated>",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]>",
        "<!--",
        "<?",
        "&amp;",
        "&#27;",
        "&#x10ffff;",
        "&b;",
        "18446744073709551615h",
        "xml:lang=''",
    ],
};

/// What reaches a terminal is text and white space; anything else a terminal may obey.
fn harmless(text: &str) -> Result<(), String> {
    let obeyed = text.chars().find(|char| char.is_control() && !matches!(char, '\n' | '\t'));
    obeyed.map_or(Ok(()), |char| Err(format!("{char:?} is left in {text:?}")))
}
