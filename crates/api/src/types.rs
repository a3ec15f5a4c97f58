//! What is sent and answered, one file per subject.

mod admin;
mod apply;
mod components;
mod events;
mod plan;
mod problem;
mod resource_types;
mod status;
mod verbs;

pub use admin::{
    Changed, CredentialForm, CredentialMade, CredentialRequest, CredentialShown, InitAnswer, InitRequest,
    JoinCommand, JoinDone, TokenMade, TokenRequest, TokenShown,
};
pub use apply::{ApplyAnswer, ApplyRequest, Diagnostic, Export};
pub use components::{
    BaselineDiff, BaselineDiffQuery, BaselineDraft, BaselineInstall, BaselineKind, BaselineQuery,
    BaselineShown, BaselineSummary, BaselineWish, ComponentChange, ComponentShown, Components,
    ComponentsQuery, FileShown, FindingShown, FloorShown, NodeComponents, OrderShown, SignatureShown,
    SignedText, SignerRequest, SignerShown, SubjectShown, Used, WaiverShown,
};
pub use events::{EventQuery, Events, Silent};
pub use plan::{PlanInputs, PlanInputsQuery, PlanMade, PlanQuery, PlansMade, PlansQuery};
pub use problem::{Problem, ProblemKind};
pub use resource_types::{ParameterShown, TypeOnNode, TypeQuery, TypeShown, Types};
pub use status::{
    Alarm, Baseline, Database, Degree, GroupShown, NetworkShown, NodeShown, NodeState, NotReady, Phase,
    Quorum, ResourceShown, Standing, Status, UpDown,
};
pub use verbs::{MaintenanceRequest, MoveRequest, ResourceVerb};
