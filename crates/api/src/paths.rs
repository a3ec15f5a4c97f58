//! Paths of version 1.

/// The prefix of every path of version 1.
pub const V1: &str = "/v1";
/// GET: [`crate::Status`].
pub const STATUS: &str = "/v1/status";
/// POST [`crate::InitRequest`]: [`crate::InitAnswer`].
pub const INIT: &str = "/v1/init";
/// POST [`crate::JoinCommand`]: [`crate::JoinDone`].
pub const JOIN: &str = "/v1/join";
/// POST [`crate::TokenRequest`]: [`crate::TokenMade`]. GET: a list of [`crate::TokenShown`].
pub const TOKENS: &str = "/v1/tokens";
/// POST [`crate::ApplyRequest`]: [`crate::ApplyAnswer`].
pub const APPLY: &str = "/v1/apply";
/// GET: [`crate::Export`].
pub const EXPORT: &str = "/v1/export";
/// GET: a list of [`crate::NodeShown`]; below it, one node, and POST `{name}/evict`: [`crate::Changed`].
pub const NODES: &str = "/v1/nodes";
/// GET: a list of [`crate::GroupShown`]; below it, POST `{name}/online`, `{name}/offline`, `{name}/move`
/// [`crate::MoveRequest`] and `{name}/maintenance` [`crate::MaintenanceRequest`]: [`crate::Changed`].
pub const GROUPS: &str = "/v1/groups";
/// Below it, POST `{group}/{resource}/` and a [`crate::ResourceVerb`]: [`crate::Changed`].
pub const RESOURCES: &str = "/v1/resources";
/// POST [`crate::MaintenanceRequest`]: [`crate::Changed`].
pub const MAINTENANCE: &str = "/v1/maintenance";
/// GET with [`crate::EventQuery`]: [`crate::Events`].
pub const EVENTS: &str = "/v1/events";
/// GET with [`crate::EventQuery`]: server-sent events, one [`model::stored::EventRecord`] each.
pub const EVENTS_STREAM: &str = "/v1/events/stream";
/// GET with [`crate::TypeQuery`]: [`crate::Types`]; below it, one type: [`crate::TypeShown`].
pub const TYPES: &str = "/v1/types";
/// GET with [`crate::PlanQuery`]: what would be done, as `steadfast plan --json` prints it.
pub const PLAN: &str = "/v1/plan";
/// GET with [`crate::PlanInputsQuery`]: [`crate::PlanInputs`].
pub const PLAN_INPUTS: &str = "/v1/plan/inputs";
/// GET with [`crate::PlansQuery`]: [`crate::PlansMade`].
pub const PLANS: &str = "/v1/plans";
/// POST [`crate::CredentialRequest`]: [`crate::CredentialMade`]. GET: a list of
/// [`crate::CredentialShown`]. DELETE below it: [`crate::Changed`].
pub const CREDENTIALS: &str = "/v1/credentials";
/// GET with [`crate::ComponentsQuery`]: [`crate::Components`].
pub const COMPONENTS: &str = "/v1/components";
/// POST [`crate::Used`]: [`crate::Changed`].
pub const COMPONENTS_USED: &str = "/v1/components/used";
/// GET with [`crate::BaselineQuery`]: [`crate::BaselineShown`]. POST [`crate::BaselineInstall`]: [`crate::Changed`].
pub const BASELINE: &str = "/v1/baseline";
/// GET: a list of [`crate::BaselineSummary`].
pub const BASELINE_HISTORY: &str = "/v1/baseline/history";
/// GET with [`crate::BaselineDiffQuery`]: [`crate::BaselineDiff`].
pub const BASELINE_DIFF: &str = "/v1/baseline/diff";
/// POST [`crate::BaselineWish`]: [`crate::BaselineDraft`].
pub const BASELINE_DRAFT: &str = "/v1/baseline/draft";
/// GET: a list of [`crate::SignerShown`]. POST [`crate::SignerRequest`]: [`crate::Changed`]. DELETE below it:
/// [`crate::Changed`].
pub const SIGNERS: &str = "/v1/baseline/signers";
/// GET: the OpenAPI document.
pub const OPENAPI: &str = "/v1/openapi.json";
