//! Documents out of files and from peers: what is decoded is encoded and decoded alike.

use super::{Target, ensure};
use crate::corpus;
use model::stored::{
    ClusterState, EventRecord, Hello, HelloAnswer, Identity, JoinAnswer, MemberHint, Outcome, Proposal,
    Versioned,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Every document that is stored or sent on its own.
pub(super) const DOCUMENTS: Target = Target {
    name: "documents",
    reads: "a stored or sent document of any type",
    run: |bytes| {
        round_trip::<Identity>(bytes)?;
        round_trip::<EventRecord>(bytes)?;
        round_trip::<Proposal>(bytes)?;
        round_trip::<ClusterState>(bytes)?;
        round_trip::<Outcome>(bytes)?;
        round_trip::<Hello>(bytes)?;
        round_trip::<HelloAnswer>(bytes)?;
        round_trip::<JoinAnswer>(bytes)?;
        round_trip::<Vec<MemberHint>>(bytes)
    },
    seeds,
    words: &[
        "\"version\":",
        "\"body\":",
        "\"revision\":",
        "\"fields\":{",
        ",",
        ":",
        "}",
        "\"node\":",
        "18446744073709551616",
    ],
};

fn round_trip<T: Serialize + DeserializeOwned + PartialEq>(bytes: &[u8]) -> Result<(), String> {
    let Ok(first) = Versioned::<T>::decode(bytes) else { return Ok(()) };
    let encoded = Versioned::encode(&first);
    let kind = std::any::type_name::<T>();
    match Versioned::<T>::decode(&encoded) {
        Ok(second) => ensure(second == first, &format!("a {kind} is decoded otherwise the second time")),
        Err(error) => Err(format!("a {kind} was encoded and is not decoded: {error}")),
    }
}

/// The golden files hold lists of documents; each document is a seed.
fn seeds() -> Vec<Vec<u8>> {
    let lists = corpus::files(&["model/tests/golden"]);
    let lists = lists.iter().filter_map(|list| serde_json::from_slice::<Vec<serde_json::Value>>(list).ok());
    lists.flatten().map(|document| document.to_string().into_bytes()).collect()
}
