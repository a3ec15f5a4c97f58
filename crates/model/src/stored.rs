//! Everything that is written to disk or sent between nodes, and nothing else.
//!
//! A cluster is upgraded node by node, so a node of version N reads what N−1 wrote and writes
//! what N−1 reads. The rules:
//!
//! * JSON everywhere but in the heartbeat datagram: it describes itself, so a field that one side
//!   does not know is skipped, and a person can read it with any tool on the worst night.
//! * Every top-level document says its version ([`Versioned`]); a version that is too new is
//!   refused by name, never guessed at.
//! * A new field is optional, with a default that means what its absence meant. A new command is
//!   proposed only once every member speaks the protocol that brought it.
//! * `tests/golden/` holds one file per type and version. A test reads each and writes it back.
//!
//! The types hold no logic beyond lookups; what they *mean* is decided in `store::machine`.

mod command;
mod component;
mod event;
mod group;
mod guard;
mod heartbeat;
mod identity;
mod join;
mod lease;
mod state;
mod version;

pub use command::{Actor, Command, GroupChange, NewNode, Outcome, Proposal, Rejection};
pub use component::{
    Baseline, BaselineOrigin, BaselineSignature, Component, Content, FindingRecord, Floor, KnownContent,
    NodeInventory, NodeSubject, OrderRule, PackageScheme, PackageVersion, ReadinessDegree, ReadinessRecord,
    ReadinessVerdict, SignedBaseline, SignerRecord, Subject, SymbolSet, Waiver,
};
pub use event::EventRecord;
pub use group::{
    CopyRecord, CopyStage, FailureRecord, GateKind, GroupRecord, NeedRecord, NodeIntent, NodeMeans,
    WatchdogRecord,
};
pub use guard::{GuardDeed, GuardNote, GuardPolicy, Permit, Permits};
pub use heartbeat::{HEARTBEAT_BODY_LEN, Heartbeat, HeartbeatError};
pub use identity::{Identity, MemberHint};
pub use join::{Hello, HelloAnswer, JoinAnswer, JoinRequest, JoinToken, TOKEN_PREFIX, TokenError};
pub use lease::{LeaseGrant, LeaseRequest};
pub use state::{
    ClusterRecord, ClusterState, CredentialKind, CredentialRecord, EvictedRecord, NodeRecord, Role,
    TokenRecord, TypeProblem,
};
pub use version::{
    DOCUMENT_VERSION, PROTOCOL, ProtocolRange, SoftwareVersion, UnreadableDocument, Versioned,
};
