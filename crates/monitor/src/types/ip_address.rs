//! `ip-address`: an address that clients use, on the node that owns the group.
//!
//! * The address is on an interface, or not: the kernel is asked each time, nothing is remembered.
//! * Before it is added, the network is asked whether somebody else has it (`probe.rs`); after that the
//!   network is told that we have it (`announce.rs`).
//! * That it was taken away, or its interface set down, is noticed at once: the kernel says so
//!   (`netlink.rs`, in the bytes of `message.rs`).
//!
//! Arguments of `online`: `skip-probe=true` does not ask the network, after an orderly release by the
//! former owner; `members` holds hardware addresses, with commas between, whose answers are no conflict.
//!
//! Taking the address away means every copy of it on this node, unless an interface is set: a node
//! answers for an address on all its interfaces, wherever it is configured.
//!
//! Deliberately absent: the gate that closes by itself when the right to the address ends, and a
//! lifetime of the address: both belong to grants.

mod announce;
mod frames;
mod interfaces;
mod message;
mod netlink;
mod probe;
mod wire;

use super::given::{self, or, parameter, required};
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use announce::{Announcing, announce};
use frames::Mac;
use interfaces::{choose, show, works};
use message::{Held, Link, Message};
use model::address::Network;
use netlink::{Netlink, Notices};
use probe::Holder;
use resource_api::{Failure, Instance, Kind, Outcome, Parameter, TypeDescription, Verb};
use rustix::io::Errno;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct IpAddress;

impl ResourceType for IpAddress {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        let address =
            parameter("address", Kind::Text, "The address, with the length of its network's prefix.");
        let interface = parameter("interface", Kind::Text, "The network interface that carries it.");
        let parameters = vec![
            Parameter { unique: true, ..required(address) },
            or("the one with an address of the same network", interface),
        ];
        let summary = "An address that clients use, on the node that owns the group.";
        let described = given::described("ip-address", summary, parameters);
        Box::pin(async move { Ok(described) })
    }

    fn open(&self, instance: &Instance, _: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        let network = given::needed(instance, "address")?.parse();
        let network = network.map_err(|error| given::wrong("address", &format!("is wrong: {error}")))?;
        let interface = given::text(instance, "interface")?.map(str::to_owned);
        Ok(Arc::new(Address { network, interface, announcing: Mutex::new(None) }))
    }
}

struct Address {
    network: Network,
    interface: Option<String>,
    announcing: Mutex<Option<Announcing>>,
}

/// What the kernel says of interfaces and addresses now.
struct Sight {
    netlink: Netlink,
    links: Vec<Link>,
    addresses: Vec<Held>,
}

impl Address {
    fn look(&self) -> Result<Sight, Outcome> {
        let look = || -> io::Result<Sight> {
            let mut netlink = Netlink::open()?;
            let (links, addresses) = (netlink.links()?, netlink.addresses(self.network.address)?);
            Ok(Sight { netlink, links, addresses })
        };
        look().map_err(|error| failed("ask the kernel for interfaces and addresses", &error))
    }

    /// Where the address is, on an interface where it may be.
    fn copies<'s>(&'s self, sight: &'s Sight) -> impl Iterator<Item = (&'s Held, &'s Link)> {
        let with_links = sight.addresses.iter().filter_map(|held| {
            let link = sight.links.iter().find(|link| link.index == held.index)?;
            Some((held, link))
        });
        with_links.filter(|(held, link)| {
            held.network.address == self.network.address
                && self.interface.as_ref().is_none_or(|wanted| link.is_called(wanted))
        })
    }

    /// Whether it is there, and of use.
    fn state(&self) -> Outcome {
        let sight = match self.look() {
            Ok(sight) => sight,
            Err(outcome) => return outcome,
        };
        let Some((held, link)) = self.copies(&sight).next() else { return Outcome::not_running() };
        let found = format!("{} is on {}", show(&held.network), link.name);
        if held.network.prefix_bits != self.network.prefix_bits {
            let why = format!("{found}, but is to be {}", show(&self.network));
            return Outcome::failed(Failure::Generic, why);
        }
        match works(link) {
            Ok(()) => Outcome::running(),
            Err(why) => Outcome::failed(Failure::Generic, format!("{found}, but {why}")),
        }
    }

    /// Whether it could be brought online here.
    fn validate(&self) -> Outcome {
        let chosen = self.look().and_then(|sight| self.choose(&sight).map(drop));
        chosen.err().unwrap_or_else(Outcome::done)
    }

    fn choose<'s>(&self, sight: &'s Sight) -> Result<&'s Link, Outcome> {
        choose(&self.network, self.interface.as_deref(), &sight.links, &sight.addresses)
            .map_err(|why| Outcome::failed(Failure::Arguments, why))
    }

    async fn online(&self, request: &Request) -> Result<Outcome, Outcome> {
        let mut sight = self.look()?;
        let chosen = self.choose(&sight);
        if let Some((held, link)) = self.copies(&sight).next() {
            // One that is there is kept where it is, unless it would have to be somewhere else.
            let fits = held.network == self.network && !chosen.is_ok_and(|chosen| chosen.index != link.index);
            if !fits {
                let (there, name) = (show(&held.network), &link.name);
                let why = format!("{there} is on {name} already; `ip address del {there} dev {name}`");
                return Err(Outcome::failed(Failure::Arguments, why));
            }
            works(link).map_err(|why| Outcome::failed(Failure::Generic, why))?;
            self.tell(link)?;
            return Ok(Outcome::done());
        }
        let link = chosen?.clone();
        works(&link).map_err(|why| Outcome::failed(Failure::Generic, why))?;
        if request.arguments.get("skip-probe").is_none_or(|skip| skip != "true") {
            self.nobody_else(&link, request).await?;
        }
        keep_the_others(&link);
        let held = Held { index: link.index, network: self.network };
        let what = || format!("add {} to {}", show(&self.network), link.name);
        sight.netlink.add(&held).map_err(|error| failed(&what(), &error))?;
        self.tell(&link)?;
        Ok(Outcome::done())
    }

    /// Asks the network.
    async fn nobody_else(&self, link: &Link, request: &Request) -> Result<(), Outcome> {
        let address = self.network.address;
        let members = request.arguments.get("members").map(String::as_str).unwrap_or_default();
        let members: Vec<Mac> = members.split(',').filter_map(Mac::read).collect();
        let what = || format!("ask on {} who has {address}", link.name);
        match probe::holder(link, address, &members).await.map_err(|error| failed(&what(), &error))? {
            None => Ok(()),
            Some(Holder(mac)) => {
                let who = mac.map_or_else(|| "a host".to_owned(), |mac| mac.to_string());
                let why = format!(
                    "{address} is in use by {who} on the network of {}: a duplicate address. \
                     Take it from that host, or give this resource another one",
                    link.name
                );
                Err(Outcome::failed(Failure::Conflict, why))
            }
        }
    }

    fn tell(&self, link: &Link) -> Result<(), Outcome> {
        let address = self.network.address;
        let what = || format!("announce {address} on {}", link.name);
        let announcing = announce(link, address).map_err(|error| failed(&what(), &error))?;
        *self.announcing.lock().unwrap_or_else(PoisonError::into_inner) = announcing;
        Ok(())
    }

    fn offline(&self) -> Result<Outcome, Outcome> {
        self.announcing.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut sight = self.look()?;
        let copies: Vec<Held> = self.copies(&sight).map(|(held, _)| held.clone()).collect();
        for held in copies {
            let what = || format!("remove {}", show(&held.network));
            sight.netlink.remove(&held).map_err(|error| failed(&what(), &error))?;
        }
        Ok(Outcome::done())
    }

    /// Waits until it is not there any more, or of no use.
    async fn lost(&self) -> io::Result<Outcome> {
        // Listens first, so that nothing happens between the look and the wait.
        let notices = Notices::open()?;
        let mut state = self.state();
        while state.is_good() {
            let of_interest = notices.next().await?.is_none_or(|all| {
                all.iter().any(|said| match said {
                    Message::AddressGone(held) => held.network.address == self.network.address,
                    Message::Link(_) | Message::LinkGone(_) => true,
                    _ => false,
                })
            });
            if of_interest {
                state = self.state();
            }
        }
        Ok(state)
    }
}

/// When the first address of a network goes, the kernel takes the others of that network away too, unless
/// it is told to let the next one step up: an address that is taken offline must not take others with it.
/// Where that cannot be set it matters only if ours is the first one.
fn keep_the_others(link: &Link) {
    let _ = std::fs::write(format!("/proc/sys/net/ipv4/conf/{}/promote_secondaries", link.name), "1");
}

fn failed(what: &str, error: &io::Error) -> Outcome {
    let failure = match Errno::from_io_error(error) {
        Some(Errno::PERM | Errno::ACCESS) => Failure::Permission,
        _ => Failure::Generic,
    };
    Outcome::failed(failure, format!("cannot {what}: {error}"))
}

impl Resource for Address {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move {
            match request.verb {
                Verb::Validate => self.validate(),
                // All that there is to see is cheap to look at.
                Verb::Probe | Verb::LooksAlive | Verb::IsAlive => self.state(),
                Verb::Online => self.online(&request).await.unwrap_or_else(|outcome| outcome),
                Verb::Offline | Verb::Terminate => self.offline().unwrap_or_else(|outcome| outcome),
                other => unimplemented(other),
            }
        })
    }

    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(async move {
            match self.lost().await {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::warn!(address = %self.network.address, %error, "the kernel's notices are not heard");
                    std::future::pending().await
                }
            }
        })
    }
}
