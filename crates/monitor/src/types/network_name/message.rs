//! The messages: what is asked of a DNS server, and what its answers say.

use domain::base::iana::{Class, Opcode, Rtype};
use domain::base::message_builder::{AdditionalBuilder, PushError};
use domain::base::rdata::UnknownRecordData;
use domain::base::{Message, MessageBuilder, Name, ToName, Ttl};
use domain::rdata::{A, Aaaa, Cname, Soa};
use std::net::IpAddr;

/// A name, as DNS has it.
pub(super) type DnsName = Name<Vec<u8>>;

/// A message that is still to be signed.
pub(super) type Unsigned = AdditionalBuilder<Vec<u8>>;

/// An answer.
pub(super) type Answer = Message<Vec<u8>>;

/// The type of record that holds such an address.
pub(super) fn rtype(address: IpAddr) -> Rtype {
    match address {
        IpAddr::V4(_) => Rtype::A,
        IpAddr::V6(_) => Rtype::AAAA,
    }
}

/// What the server has under this name.
pub(super) fn question(id: u16, name: &DnsName, rtype: Rtype) -> Result<Unsigned, PushError> {
    let mut message = MessageBuilder::new_vec();
    message.header_mut().set_id(id);
    let mut message = message.question();
    message.push((name, rtype, Class::IN))?;
    Ok(message.additional())
}

/// What a name is to point to from now on.
pub(super) struct Replacement<'a> {
    pub(super) zone: &'a DnsName,
    pub(super) name: &'a DnsName,
    pub(super) address: IpAddr,
    pub(super) ttl: Ttl,
}

impl Replacement<'_> {
    /// All records of the name that hold such addresses are taken away, and this one is put in their
    /// place: both, or nothing. Where the name is an alias, nothing: a server would leave out the new
    /// record without a word.
    pub(super) fn message(&self, id: u16) -> Result<Unsigned, PushError> {
        let nothing =
            |rtype| UnknownRecordData::from_octets(rtype, [0_u8; 0]).map_err(|_| PushError::ShortBuf);
        let mut message = MessageBuilder::new_vec();
        message.header_mut().set_id(id);
        message.header_mut().set_opcode(Opcode::UPDATE);
        let mut zone = message.question();
        zone.push((self.zone, Rtype::SOA, Class::IN))?;
        let mut prerequisites = zone.answer();
        prerequisites.push((self.name, Class::NONE, Ttl::ZERO, nothing(Rtype::CNAME)?))?;
        let mut updates = prerequisites.authority();
        updates.push((self.name, Class::ANY, Ttl::ZERO, nothing(rtype(self.address))?))?;
        match self.address {
            IpAddr::V4(address) => updates.push((self.name, Class::IN, self.ttl, A::new(address)))?,
            IpAddr::V6(address) => updates.push((self.name, Class::IN, self.ttl, Aaaa::new(address)))?,
        }
        Ok(updates.additional())
    }
}

/// The zone that a name is in, from the answer to the question for its SOA record.
pub(super) fn zone(answer: &Answer) -> Option<DnsName> {
    // Of the zone's own name it is the answer, of any other it stands beside the word that there is none.
    [answer.answer(), answer.authority()].into_iter().flatten().find_map(|section| {
        let soa = section.limit_to::<Soa<_>>().flatten().next()?;
        Some(soa.owner().to_name())
    })
}

/// The addresses that a name has, in order; or the name that it is an alias of.
pub(super) fn addresses(answer: &Answer) -> Result<Vec<IpAddr>, String> {
    let Ok(section) = answer.answer() else { return Ok(Vec::new()) };
    if let Some(alias) = section.limit_to::<Cname<_>>().flatten().next() {
        return Err(alias.data().cname().to_string());
    }
    let v4 = section.limit_to::<A>().flatten().map(|record| IpAddr::V4(record.data().addr()));
    let v6 = section.limit_to::<Aaaa>().flatten().map(|record| IpAddr::V6(record.data().addr()));
    let mut found: Vec<IpAddr> = v4.chain(v6).collect();
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_is_one_message_with_its_condition() {
        let (zone, name) = ("example.org".parse().unwrap(), "db.example.org".parse().unwrap());
        let (address, ttl) = ("fd00::1".parse().unwrap(), Ttl::from_secs(60));
        let replacement = Replacement { zone: &zone, name: &name, address, ttl };
        let message = replacement.message(7).unwrap().into_message();
        let header = message.header();
        assert_eq!((header.id(), header.opcode(), header.qr()), (7, Opcode::UPDATE, false));
        let counts = message.header_counts();
        assert_eq!((counts.zocount(), counts.prcount(), counts.upcount()), (1, 1, 2));
        assert_eq!(message.sole_question().unwrap().qname().to_string(), "example.org");
        let classes: Vec<_> = message.authority().unwrap().flatten().map(|record| record.class()).collect();
        assert_eq!(classes, [Class::ANY, Class::IN]);
        let condition = message.answer().unwrap().flatten().next().unwrap();
        assert_eq!((condition.class(), condition.rtype()), (Class::NONE, Rtype::CNAME));
    }

    #[test]
    fn an_answer_that_is_not_whole_holds_nothing() {
        // A header that promises records, and none of them.
        let mut bytes = vec![0_u8; 12];
        bytes[7] = 3;
        let answer = Answer::from_octets(bytes).unwrap();
        assert_eq!((addresses(&answer), zone(&answer)), (Ok(Vec::new()), None));
    }
}
