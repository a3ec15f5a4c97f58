//! Who the members are: names, addresses, and the one certificate of each.
//!
//! A chain to the cluster's authority proves only that some member once made the certificate, so
//! each request is held against this book. Three cases need thought:
//!
//! * A certificate of an *evicted* node is refused for ever, and told so, that it can stop.
//! * A node that was away does not know members that joined meanwhile, one of which may lead now
//!   and be the only one who could tell it. Such a certificate is *unknown*: the node asks the
//!   members it does know; if one of them lists it, it is *introduced* and may speak.
//! * A joining node has no database yet; it starts from the list that came with its admission.
//!
//! And a member may *move*: it comes back at other addresses, says so when it greets, and can write
//! them into the database only once it is reached there.

use model::stored::{ClusterState, MemberHint};
use model::{Endpoint, NodeId, NodeName};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Whose certificate it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A member's.
    Member(NodeId, NodeName),
    /// A former member's.
    Evicted(NodeName),
    /// Nobody's that this node knows.
    Unknown,
}

#[derive(Debug, Default)]
struct Pages {
    members: BTreeMap<NodeId, MemberHint>,
    introduced: BTreeMap<NodeId, MemberHint>,
    evicted: BTreeMap<String, NodeName>,
    moved: BTreeMap<NodeId, Move>,
}

/// A member serves elsewhere than where it is listed.
#[derive(Debug)]
struct Move {
    from: Vec<Endpoint>,
    to: Vec<Endpoint>,
}

impl Pages {
    fn all(&self) -> impl Iterator<Item = &MemberHint> {
        self.members.values().chain(self.introduced.values())
    }

    /// The member as it is to be met.
    fn now(&self, listed: &MemberHint) -> MemberHint {
        let moved = self.moved.get(&listed.id).filter(|moved| moved.from == listed.endpoints);
        let endpoints = moved.map_or(&listed.endpoints, |moved| &moved.to).clone();
        MemberHint { endpoints, ..listed.clone() }
    }
}

/// The members, shared.
#[derive(Debug, Clone, Default)]
pub struct Book(Arc<RwLock<Pages>>);

impl Book {
    fn read(&self) -> RwLockReadGuard<'_, Pages> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Pages> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with what the admission said.
    pub fn begin(&self, members: &[MemberHint]) {
        let members = members.iter().map(|member| (member.id, member.clone())).collect();
        *self.write() = Pages { members, ..Pages::default() };
    }

    /// Follows the cluster database. A state that has not even formed says nothing.
    pub fn follow(&self, state: &ClusterState) {
        if state.cluster.is_none() {
            return;
        }
        let mut pages = self.write();
        let known_until = state.last_node;
        pages.members = members_of(state).into_iter().map(|member| (member.id, member)).collect();
        // Who was introduced and is within what the database knows now is a member or evicted.
        pages.introduced.retain(|id, _| *id > known_until);
        let Pages { members, moved, .. } = &mut *pages;
        moved.retain(|id, moved| members.get(id).is_some_and(|listed| listed.endpoints == moved.from));
        pages.evicted =
            state.evicted.values().map(|gone| (gone.certificate.clone(), gone.name.clone())).collect();
    }

    /// A known member vouches for these.
    pub fn introduce(&self, members: Vec<MemberHint>) {
        let mut pages = self.write();
        for member in members {
            if !pages.members.contains_key(&member.id) && !pages.evicted.contains_key(&member.certificate) {
                pages.introduced.insert(member.id, member);
            }
        }
    }

    /// A member, whose life is accepted, says where it serves. What the database says next of it
    /// counts more.
    pub fn serves_at(&self, id: NodeId, endpoints: &[Endpoint]) {
        let mut pages = self.write();
        let Some(listed) = pages.members.get(&id).or_else(|| pages.introduced.get(&id)) else { return };
        let moved = Move { from: listed.endpoints.clone(), to: endpoints.to_vec() };
        if moved.from == moved.to || moved.to.is_empty() {
            pages.moved.remove(&id);
        } else {
            pages.moved.insert(id, moved);
        }
    }

    /// Whose certificate has this fingerprint.
    #[must_use]
    pub fn holder(&self, fingerprint: &str) -> Holder {
        let pages = self.read();
        if let Some(name) = pages.evicted.get(fingerprint) {
            return Holder::Evicted(name.clone());
        }
        pages
            .all()
            .find(|member| member.certificate == fingerprint)
            .map_or(Holder::Unknown, |member| Holder::Member(member.id, member.name.clone()))
    }

    /// A member, introduced ones included.
    #[must_use]
    pub fn member(&self, id: NodeId) -> Option<MemberHint> {
        let pages = self.read();
        let listed = pages.members.get(&id).or_else(|| pages.introduced.get(&id))?;
        Some(pages.now(listed))
    }

    /// All members, introduced ones included.
    #[must_use]
    pub fn members(&self) -> Vec<MemberHint> {
        let pages = self.read();
        pages.all().map(|listed| pages.now(listed)).collect()
    }

    /// A member's name, or its number where the name is not known.
    #[must_use]
    pub fn name(&self, id: NodeId) -> String {
        self.member(id).map_or_else(|| format!("node number {id}"), |member| member.name.to_string())
    }

    /// Where a member serves.
    #[must_use]
    pub fn endpoints(&self, id: NodeId) -> Vec<Endpoint> {
        self.member(id).map(|member| member.endpoints).unwrap_or_default()
    }
}

/// The members that a state lists.
#[must_use]
pub(crate) fn members_of(state: &ClusterState) -> Vec<MemberHint> {
    let hint = |(id, node): (&NodeId, &model::stored::NodeRecord)| MemberHint {
        id: *id,
        name: node.name.clone(),
        endpoints: node.endpoints.clone(),
        certificate: node.certificate.clone(),
    };
    state.nodes.iter().map(hint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(id: u64, certificate: &str) -> MemberHint {
        MemberHint {
            id: NodeId(id),
            name: NodeName::new(format!("n{id}")).unwrap(),
            endpoints: vec!["10.0.0.1:7400".parse().unwrap()],
            certificate: certificate.to_owned(),
        }
    }

    #[test]
    fn a_member_that_has_moved_is_met_where_it_says() {
        let book = Book::default();
        book.begin(&[hint(1, "aa"), hint(2, "bb")]);
        let elsewhere: Vec<Endpoint> = vec!["10.0.0.9:7400".parse().unwrap()];
        book.serves_at(NodeId(2), &elsewhere);
        assert_eq!(book.endpoints(NodeId(2)), elsewhere);
        assert_eq!(book.members()[1].endpoints, elsewhere);
        assert_eq!(book.endpoints(NodeId(1)), hint(1, "aa").endpoints, "nobody else has moved");
        book.serves_at(NodeId(2), &hint(2, "bb").endpoints);
        assert_eq!(book.endpoints(NodeId(2)), hint(2, "bb").endpoints, "and back");
        book.serves_at(NodeId(9), &elsewhere);
        assert!(book.member(NodeId(9)).is_none());
    }

    #[test]
    fn an_introduced_member_may_speak_until_the_database_knows_better() {
        let book = Book::default();
        book.begin(&[hint(1, "aa")]);
        assert_eq!(book.holder("bb"), Holder::Unknown);
        book.introduce(vec![hint(1, "zz"), hint(2, "bb")]);
        assert_eq!(book.holder("zz"), Holder::Unknown, "nobody replaces a known member's certificate");
        assert_eq!(book.holder("bb"), Holder::Member(NodeId(2), NodeName::new("n2").unwrap()));
    }
}
