//! `network-name`: a name in DNS that points to the group's address.
//!
//! When it comes online, one signed update (RFC 2136, RFC 8945) to the zone's primary server replaces
//! whatever addresses of that kind the name had, and the server is asked until it says so. One resource is
//! one address: for IPv4 and IPv6 there are two resources, whose records are in nobody's way.
//!
//! * **The record stays when it goes offline**, as in Windows. The node that takes over publishes the same
//!   address, so there is nothing to correct; and a node that comes too late would take away what another
//!   has just published: no condition of an update can tell the two apart.
//! * **So what DNS says does not tell where the group runs**: it says the same to all nodes. Online it is
//!   where a file says that it was published from here *and* the address is on an interface here. The file
//!   is for the successor of this monitor; the address is for a node that was away meanwhile.
//! * **A server that does not answer is not a failed name.** The record is in other servers and in the
//!   caches of clients; moving the group away would not bring the server back, and would end what still
//!   serves. A look says that it could not be taken, and that is all. Failed is a name that the server says
//!   points elsewhere, in an answer that it signed.
//!
//! Deliberately absent: unsigned updates, GSS-TSIG, and records for the way back (PTR), which lie in
//! another zone and mostly on another server.

mod exchange;
mod key;
mod message;

use super::given;
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use domain::base::Ttl;
use domain::base::iana::{Rcode, Rtype};
use exchange::{Server, Unanswered};
use message::{DnsName, Replacement};
use resource_api::{Failure, Instance, Kind, Outcome, TypeDescription, Verb};
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long resolvers may keep it. The address moves with the group, so a record is seldom wrong; a minute
/// is how long clients are sent astray after the address itself was changed, and costs a busy name one
/// question a minute from each resolver.
const TTL: Duration = Duration::from_secs(60);

/// Of a deadline, what is kept back for the answer.
const RESERVE: Duration = Duration::from_secs(1);

/// A look is not worth more waiting: it fails nothing if no answer comes.
const LOOK: Duration = Duration::from_secs(2);

/// From one question whether the server shows it to the next. Most do so at once.
const SHOWN_INTERVAL: Duration = Duration::from_millis(100);

pub(super) struct NetworkName;

impl ResourceType for NetworkName {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        use given::{or, parameter, required};
        let parameters = vec![
            required(parameter("host_name", Kind::Text, "The full name.")),
            required(parameter("address", Kind::Text, "What it points to; an address of the same group.")),
            required(parameter(
                "server",
                Kind::Text,
                "The DNS server that takes updates: the zone's primary.",
            )),
            required(parameter("key_file", Kind::Text, "The key for it, as tsig-keygen writes it.")),
            or("as the server says", parameter("zone", Kind::Text, "The zone that the name is in.")),
            or("60s", parameter("ttl", Kind::Duration, "How long resolvers may keep it.")),
        ];
        let summary = "A name in DNS that points to the group's address.";
        let description = given::described("network-name", summary, parameters);
        Box::pin(async move { Ok(description) })
    }

    fn open(&self, instance: &Instance, world: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        let name = |parameter: &str, text: &str| -> Result<DnsName, Outcome> {
            text.parse().map_err(|_| given::wrong(parameter, "is no name as DNS has them"))
        };
        let host_name = given::needed(instance, "host_name")?;
        let address = given::needed(instance, "address")?.parse();
        let server = given::needed(instance, "server")?.parse();
        let ttl = given::duration(instance, "ttl", TTL)?.as_secs();
        Ok(Arc::new(Published {
            host_name: host_name.to_owned(),
            name: name("host_name", host_name)?,
            address: address.map_err(|_| given::wrong("address", "is no address, such as \"10.0.0.100\""))?,
            server: server
                .map_err(|_| given::wrong("server", "is no address with a port, such as \"10.0.0.53:53\""))?,
            key_file: given::needed(instance, "key_file")?.into(),
            zone: given::text(instance, "zone")?.map(|text| name("zone", text)).transpose()?,
            ttl: Ttl::from_secs(u32::try_from(ttl).map_err(|_| given::wrong("ttl", "is too long"))?),
            file: world.place.run_dir.join("network-name").join(instance.id.file_name()),
        }))
    }
}

struct Published {
    host_name: String,
    name: DnsName,
    address: IpAddr,
    server: SocketAddr,
    key_file: PathBuf,
    zone: Option<DnsName>,
    ttl: Ttl,
    /// Is there while it is online from this node.
    file: PathBuf,
}

impl Published {
    async fn do_it(&self, request: &Request) -> Result<Outcome, Outcome> {
        let until = Instant::now() + request.deadline.saturating_sub(RESERVE.min(request.deadline / 2));
        match request.verb {
            Verb::Validate => self.server().map(|_| Outcome::done()),
            Verb::LooksAlive => self.is_here(),
            Verb::Probe | Verb::IsAlive => match self.is_here()? {
                here if here.is_good() => self.is_shown(until.min(Instant::now() + LOOK)).await,
                other => Ok(other),
            },
            Verb::Online => self.online(until).await,
            Verb::Offline | Verb::Terminate => match fs::remove_file(&self.file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(failed(format!("cannot remove {}: {error}", self.file.display())))
                }
                _ => Ok(Outcome::done()),
            },
            other => Ok(unimplemented(other)),
        }
    }

    /// What this node knows by itself.
    fn is_here(&self) -> Result<Outcome, Outcome> {
        if !self.file.exists() {
            return Ok(Outcome::not_running());
        }
        match self.has_address()? {
            true => Ok(Outcome::running()),
            false => Ok(Outcome {
                text: format!("{} is not on this node", self.address),
                ..Outcome::not_running()
            }),
        }
    }

    fn has_address(&self) -> Result<bool, Outcome> {
        let interfaces = nix::ifaddrs::getifaddrs()
            .map_err(|error| failed(format!("cannot ask the kernel for its addresses: {error}")))?;
        Ok(interfaces.filter_map(|one| one.address).any(|found| match self.address {
            IpAddr::V4(address) => found.as_sockaddr_in().is_some_and(|found| found.ip() == address),
            IpAddr::V6(address) => found.as_sockaddr_in6().is_some_and(|found| found.ip() == address),
        }))
    }

    fn server(&self) -> Result<Server, Outcome> {
        let key = key::read(&self.key_file);
        let key = key.map_err(|error| Outcome::failed(Failure::Arguments, format!("`key_file`: {error}")))?;
        Ok(Server { address: self.server, key })
    }

    /// What the server says, if it says anything to be believed.
    async fn is_shown(&self, until: Instant) -> Result<Outcome, Outcome> {
        let asked = async {
            self.shown(&self.server().map_err(|why| why.text)?, until).await.map_err(|why| why.to_string())
        };
        match asked.await {
            Ok(found) if self.is_right(&found) => Ok(Outcome::running()),
            Ok(found) => Err(failed(self.points_elsewhere(&found))),
            Err(why) => {
                tracing::warn!(name = %self.host_name, %why, "a name in DNS cannot be looked at");
                Ok(Outcome { text: format!("what DNS says is not known: {why}"), ..Outcome::running() })
            }
        }
    }

    async fn online(&self, until: Instant) -> Result<Outcome, Outcome> {
        if !self.has_address()? {
            let text = format!(
                "{} is not on this node; let the name depend on the `ip-address` resource that brings it",
                self.address
            );
            return Err(failed(text));
        }
        let server = self.server()?;
        let zone = self.find_zone(&server, until).await?;
        let replacement = Replacement { zone: &zone, name: &self.name, address: self.address, ttl: self.ttl };
        let answer = server.ask(|id| replacement.message(id), until).await.map_err(|why| unanswered(&why))?;
        let code = answer.header().rcode();
        if code != Rcode::NOERROR {
            return Err(failed(self.refused(code, &zone, &server)));
        }
        loop {
            let found = self.shown(&server, until).await.map_err(|why| unanswered(&why))?;
            if self.is_right(&found) {
                break;
            }
            if Instant::now() + SHOWN_INTERVAL >= until {
                let what = self.points_elsewhere(&found);
                return Err(failed(format!("{what}, although it took the update for the zone {zone}")));
            }
            sleep(SHOWN_INTERVAL).await;
        }
        let made = self.file.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&self.file, format!("{} {}\n", self.host_name, self.address)))
            .map_err(|error| failed(format!("cannot write {}: {error}", self.file.display())))?;
        Ok(Outcome::done())
    }

    async fn find_zone(&self, server: &Server, until: Instant) -> Result<DnsName, Outcome> {
        if let Some(zone) = &self.zone {
            return Ok(zone.clone());
        }
        let answer = server.ask(|id| message::question(id, &self.name, Rtype::SOA), until);
        let answer = answer.await.map_err(|why| unanswered(&why))?;
        message::zone(&answer).ok_or_else(|| {
            let code = answer.header().rcode();
            failed(format!(
                "{} does not say which zone {} is in ({code}); set `zone`, or let the zone's primary be the `server`",
                self.server, self.host_name
            ))
        })
    }

    /// The addresses that the server has for the name, or what it is an alias of.
    async fn shown(
        &self,
        server: &Server,
        until: Instant,
    ) -> Result<Result<Vec<IpAddr>, String>, Unanswered> {
        let rtype = message::rtype(self.address);
        let answer = server.ask(|id| message::question(id, &self.name, rtype), until).await?;
        match answer.header().rcode() {
            Rcode::NOERROR | Rcode::NXDOMAIN => Ok(message::addresses(&answer)),
            // It was asked in a way that it should understand: what ails it is no word on the name.
            code => Err(Unanswered::Refused { server: self.server, code: code.to_string() }),
        }
    }

    fn is_right(&self, found: &Result<Vec<IpAddr>, String>) -> bool {
        found.as_ref().is_ok_and(|found| *found == [self.address])
    }

    fn points_elsewhere(&self, found: &Result<Vec<IpAddr>, String>) -> String {
        let there = match found {
            Ok(none) if none.is_empty() => "has no address".to_owned(),
            Ok(others) => {
                let others: Vec<String> = others.iter().map(IpAddr::to_string).collect();
                format!("points to {}", others.join(", "))
            }
            Err(alias) => format!("is an alias of {alias}"),
        };
        format!("{} says that {} {there}, and not to {} alone", self.server, self.host_name, self.address)
    }

    /// What an answer to an update means, and what is to be done.
    fn refused(&self, code: Rcode, zone: &DnsName, server: &Server) -> String {
        let (at, name, key) = (self.server, &self.host_name, server.key.name());
        let rtype = message::rtype(self.address);
        match code {
            Rcode::REFUSED => format!(
                "{at} refuses it (REFUSED): the key `{key}` may not change {name}. In its zone `{zone}`: \
                 `update-policy {{ grant {key} name {name} {rtype}; }};`, then `rndc reconfig`"
            ),
            Rcode::NOTAUTH => format!(
                "{at} is not the primary of the zone {zone} (NOTAUTH); `dig @{} -p {} {zone} SOA` names it",
                at.ip(),
                at.port()
            ),
            Rcode::NOTZONE => {
                format!("{name} is not in the zone {zone} (NOTZONE); leave out `zone` to have it found")
            }
            Rcode::YXRRSET => format!(
                "{name} is an alias (CNAME), which cannot have an address beside it; remove that record, or use \
                 another `host_name`"
            ),
            Rcode::SERVFAIL => format!(
                "{at} could not do it (SERVFAIL): most often it may not write the folder of the zone {zone}; its \
                 log says why: `journalctl -u named`"
            ),
            Rcode::NOTIMP => format!("{at} knows no updates (NOTIMP); `server` has to be the zone's primary"),
            other => format!("{at} answers the update of {name} with {other}; its log says why"),
        }
    }
}

impl Resource for Published {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move { self.do_it(&request).await.unwrap_or_else(|why| why) })
    }
}

fn failed(text: String) -> Outcome {
    Outcome::failed(Failure::Generic, text)
}

fn unanswered(why: &Unanswered) -> Outcome {
    failed(why.to_string())
}
