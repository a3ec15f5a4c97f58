//! What a change means.
//!
//! [`apply`] takes the state and a proposal, and leaves the next state. Every replica calls it with
//! the same proposals in the same order and must come to the same state, so there is no clock (a
//! proposal carries its time), no randomness (it carries its ids) and nothing whose order could
//! differ between processes.
//!
//! * A change happens whole or not at all: each command first checks everything, then changes.
//! * An accepted change adds one to the revision. One that finds everything as it asks for is
//!   accepted and adds nothing.
//! * What somebody asked for is told apart from what nodes write of themselves: `if_revision` holds
//!   as long as nobody has asked for anything since.
//! * A refused one changes nothing but the memory of recent requests, and says why.
//! * A request that was decided before is answered as before and not done again.
//!
//! One file per family of commands. Not here: who may ask (the API checks that), and what the
//! commands' values may look like (their types hold that).

mod admission;
mod components;
mod configure;
mod credentials;
mod form;
mod members;
mod ownership;
mod recent;
mod tokens;
mod wanted;

use events::Draft;
use model::NodeId;
use model::Timestamp;
use model::stored::{Actor, ClusterState, Command, FailureRecord, Outcome, Proposal, Rejection};

/// What an accepted command did.
struct Accepted {
    /// Whether it changed anything.
    changed: bool,
    /// The node it made.
    node: Option<NodeId>,
    /// Whether anything is owned otherwise than before.
    owned: bool,
    /// What to tell of it.
    notices: Vec<Draft>,
}

impl Accepted {
    fn changed(notice: impl Into<Draft>) -> Self {
        Self { changed: true, notices: vec![notice.into()], ..Self::as_it_is() }
    }

    fn quietly() -> Self {
        Self { changed: true, ..Self::as_it_is() }
    }

    fn as_it_is() -> Self {
        Self { changed: false, node: None, owned: false, notices: Vec::new() }
    }

    fn owned(self) -> Self {
        Self { owned: true, ..self }
    }

    fn with_node(self, node: NodeId) -> Self {
        Self { node: Some(node), ..self }
    }
}

type Verdict = Result<Accepted, Rejection>;

/// The circumstances of a command.
struct Asked<'a> {
    at: Timestamp,
    actor: &'a Actor,
}

impl Asked<'_> {
    fn by(&self) -> String {
        self.actor.to_string()
    }
}

/// Applies a proposal: what became of it, and what to tell.
pub fn apply(state: &mut ClusterState, proposal: &Proposal) -> (Outcome, Vec<Draft>) {
    if let Some(outcome) = recent::outcome_of(state, proposal.request) {
        return (outcome.clone(), Vec::new());
    }
    let (outcome, notices) = match decide(state, proposal) {
        Ok(accepted) => {
            if accepted.changed {
                state.revision = state.revision.next();
                if accepted.owned {
                    state.owned_as_of = state.revision;
                }
                if !matches!(proposal.actor, Actor::Node(_)) {
                    state.requested = state.revision;
                }
            }
            (Outcome::Done { revision: state.revision, node: accepted.node }, accepted.notices)
        }
        Err(rejection) => (Outcome::Refused(rejection), Vec::new()),
    };
    recent::remember(state, proposal.request, outcome.clone());
    (outcome, notices)
}

fn decide(state: &mut ClusterState, proposal: &Proposal) -> Verdict {
    let asked = Asked { at: proposal.at, actor: &proposal.actor };
    if let Command::Form { cluster, node } = &proposal.command {
        return form::form(state, &asked, cluster, node);
    }
    let cluster = state.cluster.as_ref().ok_or(Rejection::NotFormed)?.name.clone();
    match &proposal.command {
        // Decided above.
        Command::Form { .. } => Err(Rejection::AlreadyFormed),
        Command::Configure { cluster: given, spec, text, if_revision } => configure::configure(
            state,
            &asked,
            &cluster,
            &configure::Wanted { given, spec, text, if_revision },
        ),
        Command::CreateToken { token, secret_hash, node, expires } => {
            tokens::create(state, &asked, *token, secret_hash, node.as_ref(), *expires)
        }
        Command::Admit { token, secret_hash, node } => {
            admission::admit(state, &asked, *token, secret_hash, node)
        }
        Command::Confirm { node } => admission::confirm(state, &asked, *node),
        Command::UpdateNode { node, endpoints, protocol, software, incarnation } => {
            let now =
                members::Present { endpoints, protocol: *protocol, software, incarnation: *incarnation };
            members::update(state, *node, &now)
        }
        Command::ReportTypes { node, types } => members::report_types(state, *node, types),
        Command::Evict { node } => members::evict(state, &asked, node),
        Command::Own { group, node, if_generation, failover } => {
            ownership::own(state, &asked, group, *node, *if_generation, *failover)
        }
        Command::Release { node, copies } => ownership::release(state, asked.at, *node, copies),
        Command::Revoke { node, copies } => ownership::revoke(state, *node, copies),
        Command::SetPrimary { group, node, generation, primary } => {
            ownership::set_primary(state, group, *node, *generation, *primary)
        }
        Command::ConfirmDown { node } => ownership::confirm_down(state, &asked, node),
        Command::RecordFailure { group, resource, node, at_start, reason } => {
            let failure = FailureRecord {
                resource: resource.clone(),
                node: *node,
                at: asked.at,
                at_start: *at_start,
                reason: reason.clone(),
            };
            Ok(wanted::record_failure(state, group, failure))
        }
        Command::ClearFailures { group, resource, node } => {
            wanted::clear_failures(state, &asked, group, resource.as_ref(), *node)
        }
        Command::SetGroup { group, change } => wanted::set_group(state, &asked, group, change),
        Command::SetNodeIntent { node, intent } => wanted::set_intent(state, &asked, node, *intent),
        Command::SetMaintenance { on } => Ok(wanted::set_maintenance(state, &asked, *on)),
        Command::ReportMeans { node, means } => members::report_means(state, *node, means),
        Command::SettleProfile { profile } => Ok(configure::settle(state, *profile)),
        Command::CreateCredential { name, kind, role, expires } => {
            credentials::create(state, &asked, name, kind, *role, *expires)
        }
        Command::RevokeCredential { name } => credentials::revoke(state, &asked, name),
        Command::InstallBaseline { baseline } => components::install(state, &asked, baseline),
        Command::AddSigner { name, public_key, private_key, expires } => {
            let private_key = private_key.as_ref();
            let signer = components::Signer { name, public_key, private_key, expires: *expires };
            components::add_signer(state, &asked, &signer)
        }
        Command::RemoveSigner { name } => components::remove_signer(state, &asked, name),
        Command::ReportReadiness { node, readiness } => components::report_readiness(state, *node, readiness),
        Command::RecordUse { subject, files } => components::record_use(state, subject, files),
    }
}
