//! What nodes ask each other, on the same port as the API. Only a member's certificate opens these.

/// The engine's messages.
pub(crate) const RAFT: &str = "/peer/v1/raft";
/// A write, to the leader: [`model::stored::Proposal`], answered with [`model::stored::Outcome`].
pub(crate) const PROPOSE: &str = "/peer/v1/propose";
/// A daemon that has started: [`model::stored::Hello`], answered with [`model::stored::HelloAnswer`].
pub(crate) const HELLO: &str = "/peer/v1/hello";
/// The members as the asked node knows them: a list of [`model::stored::MemberHint`].
pub(crate) const MEMBERS: &str = "/peer/v1/members";
/// The asked node's own events.
pub(crate) const EVENTS: &str = "/peer/v1/events";
/// What the asked node knows, or knew at a plan of its own: [`api::PlanInputsQuery`], answered with
/// [`api::PlanInputs`].
pub(crate) const PLAN_INPUTS: &str = "/peer/v1/plan-inputs";
/// The plans that the asked node made: [`api::PlansQuery`], answered with a list of [`api::PlanMade`].
pub(crate) const PLANS: &str = "/peer/v1/plans";
/// The types that the asked node's monitors have: a list of [`resource_api::message::TypeStanding`].
pub(crate) const TYPES: &str = "/peer/v1/types";
/// What one of them says of itself: a [`model::TypeName`], answered with a [`resource_api::TypeDescription`].
pub(crate) const TYPE: &str = "/peer/v1/type";
/// What a type of a library says of itself: a [`crate::types::LibraryType`], answered the same.
pub(crate) const LIBRARY_TYPE: &str = "/peer/v1/library-type";
/// The one path that a node without a certificate may ask: [`model::stored::JoinRequest`].
pub(crate) const JOIN_REQUEST: &str = "/join/v1/request";

/// The header in which a node says which life of it is asking.
pub(crate) const INCARNATION: &str = "x-steadfast-incarnation";
