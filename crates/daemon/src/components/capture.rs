//! Baselines are made here: out of what nodes have, for somebody who signs them.

use crate::clock;
use crate::node::Node;
use crate::peer::paths;
use api::{BaselineKind, BaselineWish, Problem, ProblemKind, Silent};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::stored::{
    Actor, Baseline, BaselineSignature, ClusterState, Command, Floor, NodeInventory, OrderRule,
    PackageScheme, SignedBaseline, SignerRecord, Versioned, Waiver,
};
use model::{NodeName, Secret, Timestamp};
use servicing::capture::{self, Maker};
use servicing::change::{self, Needed};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// So long a node may take to read all of its components anew: some hundred megabytes from a cold disk.
const READ_MAX: Duration = Duration::from_secs(60);

/// Steps back, and waivers, hold so long if nobody says how long.
const HOLD: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The signer that the cluster itself is.
pub(crate) const CLUSTER: &str = "cluster";

/// What this node has.
pub(crate) async fn own(node: &Node, fresh: bool) -> NodeInventory {
    let known = if fresh { node.components.scan().await } else { node.components.known() };
    let mut told = known.map(|known| known.told()).unwrap_or_default();
    let state = node.state();
    if let Some(record) = node.id().and_then(|id| state.nodes.get(&id)) {
        told.readiness = record.readiness.clone();
    }
    told
}

/// What all nodes have, and who does not answer.
pub(crate) async fn everywhere(
    node: &Arc<Node>,
    fresh: bool,
) -> (BTreeMap<NodeName, NodeInventory>, Vec<Silent>) {
    let others = node.others();
    let asked = others.iter().map(|other| async move {
        let answer = match node.is_up(other.id) {
            true => node.call_json(other.id, paths::COMPONENTS, &fresh, READ_MAX).await,
            false => Err(crate::peer::links::CallError::NoAnswer("it is down".to_owned())),
        };
        (other.name.clone(), answer)
    });
    let (own, answers) = tokio::join!(self::own(node, fresh), futures::future::join_all(asked));
    let (mut nodes, mut silent) = (BTreeMap::from([(node.name().clone(), own)]), Vec::new());
    for (name, answer) in answers {
        match answer {
            Ok(inventory) => drop(nodes.insert(name, inventory)),
            Err(error) => silent.push(Silent { node: name.to_string(), reason: error.to_string() }),
        }
    }
    (nodes, silent)
}

/// A baseline that is wanted, and what it needs.
pub(crate) struct Draft {
    /// It.
    pub(crate) baseline: Baseline,
    /// The present one.
    pub(crate) before: Option<Baseline>,
    /// Who has to sign.
    pub(crate) needed: Needed,
}

fn refused(text: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Conflict, text)
}

/// The baseline that somebody wants.
///
/// # Errors
/// Nodes differ, or do not answer; what is wanted is not there; a reason is missing.
pub(crate) async fn draft(node: &Arc<Node>, actor: &Actor, wish: &BaselineWish) -> Result<Draft, Problem> {
    let state = node.state();
    let Some(cluster) = state.cluster.as_ref().map(|cluster| cluster.id) else {
        return Err(Problem::new(ProblemKind::NoCluster, crate::status::why_not(node).0));
    };
    let made = clock::wall();
    let before = match state.baselines.last() {
        Some(signed) => Some(signed.baseline().map_err(|error| refused(error.to_string()))?),
        None => None,
    };
    let maker = Maker { cluster, made, by: actor.to_string(), reason: wish.reason.clone(), expires: None };
    let mut baseline = match (wish.kind, &before) {
        (BaselineKind::Capture | BaselineKind::Raise, _) => {
            captured(node, wish, before.as_ref(), maker).await?
        }
        (_, None) => return Err(refused("nothing was validated yet").next("steadfast baseline capture")),
        (BaselineKind::Rollback, Some(before)) => {
            capture::rollback(before, &target(&state, before, wish)?, maker)
        }
        (BaselineKind::Rules, Some(before)) => capture::rules(before, maker),
    };
    let until = made.plus(wish.hold_s.map_or(HOLD, Duration::from_secs));
    change_rules(&mut baseline, wish, until)?;
    let needed = change::needed(before.as_ref(), &baseline, enrolled(&state, made), made);
    if wish.kind == BaselineKind::Raise && !needed.lowered.is_empty() {
        let what = some(&needed.lowered);
        let text =
            format!("this would not only raise it: {what}; if that is right, capture it, with a reason");
        return Err(refused(text).next("steadfast baseline capture --reason WHY"));
    }
    if needed.reason {
        if baseline.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
            let text = format!("this takes something back, and needs a reason: {}", some(&needed.lowered));
            return Err(refused(text).next("the same with `--reason WHY`"));
        }
        baseline.expires = Some(until);
    }
    Ok(Draft { baseline, before, needed })
}

fn some(all: &[String]) -> String {
    let shown = all.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(5) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}

/// How many may sign now.
fn enrolled(state: &ClusterState, now: Timestamp) -> usize {
    let may = |record: &&SignerRecord| record.expires.is_none_or(|expires| now < expires);
    state.signers.values().filter(may).count()
}

async fn captured(
    node: &Arc<Node>,
    wish: &BaselineWish,
    before: Option<&Baseline>,
    maker: Maker,
) -> Result<Baseline, Problem> {
    let (mut nodes, silent) = everywhere(node, true).await;
    let members = node.state();
    let is_in_maintenance =
        |name: &NodeName| members.node_named(name).is_some_and(|(_, record)| record.readiness.maintenance);
    if wish.nodes.is_empty() {
        if let Some(Silent { node, reason }) = silent.first() {
            let text = format!("{node} does not say what it has ({reason}), and a baseline is for all nodes");
            return Err(refused(text).next("steadfast baseline capture --node N1 --node N2"));
        }
        nodes.retain(|name, _| !is_in_maintenance(name));
    } else {
        for name in &wish.nodes {
            if !nodes.keys().any(|other| other.as_str() == name) {
                let why =
                    silent.iter().find(|it| it.node == *name).map_or("no such node", |it| it.reason.as_str());
                return Err(refused(format!("{name} cannot be asked: {why}")).next("steadfast node list"));
            }
        }
        nodes.retain(|name, _| wish.nodes.iter().any(|wanted| wanted == name.as_str()));
    }
    let right = match &wish.right {
        Some(name) => match nodes.keys().find(|node| node.as_str() == name) {
            Some(node) => Some(node.clone()),
            None => return Err(refused(format!("{name} is none of the nodes that are captured"))),
        },
        None => None,
    };
    if nodes.values().all(|node| node.subjects.is_empty()) {
        let text = "no resource stands on any file: there is nothing to validate";
        return Err(refused(text).next("steadfast apply -f FILE"));
    }
    let told: Vec<String> = nodes.values().flat_map(|node| node.troubles.iter().cloned()).collect();
    if let Some(trouble) = told.first() {
        return Err(refused(format!(
            "the packages cannot be told, so no version could be validated: {trouble}"
        )));
    }
    capture::capture(before, &nodes, right.as_ref(), maker).map_err(|error| {
        refused(format!("{error}; mend the ones that are wrong, or say whose are right"))
            .next("steadfast baseline capture --from NODE")
    })
}

/// The baseline that is gone back to.
fn target(state: &ClusterState, before: &Baseline, wish: &BaselineWish) -> Result<Baseline, Problem> {
    let wanted = wish.to.unwrap_or(before.generation.0.saturating_sub(1));
    let kept = state.baselines.iter().filter_map(|signed| signed.baseline().ok());
    let known: Vec<Baseline> = kept.filter(|it| it.generation != before.generation).collect();
    let have: Vec<String> = known.iter().map(|it| it.generation.to_string()).collect();
    known.into_iter().find(|it| it.generation.0 == wanted).ok_or_else(|| {
        let there = if have.is_empty() { "none".to_owned() } else { have.join(", ") };
        refused(format!("there is no baseline {wanted} to go back to; kept are: {there}"))
            .next("steadfast baseline history")
    })
}

fn change_rules(baseline: &mut Baseline, wish: &BaselineWish, until: Timestamp) -> Result<(), Problem> {
    for package in &wish.drop_floors {
        if baseline.floors.remove(package).is_none() {
            return Err(refused(format!("there is no floor for {package}")).next("steadfast baseline show"));
        }
    }
    let reason = wish.reason.clone().unwrap_or_default();
    for floor in &wish.floors {
        let of_it = baseline.components.values().filter_map(|it| it.package.as_ref());
        let scheme = of_it.clone().find(|it| it.name == floor.package).map(|it| it.scheme);
        let scheme = scheme.unwrap_or(PackageScheme::Dpkg);
        let parsed = servicing::version::Version::parse(servicing::compare::scheme(scheme), &floor.version);
        parsed.map_err(|error| Problem::new(ProblemKind::BadRequest, error.to_string()))?;
        let new = Floor { version: floor.version.clone(), scheme, reason: reason.clone() };
        baseline.floors.insert(floor.package.clone(), new);
    }
    let rule = |it: &api::OrderShown| OrderRule { first: it.first.clone(), then: it.then.clone() };
    let dropped: Vec<OrderRule> = wish.drop_order.iter().map(rule).collect();
    baseline.order.retain(|rule| !dropped.contains(rule));
    for rule in wish.order.iter().map(rule) {
        let opposite = OrderRule { first: rule.then.clone(), then: rule.first.clone() };
        if baseline.order.contains(&opposite) || rule.first == rule.then {
            let text = format!(
                "`{}` cannot come before `{}`: there is a rule to the contrary",
                rule.first, rule.then
            );
            return Err(refused(text));
        }
        if !baseline.order.contains(&rule) {
            baseline.order.push(rule);
        }
    }
    let node = match &wish.waive_on {
        Some(name) => Some(name.parse::<NodeName>().map_err(|error| refused(error.to_string()))?),
        None => None,
    };
    for path in &wish.waive {
        let path =
            path.parse().map_err(|error: model::address::InvalidAddress| refused(error.to_string()))?;
        baseline.waivers.push(Waiver {
            path,
            content: None,
            node: node.clone(),
            until,
            reason: reason.clone(),
        });
    }
    Ok(())
}

/// The text of a baseline, as it is signed.
pub(crate) fn text(baseline: &Baseline) -> String {
    String::from_utf8_lossy(&Versioned::encode(baseline)).into_owned()
}

/// Installs a baseline. The cluster signs it too, if so wanted.
///
/// # Errors
/// It is none, or too few have signed it, or somebody was faster.
pub(crate) async fn install(
    node: &Node,
    actor: Actor,
    mut signed: SignedBaseline,
    cluster_signs: bool,
) -> Result<Baseline, Problem> {
    let read = |signed: &SignedBaseline| {
        signed.baseline().map_err(|error| refused(format!("this is no baseline: {error}")))
    };
    let baseline = read(&signed)?;
    let state = node.state();
    let here = state.cluster.as_ref().map(|cluster| cluster.id);
    if here != Some(baseline.cluster) {
        let text = "this baseline is of another cluster: what is validated there says nothing of these nodes";
        return Err(refused(text).next("steadfast baseline capture"));
    }
    if cluster_signs {
        let seed = cluster_key(node, &actor).await?;
        signed.signatures.retain(|one| one.signer != CLUSTER);
        let own = servicing::signature::sign(CLUSTER, seed.expose_secret(), &signed.text);
        signed.signatures.push(own.map_err(|error| refused(format!("the cluster's key: {error}")))?);
    }
    let state = node.state();
    let now = clock::wall();
    let may = |record: &SignerRecord| record.expires.is_none_or(|expires| now < expires);
    let valid = state.signers.iter().filter(|(_, record)| may(record));
    let signers: BTreeMap<String, SignerRecord> =
        valid.map(|(name, it)| (name.clone(), it.clone())).collect();
    let bad = servicing::signature::refused(&signed, &state.signers, CLUSTER);
    if !bad.is_empty() {
        let text = format!("a signature is no good: {}", bad.join("; "));
        return Err(refused(text).next("steadfast baseline signer list"));
    }
    let (baseline, good) =
        servicing::signature::verify(&signed, &signers).map_err(|error| refused(error.to_string()))?;
    let before = state.baselines.last().and_then(|signed| signed.baseline().ok());
    let needed = change::needed(before.as_ref(), &baseline, signers.len(), now);
    if good.len() < needed.signers {
        let names: Vec<&str> = signers.keys().map(String::as_str).collect();
        let text = format!(
            "this takes something back ({}), so {} of those who may sign have to ({}); {} has",
            some(&needed.lowered),
            needed.signers,
            names.join(", "),
            good.iter().next().map_or("nobody", String::as_str),
        );
        return Err(refused(text).next("the same with `--key FILE` of another signer"));
    }
    if needed.reason && baseline.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(refused("this takes something back, and carries no reason"));
    }
    node.write(actor, Command::InstallBaseline { baseline: Arc::new(signed) }).await?;
    Ok(baseline)
}

/// The cluster's own key, which is made when it is needed first.
async fn cluster_key(node: &Node, actor: &Actor) -> Result<Secret, Problem> {
    if let Some(record) = node.state().signers.get(CLUSTER) {
        let none = || {
            refused("the signer `cluster` is a person's: the cluster has no key")
                .next("steadfast baseline signer list")
        };
        return record.private_key.clone().ok_or_else(none);
    }
    if !node.state().signers.is_empty() {
        let text = "the cluster itself may not sign any more: somebody removed its key";
        return Err(refused(text).next("the same with `--key FILE` and `--without-cluster`"));
    }
    let seed = STANDARD.encode(clock::random::<32>());
    let public_key = servicing::signature::public_key(&seed).map_err(|error| refused(error.to_string()))?;
    let command = Command::AddSigner {
        name: CLUSTER.to_owned(),
        public_key,
        private_key: Some(Secret::new(seed.clone())),
        expires: None,
    };
    match node.write(actor.clone(), command).await {
        Ok(_) => Ok(Secret::new(seed)),
        // Another was faster.
        Err(problem) => {
            let there = node.state().signers.get(CLUSTER).and_then(|record| record.private_key.clone());
            there.ok_or(problem)
        }
    }
}

/// Signatures as they are sent.
pub(crate) fn signed(text: &api::SignedText) -> SignedBaseline {
    let one = |it: &api::SignatureShown| BaselineSignature {
        signer: it.signer.clone(),
        signature: it.signature.clone(),
    };
    SignedBaseline { text: text.text.clone(), signatures: text.signatures.iter().map(one).collect() }
}
