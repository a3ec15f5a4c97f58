//! What only one resource of the cluster can have: an address, a disk.
//!
//! Two groups with one address would be exclusive each by itself, and together not at all.

use crate::findings::Findings;
use crate::place::Span;
use crate::read::{PlacedGroup, PlacedResource};
use model::desired::Value;
use model::{AbsolutePath, Network};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Address(IpAddr),
    Device(AbsolutePath),
}

pub(super) fn check(groups: &[PlacedGroup], findings: &mut Findings<'_>) {
    let mut first_of: BTreeMap<Claim, (String, Span)> = BTreeMap::new();
    for group in groups {
        for resource in &group.resources {
            let Some((claim, span)) = claim(resource) else { continue };
            let name = resource.name.as_ref().map_or("?", |name| name.value.as_str());
            let holder = format!("resource `{name}` of {}", group.what());
            match first_of.entry(claim) {
                Entry::Vacant(vacant) => {
                    vacant.insert((holder, span));
                }
                Entry::Occupied(first) => {
                    let what = match first.key() {
                        Claim::Address(address) => format!("address {address}"),
                        Claim::Device(device) => format!("disk {device}"),
                    };
                    let (other, place) = first.get();
                    let line = findings.line(place);
                    let message = format!("{holder} has the {what}, which {other} (line {line}) has already");
                    findings.error(&span, message);
                }
            }
        }
    }
}

fn claim(resource: &PlacedResource) -> Option<(Claim, Span)> {
    let kind = &resource.spec.as_ref()?.kind;
    let (key, is_address) = match kind.as_str() {
        "ip-address" => ("address", true),
        "ocf:heartbeat:IPaddr2" => ("ip", true),
        "physical-disk" => ("device", false),
        _ => return None,
    };
    let (_, value) = resource.parameters.iter().find(|(name, _)| name == key)?;
    let Value::Text(text) = &value.value else { return None };
    let claim = if is_address {
        let address = text.parse().or_else(|_| text.parse::<Network>().map(|network| network.address));
        Claim::Address(address.ok()?)
    } else {
        Claim::Device(text.parse().ok()?)
    };
    Some((claim, value.span.clone()))
}
