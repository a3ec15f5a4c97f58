//! What is sent to peers and stored in the file keeps its form: openraft's types are in it, and a new
//! version of openraft must not change what a node of the version before has to read.
//!
//! `UPDATE_GOLDEN=1` writes the files anew; any changed line means a new version of the protocol, or
//! of the file's layout.

use super::support::token;
use crate::engine::Tokio;
use crate::engine::message::{Answer, PeerReply, PeerRequest, RefusedMessage, decode, encode};
use crate::engine::open::Marker;
use crate::engine::types::{
    CommittedLeaderId, Entry, LeaderId, LogId, SnapshotMeta, StoredMembership, Types, Vote,
};
use crate::engine::verify::StoredSnapshot;
use model::NodeId;
use model::stored::{ClusterState, Versioned};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderError,
    TransferLeaderRequest, VoteRequest, VoteResponse,
};
use openraft::{EntryPayload, Membership};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

fn id(term: u64, index: u64) -> LogId {
    LogId { leader_id: CommittedLeaderId::new(term), index }
}

fn vote(committed: bool) -> Vote {
    Vote { leader_id: LeaderId { term: 3, voted_for: NodeId(1) }, committed }
}

fn membership() -> Membership<NodeId, ()> {
    let set = |ids: [u64; 2]| BTreeSet::from(ids.map(NodeId));
    Membership::new_with_defaults(vec![set([1, 2]), set([2, 3])], [NodeId(4)])
}

fn entries() -> Vec<Entry> {
    vec![
        Entry { log_id: id(3, 7), payload: EntryPayload::Blank },
        Entry { log_id: id(3, 8), payload: EntryPayload::Membership(membership()) },
        Entry { log_id: id(3, 9), payload: EntryPayload::Normal(token(1)) },
    ]
}

fn meta() -> SnapshotMeta {
    let last_membership = StoredMembership::new(Some(id(2, 5)), membership());
    SnapshotMeta { last_log_id: Some(id(3, 6)), last_membership }
}

/// Holds each value against the file; what it reads there it would write the same.
struct Golden(Vec<Value>);

impl Golden {
    fn add<T: Serialize + DeserializeOwned>(&mut self, value: &T) {
        let bytes = Versioned::encode(value);
        let back: T = Versioned::decode(&bytes).unwrap();
        assert_eq!(Versioned::encode(&back), bytes);
        self.0.push(serde_json::from_slice(&bytes).unwrap());
    }

    fn check(self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        let text = serde_json::to_string_pretty(&self.0).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            text,
            "{name}: can the version before read this?"
        );
    }
}

type Request = PeerRequest<Tokio>;
type Reply = PeerReply<Tokio>;

#[test]
fn messages_keep_their_form() {
    let append = |entries| AppendEntriesRequest::<Types<Tokio>> {
        vote: vote(true),
        prev_log_id: Some(id(2, 6)),
        entries,
        leader_commit: Some(id(3, 7)),
    };
    let candidate = || VoteRequest::<Types<Tokio>>::new(vote(false), Some(id(3, 9)));
    let mut golden = Golden(Vec::new());
    golden.add(&Request::Append { quorum_age_ms: Some(12), request: append(entries()) });
    golden.add(&Request::Append { quorum_age_ms: None, request: append(Vec::new()) });
    golden.add(&Request::Vote(candidate()));
    golden.add(&Request::PreVote(candidate()));
    golden.add(&Request::Transfer(TransferLeaderRequest::new(vote(true), NodeId(2), Some(id(3, 9)))));
    golden.add(&Request::Snapshot {
        vote: vote(true),
        meta: meta(),
        state: Arc::new(ClusterState::default()),
    });
    for reply in [
        AppendEntriesResponse::Success,
        AppendEntriesResponse::PartialSuccess(Some(id(3, 8))),
        AppendEntriesResponse::Conflict,
        AppendEntriesResponse::HigherVote(vote(true)),
    ] {
        golden.add(&Reply::Append(reply));
    }
    golden.add(&Reply::Vote(VoteResponse::new(vote(false), Some(id(3, 9)), true)));
    golden.add(&Reply::Transfer(Ok(())));
    let expected = Some(id(3, 9));
    golden.add(&Reply::Transfer(Err(TransferLeaderError::LogNotFlushed { expected, actual: None })));
    golden.add(&Reply::Snapshot(SnapshotResponse::new(vote(true))));
    golden.add(&Reply::Stopped("its disk failed".to_owned()));
    for evidence_ns in [None, Some(250_000_000)] {
        golden.add(&Answer { reply: Reply::Append(AppendEntriesResponse::Success), evidence_ns });
    }
    golden.check("messages.v1.json");
}

#[test]
fn an_answer_without_evidence_is_that_of_the_version_before() {
    let older = Versioned::encode(Reply::Append(AppendEntriesResponse::PartialSuccess(Some(id(3, 8)))));
    let answer: Answer<Tokio> = decode(&older).unwrap();
    assert_eq!(answer.evidence_ns, None);
    assert_eq!(encode(&answer).unwrap(), older, "nor does the version before have to read anything new");
}

#[test]
fn a_refusal_is_nothing_that_a_quorum_may_count_on() {
    // The one who answers follows the leader of term 3.
    let accepts = |reply: Reply, term| reply.accepts_leader(term);
    assert!(accepts(Reply::Snapshot(SnapshotResponse::new(vote(true))), 3));
    assert!(!accepts(Reply::Snapshot(SnapshotResponse::new(vote(true))), 2));
    assert!(accepts(Reply::Append(AppendEntriesResponse::Conflict), 3));
    assert!(!accepts(Reply::Append(AppendEntriesResponse::HigherVote(vote(true))), 2));
}

#[test]
fn records_keep_their_form() {
    let mut golden = Golden(Vec::new());
    golden.add(&Marker { format: 1, node: NodeId(1) });
    golden.add(&vote(true));
    golden.add(&id(3, 9));
    for entry in entries() {
        golden.add(&entry);
    }
    golden.add(&StoredSnapshot { meta: meta(), state: ClusterState::default() });
    golden.check("records.v1.json");
}

#[test]
fn what_is_no_message_is_refused_and_a_longer_one_is_not_even_read() {
    for nonsense in [&b""[..], b"{}", b"\x00\x01", b"{\"version\":1,\"body\":{\"append\":7}}"] {
        assert!(matches!(decode::<Request>(nonsense), Err(RefusedMessage::Unreadable(_))));
    }
    let newer = b"{\"version\":2,\"body\":{}}";
    let refused = decode::<Request>(newer).err().unwrap().to_string();
    assert!(refused.contains("newer Steadfast"), "{refused}");
    let long = vec![b' '; crate::engine::MAX_MESSAGE_BYTES + 1];
    assert!(matches!(decode::<Request>(&long), Err(RefusedMessage::TooLong(_))));
    assert!(matches!(encode(&"x".repeat(crate::engine::MAX_MESSAGE_BYTES)), Err(RefusedMessage::TooLong(_))));
}

#[test]
fn a_snapshot_newer_than_its_senders_term_is_no_leaders() {
    let snapshot = |term| {
        let vote = Vote { leader_id: LeaderId { term, voted_for: NodeId(1) }, committed: true };
        Request::Snapshot { vote, meta: meta(), state: Arc::default() }
    };
    assert!(snapshot(3).is_consistent());
    assert!(!snapshot(2).is_consistent());
}

#[test]
fn entries_that_do_not_follow_each_other_are_no_leaders() {
    let append = |term, before, indexes: &[(u64, u64)], commit| {
        let entry =
            |(term, index): &(u64, u64)| Entry { log_id: id(*term, *index), payload: EntryPayload::Blank };
        let request = AppendEntriesRequest {
            vote: Vote { leader_id: LeaderId { term, voted_for: NodeId(1) }, committed: true },
            prev_log_id: before,
            entries: indexes.iter().map(entry).collect(),
            leader_commit: commit,
        };
        Request::Append { quorum_age_ms: None, request }.is_consistent()
    };
    assert!(append(3, None, &[(0, 0), (3, 1)], Some(id(3, 1))));
    assert!(append(3, Some(id(2, 6)), &[(2, 7), (3, 8)], None));
    assert!(append(3, Some(id(2, 6)), &[], Some(id(2, 6))), "a heartbeat");
    assert!(!append(3, None, &[(1, 1)], None), "the first is missing");
    assert!(!append(3, None, &[(0, 0), (1, 1), (1, u64::MAX)], None), "a hole");
    assert!(!append(3, Some(id(2, 6)), &[(3, 7), (2, 8)], None), "terms go back");
    assert!(!append(3, Some(id(2, 6)), &[(4, 7)], None), "an entry of a later term");
    assert!(!append(3, None, &[], Some(id(4, 1))), "a commit of a later term");
    assert!(!append(3, Some(id(3, u64::MAX)), &[(3, u64::MAX)], None), "nothing follows the last number");
    assert!(!append(u64::MAX, None, &[], None), "no term follows the last one");
}
