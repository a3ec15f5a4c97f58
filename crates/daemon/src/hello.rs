//! Saying hello: a daemon that has started claims its identity from its peers, and asks to be
//! introduced to those who do not know it yet.

use crate::clock;
use crate::node::Node;
use crate::node::own::Own;
use crate::peer::book::Holder;
use crate::peer::links::CallError;
use crate::peer::paths;
use crate::peer::transport::told_evicted;
use api::ProblemKind;
use membership::incarnation::Claim;
use model::stored::{Hello, HelloAnswer, MemberHint, PROTOCOL, ProtocolRange, SoftwareVersion};
use model::{NodeId, NodeName};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a peer may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// Between two rounds of greetings while somebody has not answered well.
const AGAIN: Duration = Duration::from_millis(500);

/// Between two rounds once everybody has: peers that restart forget who greeted them.
const CALM: Duration = Duration::from_secs(5);

/// Greets all members, for ever.
pub(crate) async fn greet(node: Arc<Node>) {
    let mut told_versions = BTreeMap::new();
    let mut identities = node.identity.subscribe();
    loop {
        if node.id().is_none() || matches!(*node.own.borrow(), Own::Evicted { .. }) {
            let _ = identities.changed().await;
            continue;
        }
        let mut well = true;
        let mut welcomed = false;
        for member in node.others() {
            match greet_one(&node, &member, &mut told_versions).await {
                Greeting::Welcome => welcomed = true,
                Greeting::NotYet => well = false,
                Greeting::Absent => {}
            }
        }
        if welcomed && well {
            node.own.send_if_modified(|own| {
                let over = matches!(own, Own::Duplicate { .. } | Own::Incompatible { .. });
                if over {
                    *own = Own::Clear;
                }
                over
            });
        }
        tokio::select! {
            () = tokio::time::sleep(if well { CALM } else { AGAIN }) => {}
            _ = identities.changed() => {}
            () = node.greeting_wanted.notified() => {}
        }
    }
}

enum Greeting {
    Welcome,
    NotYet,
    Absent,
}

async fn greet_one(
    node: &Node,
    member: &MemberHint,
    told: &mut BTreeMap<NodeId, SoftwareVersion>,
) -> Greeting {
    let Some(id) = node.id() else { return Greeting::Absent };
    let hello = Hello {
        node: id,
        incarnation: node.incarnation(),
        history: node.lives.clone(),
        endpoints: node.config.endpoints.clone(),
        protocol: PROTOCOL,
        software: SoftwareVersion::current(),
    };
    let answer = node.call_json::<HelloAnswer>(member.id, paths::HELLO, &hello, LIMIT).await;
    match answer {
        Ok(HelloAnswer::Welcome { software, .. }) => {
            if software != SoftwareVersion::current() && told.get(&member.id) != Some(&software) {
                differs(node, &member.name, &software);
                told.insert(member.id, software);
            }
            Greeting::Welcome
        }
        Ok(HelloAnswer::Contested) => Greeting::NotYet,
        Ok(HelloAnswer::Duplicate { first, seen_at }) => {
            let text = format!("another daemon with this node's identity is alive, last heard {seen_at}");
            refused_here(node, id, &member.name, Some(first), seen_at, &text);
            Greeting::NotYet
        }
        Ok(HelloAnswer::Stale) => {
            let text = "this data directory is an older copy: the cluster knows a later life of this node \
                        that the directory never had (was it restored from a backup, or cloned?)";
            refused_here(node, id, &member.name, None, "its later life".to_owned(), text);
            Greeting::NotYet
        }
        Ok(HelloAnswer::Incompatible { protocol, software }) => {
            incompatible_here(node, id, &member.name, protocol, &software);
            Greeting::NotYet
        }
        Err(CallError::Refused(problem)) if problem.kind == ProblemKind::Evicted => {
            told_evicted(node, id, member.id, &problem.message);
            Greeting::NotYet
        }
        Err(CallError::Refused(_)) => Greeting::NotYet,
        Err(_) => Greeting::Absent,
    }
}

fn differs(node: &Node, other: &NodeName, theirs: &SoftwareVersion) {
    let ours = SoftwareVersion::current();
    node.log.raise(events::VersionDiffers { node: other.clone(), theirs: theirs.clone(), ours });
}

fn refused_here(
    node: &Node,
    asked_as: NodeId,
    told_by: &NodeName,
    first: Option<model::Incarnation>,
    seen_at: String,
    text: &str,
) {
    let found = Own::Duplicate { told_by: told_by.clone(), first, text: text.to_owned() };
    if node.find_of(asked_as, found, |own| matches!(own, Own::Duplicate { .. } | Own::Evicted { .. })) {
        node.log.raise(events::DuplicateIdentityHere { told_by: told_by.clone(), seen_at });
        node.engine_wanted.notify_one();
    }
}

fn incompatible_here(
    node: &Node,
    asked_as: NodeId,
    told_by: &NodeName,
    theirs: ProtocolRange,
    software: &SoftwareVersion,
) {
    let found = Own::Incompatible { told_by: told_by.clone(), theirs, software: software.to_string() };
    if node.find_of(asked_as, found, |own| *own != Own::Clear) {
        node.log.raise(events::VersionIncompatible {
            node: told_by.clone(),
            software: software.clone(),
            theirs: theirs.to_string(),
            ours: PROTOCOL.to_string(),
        });
        node.engine_wanted.notify_one();
    }
}

/// A peer says hello; this is our answer.
pub(crate) fn answer(node: &Node, from: IpAddr, name: &NodeName, hello: &Hello) -> HelloAnswer {
    let ours = SoftwareVersion::current();
    if PROTOCOL.common(hello.protocol).is_none() {
        if told_now(hello.node, &format!("incompatible {}", hello.software)) {
            node.log.raise(events::VersionIncompatible {
                node: name.clone(),
                software: hello.software.clone(),
                theirs: hello.protocol.to_string(),
                ours: PROTOCOL.to_string(),
            });
        }
        return HelloAnswer::Incompatible { protocol: PROTOCOL, software: ours };
    }
    let accepted = node.state().nodes.get(&hello.node).and_then(|record| record.incarnation);
    if accepted.is_some_and(|accepted| !hello.history.contains(&accepted)) {
        if told_now(hello.node, &format!("stale {}", hello.incarnation))
            && let Some(first) = accepted
        {
            duplicate(node, from, name, first, hello.incarnation);
        }
        return HelloAnswer::Stale;
    }
    let now = clock::moment();
    match node.incarnations(|lives| lives.claim(now, hello.node, hello.incarnation)) {
        Claim::Accepted => {
            node.book.serves_at(hello.node, &hello.endpoints);
            node.follow_members();
            if hello.software != ours && told_now(hello.node, &format!("version {}", hello.software)) {
                differs(node, name, &hello.software);
            }
            HelloAnswer::Welcome { protocol: PROTOCOL, software: ours }
        }
        Claim::Contested { .. } => HelloAnswer::Contested,
        Claim::Duplicate { first } => {
            if told_now(hello.node, &format!("duplicate {}", hello.incarnation)) {
                duplicate(node, from, name, first, hello.incarnation);
            }
            let ago = node.last_seen(hello.node).unwrap_or_default();
            let at = node.book.endpoints(hello.node);
            let at = at.first().map(ToString::to_string).unwrap_or_default();
            HelloAnswer::Duplicate { first, seen_at: format!("{} ms ago, a member at {at}", ago.as_millis()) }
        }
    }
}

fn duplicate(
    node: &Node,
    from: IpAddr,
    name: &NodeName,
    first: model::Incarnation,
    second: model::Incarnation,
) {
    node.log.raise(events::DuplicateIdentity { node: name.clone(), first, second, from: from.to_string() });
}

/// Whether this is said for the first time of this node. A greeting is repeated every second.
fn told_now(node: NodeId, what: &str) -> bool {
    static TOLD: LazyLock<Mutex<BTreeMap<NodeId, BTreeSet<String>>>> = LazyLock::new(Mutex::default);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let said = told.entry(node).or_default();
    if said.len() > 64 {
        said.clear();
    }
    said.insert(what.to_owned())
}

/// Somebody shows a certificate that is not in the book: the members that are, are asked.
/// At most once a second; the caller is refused meanwhile and comes again.
pub(crate) fn introduce(node: &Arc<Node>, certificate: &str, from: IpAddr) {
    static ASKED: Mutex<Option<Instant>> = Mutex::new(None);
    {
        let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_some_and(|at| at.elapsed() < Duration::from_secs(1)) {
            return;
        }
        *asked = Some(Instant::now());
    }
    let (node, certificate) = (node.clone(), certificate.to_owned());
    tokio::spawn(async move {
        let mut silent = true;
        for member in node.others() {
            let known = node.call_json::<Vec<MemberHint>>(member.id, paths::MEMBERS, &(), LIMIT).await;
            if let Ok(members) = known {
                silent = false;
                node.book.introduce(members);
            }
        }
        node.follow_members();
        if node.book.holder(&certificate) == Holder::Unknown && !silent {
            static TOLD: LazyLock<crate::rate::PerSource> = LazyLock::new(Default::default);
            if TOLD.count(from).is_some() {
                let reason = "it was made by this cluster's authority, but no member has it".to_owned();
                let (from, fingerprint) = (from.to_string(), Some(certificate));
                node.log.raise(events::UnknownCertificateRefused { from, fingerprint, reason });
            }
        }
    });
}
