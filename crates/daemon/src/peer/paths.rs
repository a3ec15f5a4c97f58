//! What nodes ask each other, on the same port as the API. Only a member's certificate opens these.

/// "May I go on?": [`model::stored::LeaseRequest`], answered with a [`model::stored::LeaseGrant`], or nothing.
pub(crate) const LEASE: &str = "/peer/v1/lease";
/// What runs on a node, to the leader: [`execution::Report`], answered with [`execution::Sequel`].
pub(crate) const REPORT: &str = "/peer/v1/report";
/// A step, to a node: [`execution::Order`], answered with the life and the report that tells of it.
pub(crate) const ORDER: &str = "/peer/v1/order";
/// The groups as the asked node knows them, and which of them wait for a person.
pub(crate) const GROUPS: &str = "/peer/v1/groups";
/// Something to do with a resource that runs on the asked node.
pub(crate) const RESOURCE: &str = "/peer/v1/resource";
/// Something that an agent on the asking node noted: a [`resource_api::Note`].
pub(crate) const NOTE: &str = "/peer/v1/note";
/// Something happens to a copy of what has roles: `running::notify::Happens`. Answered when the copies of the asked
/// node know.
pub(crate) const NOTIFY: &str = "/peer/v1/notify";
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
/// What the asked node has of components: whether everything is to be read anew, answered with a
/// [`model::stored::NodeInventory`].
pub(crate) const COMPONENTS: &str = "/peer/v1/components";
/// What one of them says of itself: a [`model::TypeName`], answered with a [`resource_api::TypeDescription`].
pub(crate) const TYPE: &str = "/peer/v1/type";
/// What a type of a library says of itself: a [`crate::types::LibraryType`], answered the same.
pub(crate) const LIBRARY_TYPE: &str = "/peer/v1/library-type";
/// The one path that a node without a certificate may ask: [`model::stored::JoinRequest`].
pub(crate) const JOIN_REQUEST: &str = "/join/v1/request";

/// The header in which a node says which life of it is asking.
pub(crate) const INCARNATION: &str = "x-steadfast-incarnation";
