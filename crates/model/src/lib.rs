//! The words of the cluster.
//!
//! Every other crate speaks in the types of this one: names that were checked once, at the edge
//! ([`NodeName`], [`GroupName`], …), ids that cannot be confused ([`NodeId`], [`Revision`]), what
//! the administrator asked for ([`desired`]), and — in [`stored`] alone — everything that is
//! written to disk or sent between nodes of different versions.
//!
//! What it does not do: it decides nothing, opens nothing, and knows no clock. A value of a type
//! in here is valid by construction; there is no `validate()` to forget.
//!
//! Read next: [`stored`], then the header of the `store` crate's `machine`.

pub mod address;
pub mod desired;
pub mod ids;
pub mod moment;
pub mod names;
pub mod secret;
pub mod stored;
pub mod time;

pub use address::{AbsolutePath, Endpoint, Network};
pub use ids::{
    BaselineGeneration, ClusterId, ContentHash, Generation, Incarnation, NodeId, RequestId, Revision, TokenId,
};
pub use moment::Moment;
pub use names::{ClusterName, CredentialName, FailureDomain, GroupName, NodeName, ResourceName, TypeName};
pub use secret::Secret;
pub use time::Timestamp;
