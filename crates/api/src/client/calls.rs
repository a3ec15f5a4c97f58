//! What can be asked, one method per path.
//!
//! Every method may fail with any [`ClientError`].

use super::exchange::Ask;
use super::query::with_query;
use super::stream::EventStream;
use super::{Client, ClientError};
use crate::paths;
use crate::{
    ApplyAnswer, ApplyRequest, BaselineDiff, BaselineDiffQuery, BaselineDraft, BaselineInstall,
    BaselineQuery, BaselineShown, BaselineSummary, BaselineWish, Changed, Components, CredentialMade,
    CredentialRequest, CredentialShown, EventQuery, Events, Export, GroupShown, InitAnswer, InitRequest,
    JoinCommand, JoinDone, MaintenanceRequest, MoveRequest, NodeShown, PlanInputs, PlanInputsQuery,
    PlansMade, PlansQuery, ResourceVerb, SignerRequest, SignerShown, Status, TokenMade, TokenRequest,
    TokenShown, TypeShown, Types, Used,
};
use model::{CredentialName, GroupName, NodeName, TypeName};
use std::time::Duration;

/// What a node can say from its own memory. It answers within milliseconds, so ten seconds of
/// silence are a frozen daemon and not a busy one.
const READ_MAX: Duration = Duration::from_secs(10);

/// What goes through the leader, or to every node. A write without quorum is refused at once, an
/// election takes less than a second: half a minute is for disks on their last legs.
const CLUSTER_MAX: Duration = Duration::from_secs(30);

/// Forming and joining: the join waits until the new node has the whole database and votes, and
/// fails by itself after about a minute. The limit here is for a daemon that does not.
const JOIN_MAX: Duration = Duration::from_secs(180);

/// Every agent of a node is run to have it describe itself: some hundreds, on a machine that is busy.
const DESCRIBED_MAX: Duration = Duration::from_secs(120);

impl Client {
    /// The cluster as the answering node knows it.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.ask(Ask::get(paths::STATUS, READ_MAX)).await
    }

    /// Forms a cluster on the answering node.
    pub async fn init(&self, request: &InitRequest) -> Result<InitAnswer, ClientError> {
        self.ask(Ask::post(paths::INIT, request, JOIN_MAX)).await
    }

    /// Joins the answering node to a cluster; returns when it is a full member.
    pub async fn join(&self, request: &JoinCommand) -> Result<JoinDone, ClientError> {
        self.ask(Ask::post(paths::JOIN, request, JOIN_MAX)).await
    }

    /// Makes a join token.
    pub async fn token_create(&self, request: &TokenRequest) -> Result<TokenMade, ClientError> {
        self.ask(Ask::post(paths::TOKENS, request, CLUSTER_MAX)).await
    }

    /// The join tokens.
    pub async fn token_list(&self) -> Result<Vec<TokenShown>, ClientError> {
        self.ask(Ask::get(paths::TOKENS, READ_MAX)).await
    }

    /// Makes the cluster what a declarative file says, or says what that would change.
    pub async fn apply(&self, request: &ApplyRequest) -> Result<ApplyAnswer, ClientError> {
        self.ask(Ask::post(paths::APPLY, request, CLUSTER_MAX)).await
    }

    /// The declarative file as it was applied.
    pub async fn export(&self) -> Result<Export, ClientError> {
        self.ask(Ask::get(paths::EXPORT, READ_MAX)).await
    }

    /// The members.
    pub async fn nodes(&self) -> Result<Vec<NodeShown>, ClientError> {
        self.ask(Ask::get(paths::NODES, READ_MAX)).await
    }

    /// One member.
    pub async fn node(&self, name: &NodeName) -> Result<NodeShown, ClientError> {
        self.ask(Ask::get(format!("{}/{name}", paths::NODES), READ_MAX)).await
    }

    /// Removes a member for good.
    pub async fn evict(&self, name: &NodeName) -> Result<Changed, ClientError> {
        self.ask(Ask::act(format!("{}/{name}/evict", paths::NODES), CLUSTER_MAX)).await
    }

    /// Drains, pauses or resumes a node, or confirms that it is down.
    pub async fn node_act(&self, name: &NodeName, verb: &str) -> Result<Changed, ClientError> {
        self.ask(Ask::act(format!("{}/{name}/{verb}", paths::NODES), CLUSTER_MAX)).await
    }

    /// The groups, and what runs of them where.
    pub async fn groups(&self) -> Result<Vec<GroupShown>, ClientError> {
        self.ask(Ask::get(paths::GROUPS, READ_MAX)).await
    }

    /// Wants a group online, or offline.
    pub async fn group_want(&self, name: &GroupName, online: bool) -> Result<Changed, ClientError> {
        let verb = if online { "online" } else { "offline" };
        self.ask(Ask::act(format!("{}/{name}/{verb}", paths::GROUPS), CLUSTER_MAX)).await
    }

    /// Moves a group; the answer's text is the node.
    pub async fn group_move(&self, name: &GroupName, request: &MoveRequest) -> Result<Changed, ClientError> {
        self.ask(Ask::post(format!("{}/{name}/move", paths::GROUPS), request, CLUSTER_MAX)).await
    }

    /// Leaves a group, or everything, alone, or no more.
    pub async fn maintenance(&self, group: Option<&GroupName>, on: bool) -> Result<Changed, ClientError> {
        let path = match group {
            Some(name) => format!("{}/{name}/maintenance", paths::GROUPS),
            None => paths::MAINTENANCE.to_owned(),
        };
        self.ask(Ask::post(path, &MaintenanceRequest { on }, CLUSTER_MAX)).await
    }

    /// Does something with a resource.
    pub async fn resource_act(
        &self,
        group: &str,
        resource: &str,
        verb: ResourceVerb,
    ) -> Result<Changed, ClientError> {
        self.ask(Ask::act(format!("{}/{group}/{resource}/{verb}", paths::RESOURCES), CLUSTER_MAX)).await
    }

    /// Events of every node that answers, oldest first.
    pub async fn events(&self, query: &EventQuery) -> Result<Events, ClientError> {
        self.ask(Ask::get(with_query(paths::EVENTS, query), CLUSTER_MAX)).await
    }

    /// Events that happened, as `query` says, and then each as it happens.
    pub async fn events_stream(&self, query: &EventQuery) -> Result<EventStream, ClientError> {
        let ask = Ask::stream(with_query(paths::EVENTS_STREAM, query), CLUSTER_MAX);
        Ok(EventStream::new(self.open(ask).await?))
    }

    /// The resource types of every node that answers. `described`: with what they say of themselves.
    pub async fn types(&self, described: bool) -> Result<Types, ClientError> {
        self.ask(Ask::get(format!("{}?described={described}", paths::TYPES), DESCRIBED_MAX)).await
    }

    /// One resource type, with what it says of itself.
    pub async fn resource_type(&self, name: &TypeName) -> Result<TypeShown, ClientError> {
        self.ask(Ask::get(format!("{}/{name}", paths::TYPES), CLUSTER_MAX)).await
    }

    /// What a plan is made of, now or when a plan was made.
    pub async fn plan_inputs(&self, query: &PlanInputsQuery) -> Result<PlanInputs, ClientError> {
        self.ask(Ask::get(with_query(paths::PLAN_INPUTS, query), CLUSTER_MAX)).await
    }

    /// The plans that were made, oldest first.
    pub async fn plans(&self, query: &PlansQuery) -> Result<PlansMade, ClientError> {
        self.ask(Ask::get(with_query(paths::PLANS, query), CLUSTER_MAX)).await
    }

    /// The components of every node that answers. `fresh`: everything is read anew for it.
    pub async fn components(&self, fresh: bool) -> Result<Components, ClientError> {
        self.ask(Ask::get(format!("{}?fresh={fresh}", paths::COMPONENTS), DESCRIBED_MAX)).await
    }

    /// A baseline; without a number, the present one.
    pub async fn baseline(&self, query: &BaselineQuery) -> Result<BaselineShown, ClientError> {
        self.ask(Ask::get(with_query(paths::BASELINE, query), READ_MAX)).await
    }

    /// Tells what a resource was seen to use while it ran.
    pub async fn components_used(&self, used: &Used) -> Result<Changed, ClientError> {
        self.ask(Ask::post(paths::COMPONENTS_USED, used, CLUSTER_MAX)).await
    }

    /// The baselines that are kept, the oldest first.
    pub async fn baseline_history(&self) -> Result<Vec<BaselineSummary>, ClientError> {
        self.ask(Ask::get(paths::BASELINE_HISTORY, READ_MAX)).await
    }

    /// What differs between two baselines.
    pub async fn baseline_diff(&self, query: &BaselineDiffQuery) -> Result<BaselineDiff, ClientError> {
        self.ask(Ask::get(with_query(paths::BASELINE_DIFF, query), READ_MAX)).await
    }

    /// The baseline that somebody wants, to be signed.
    pub async fn baseline_draft(&self, wish: &BaselineWish) -> Result<BaselineDraft, ClientError> {
        self.ask(Ask::post(paths::BASELINE_DRAFT, wish, DESCRIBED_MAX)).await
    }

    /// Has nodes measured by a baseline from now on.
    pub async fn baseline_install(&self, install: &BaselineInstall) -> Result<Changed, ClientError> {
        self.ask(Ask::post(paths::BASELINE, install, CLUSTER_MAX)).await
    }

    /// Who may sign baselines.
    pub async fn signers(&self) -> Result<Vec<SignerShown>, ClientError> {
        self.ask(Ask::get(paths::SIGNERS, READ_MAX)).await
    }

    /// Enrols somebody who may sign.
    pub async fn signer_add(&self, request: &SignerRequest) -> Result<Changed, ClientError> {
        self.ask(Ask::post(paths::SIGNERS, request, CLUSTER_MAX)).await
    }

    /// Removes somebody who may sign.
    pub async fn signer_remove(&self, name: &str) -> Result<Changed, ClientError> {
        self.ask(Ask::delete(format!("{}/{name}", paths::SIGNERS), CLUSTER_MAX)).await
    }

    /// Makes a credential; its secret is in the answer and nowhere else.
    pub async fn credential_create(
        &self,
        request: &CredentialRequest,
    ) -> Result<CredentialMade, ClientError> {
        self.ask(Ask::post(paths::CREDENTIALS, request, CLUSTER_MAX)).await
    }

    /// The credentials, without their secrets.
    pub async fn credential_list(&self) -> Result<Vec<CredentialShown>, ClientError> {
        self.ask(Ask::get(paths::CREDENTIALS, READ_MAX)).await
    }

    /// Takes a credential back.
    pub async fn credential_revoke(&self, name: &CredentialName) -> Result<Changed, ClientError> {
        self.ask(Ask::delete(format!("{}/{name}", paths::CREDENTIALS), CLUSTER_MAX)).await
    }
}
